"""The base of every API call."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.views import APIView

from privacy.parsers import check_body_headers
from privacy.problems import InvalidQuery


class ApiView(APIView):
    """Refuses query keys a call does not take, and bodies that would not be read whole."""

    query_keys: ClassVar[frozenset[str]] = frozenset()
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def token_digest(self) -> bytes:
        """SHA-256 of the bearer token, as the authentication class left it."""
        digest = self.request.auth
        if not isinstance(digest, bytes):
            raise TypeError("this call takes no token")
        return digest

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.META.get("QUERY_STRING") and not all(self._is_known(item) for item in request.GET.lists()):
            raise InvalidQuery
        check_body_headers(request.headers)

    def _is_known(self, item: tuple[str, list[str]]) -> bool:
        key, values = item
        return key in self.query_keys and len(values) == 1


def query_integer(request: Request, key: str, *, low: int, high: int) -> int | None:
    """The whole number at `key` of the query, None if absent; InvalidQuery outside low…high or in any other
    spelling."""
    text = request.GET.get(key)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and str(int(text)) == text):
        raise InvalidQuery
    if not low <= int(text) <= high:
        raise InvalidQuery
    return int(text)
