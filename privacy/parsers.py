"""A JSON parser that takes one meaning or none: what two readers could read differently is refused."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.parsers import BaseParser

from privacy.problems import BodyTooLarge, LengthRequired, MalformedBody, UnsupportedMediaType

MAX_DEPTH = 32


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and infinities are not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)


def _check_depth(value: Any, depth: int = 1) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("too deep")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    for item in value:
        if isinstance(item, dict | list):
            _check_depth(item, depth + 1)


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises ValueError, TypeError or RecursionError for all that is not exactly one."""
    text = body.decode("utf-8")  # strict: overlong forms and encoded surrogates are errors
    value = _decoder.decode(text)
    if not isinstance(value, dict):
        raise TypeError("not an object")
    # The decoder refuses raw control characters and UTF-8 has no surrogates: escapes are the only way left to send
    # either.
    if "\\u" in text and b"\0" in _strings(value).encode():
        raise ValueError("NUL")
    _check_depth(value)
    return value


def _strings(value: Any) -> str:
    """All strings of a JSON value, keys too, joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(key + _strings(item) for key, item in value.items())
    return "".join(map(_strings, value)) if isinstance(value, list) else ""


class StrictJSONParser(BaseParser):
    """application/json of at most BODY_BYTES with a Content-Length, to a dict."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = stream.read(settings.BODY_BYTES + 1)
        if len(body) > settings.BODY_BYTES:
            raise BodyTooLarge
        if len(body) < _announced_bytes(parser_context):  # the client hung up: what it meant to send is not known
            raise MalformedBody
        try:
            return parse_object(body)
        except (ValueError, TypeError, RecursionError):
            raise MalformedBody from None


def _announced_bytes(parser_context: Mapping[str, Any] | None) -> int:
    """The Content-Length that `check_body_headers` has passed; 0 without a request."""
    return int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) if parser_context else 0


def check_body_headers(headers: Mapping[str, str]) -> None:
    """Refuse by its headers alone a body that would not be read whole."""
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        raise LengthRequired
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType
    length = headers.get("Content-Length") or "0"
    if not length.isascii() or not length.isdigit() or len(length) > 18:
        raise LengthRequired
    if int(length) > settings.BODY_BYTES:
        raise BodyTooLarge
