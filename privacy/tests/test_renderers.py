"""Answers as JSON, and a short way that leads where the long one does."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from privacy.renderers import ContentNegotiation, JSONRenderer, to_json


class LinesRenderer(BaseRenderer):
    media_type = "application/x-ndjson"
    format = "ndjson"


def chosen(negotiation: Any, renderers: list[BaseRenderer], headers: dict[str, str]) -> Any:
    request = Request(APIRequestFactory().get("/", headers=headers))
    try:
        return negotiation.select_renderer(request, renderers)
    except NotAcceptable:
        return None


@pytest.mark.parametrize(
    "accepted",
    [
        None,
        "*/*",
        "application/json",
        "application/*",
        "text/html",
        "text/html, */*;q=0.1",
        "application/json; indent=4",
        "application/x-ndjson",
        "application/x-ndjson, application/json",
        "Application/JSON",
        " */*",
        "junk",
    ],
)
@pytest.mark.parametrize("kinds", [[JSONRenderer], [JSONRenderer, LinesRenderer], [LinesRenderer, JSONRenderer]])
def test_the_short_way_chooses_what_the_long_one_does(accepted: str | None, kinds: list[Any]) -> None:
    renderers = [kind() for kind in kinds]
    headers = {} if accepted is None else {"Accept": accepted}
    short = chosen(ContentNegotiation(), renderers, headers)
    assert short == chosen(DefaultContentNegotiation(), renderers, headers)


def test_an_empty_accept_header_asks_for_nothing_in_particular() -> None:
    renderer = JSONRenderer()
    assert chosen(ContentNegotiation(), [renderer], {"Accept": ""}) == (renderer, "application/json")


def test_json_is_compact_with_times_in_utc_and_ids_as_text() -> None:
    moment = datetime(2026, 11, 22, 20, 7, 9, 5, tzinfo=UTC)
    number = uuid.UUID(int=5)
    assert to_json({"é": number, "none": None}) == f'{{"é":"{number}","none":null}}'.encode()
    assert to_json(moment) == b'"2026-11-22T20:07:09Z"'
    assert JSONRenderer().render(None) == b""
    assert JSONRenderer().charset is None
