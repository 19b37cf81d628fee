"""Answers of the API as JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer

_ANYTHING = frozenset({"", "*/*", "application/json"})
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def to_json(value: Any) -> bytes:
    """Compact JSON. UUIDs become text, times in UTC RFC 3339 to the second (`2026-11-22T20:00:00Z`)."""
    return orjson.dumps(value, option=_OPTIONS)


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8 (RFC 8259); the media type has no charset parameter

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else to_json(data)


class ContentNegotiation(DefaultContentNegotiation):
    """The usual rules, with a short way for clients that take anything: it is on the path of every message."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        if request.META.get("HTTP_ACCEPT", "") in _ANYTHING and renderers[0].media_type == JSONRenderer.media_type:
            return renderers[0], JSONRenderer.media_type
        return super().select_renderer(request, renderers, format_suffix)
