from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from monitoring.models import OneTimePassword

type GetResponse = Callable[[HttpRequest], HttpResponseBase]


class PasswordChangeMiddleware:
    """Leads staff who signed in with a password that was handed out to the page where they choose their own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated or request.path in _open_paths():
            return self.get_response(request)
        if OneTimePassword.objects.filter(user=user).exists():
            return redirect("admin:password_change")
        return self.get_response(request)


def _open_paths() -> frozenset[str]:
    names = ("admin:password_change", "admin:logout", "admin:jsi18n")
    return frozenset(map(reverse, names))
