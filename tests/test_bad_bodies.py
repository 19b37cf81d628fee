"""Bodies that two readers could read differently, or that no reader should try: one clear problem, nothing changed."""

import json
from typing import Any

import pytest

from messaging.models import Message
from tests.api import Api, new_message

DEEP = b'{"messages": ' + b"[" * 40 + b"]" * 40 + b"}"
BOTTOMLESS = b"[" * 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{} {}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"role": "user", "role": "ai"}',
        b'{"client_seq": NaN}',
        b'{"client_seq": Infinity}',
        b'{"client_seq": ' + b"9" * 5000 + b"}",
        b'{"id": "\\u0000"}',
        b'{"id": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"id": "\xed\xa0\x80"}',
        b"{'id': 1}",
        b'{"id": 1,}',
        b'{"a": "\x00"}',
        DEEP,
        BOTTOMLESS,
    ],
    ids=lambda body: repr(body[:24]),
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "messages/"), ("PATCH", "sessions/current/"), ("POST", "messages/batch/")]
)
def test_a_body_that_is_not_one_clear_object_is_refused(api: Api, method: str, path: str, body: bytes) -> None:
    answer = api.call(method, path, raw=body)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"malformed_body", "invalid_fields"} if body == b"" else {"malformed_body"}
    assert not Message.objects.exists()


def test_an_unknown_token_gets_the_same_answer_whatever_else_is_wrong(anonymous: Api) -> None:
    stranger = Api("cbln_" + "A" * 43)
    reference = anonymous.get("messages/").content
    for method, path, raw in (
        ("POST", "messages/", b"{"),
        ("POST", "messages/", b"{}"),
        ("GET", "messages/?x=1", b""),
        ("PUT", "context/", b"{}"),
        ("POST", "messages/batch/", b" " * 200_000),
    ):
        answer = stranger.call(method, path, raw=raw)
        assert (answer.status_code, answer.content) == (401, reference)


def test_a_body_just_deep_enough_is_read_as_far_as_its_fields(api: Api) -> None:
    body = b'{"messages": ' + b"[" * 31 + b"]" * 31 + b"}"
    assert api.call("POST", "messages/batch/", raw=body).json()["code"] == "invalid_fields"


def test_escaped_surrogate_pairs_are_characters(api: Api) -> None:
    body = json.dumps(new_message(role="😀")).encode()
    assert b"\\ud83d\\ude00" in body
    assert api.call("POST", "messages/", raw=body).json()["code"] == "invalid_fields"


def test_a_body_beyond_the_limit_is_refused(api: Api) -> None:
    body = json.dumps(new_message()).encode()
    fits = body + b" " * (128 * 1024 - len(body))
    assert api.call("POST", "messages/", raw=fits).status_code == 201
    answer = api.call("POST", "messages/", raw=fits + b" ")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/json; charset=latin-1"}, 201),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Accept": "text/html"}, 406),
        ({"Accept": "application/xml;q=0.9, */*;q=0.1"}, 201),
    ],
    ids=str,
)
def test_headers_that_mean_another_format_are_refused(api: Api, headers: dict[str, str], status: int) -> None:
    assert api.post("messages/", new_message(), **headers).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nowhere/", 404),
        ("GET", "", 404),
        ("GET", "messages", 404),
        ("PUT", "messages/", 405),
        ("POST", "sessions/current/", 405),
        ("TRACE", "messages/", 405),
        ("OPTIONS", "messages/", 405),
        ("DELETE", "config/", 405),
    ],
)
def test_wrong_turns_get_a_problem_too(api: Api, method: str, path: str, status: int) -> None:
    answer = api.call(method, path)
    assert answer.status_code == status
    if status == 405:
        assert answer["Allow"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "vi"),
        ("en", "en"),
        ("en-GB,vi;q=0.5", "en"),
        ("fr", "vi"),
        ("vi,en", "vi"),
        ("en;q=0", "vi"),
        ("*", "vi"),
        ("🙂", "vi"),
    ],
)
def test_a_problem_speaks_the_language_asked_for(anonymous: Api, accepted: str, language: str) -> None:
    answer = anonymous.get("sessions/current/", Accept_Language=accepted)
    words: Any = {"vi": "Không có phiên nào đang mở", "en": "No open session"}
    assert (answer["Content-Language"], answer.json()["title"]) == (language, words[language])
