from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api import Api, new_message


@pytest.fixture
def seven(api: Api) -> Api:
    for seq in range(1, 8):
        assert api.post("messages/", new_message(client_seq=seq)).status_code == 201
    return api


def seqs(answer: object) -> tuple[list[int], bool]:
    body = answer.json()  # type: ignore[attr-defined]
    return [message["seq"] for message in body["results"]], body["has_more"]


@pytest.mark.parametrize(
    ("query", "expected", "has_more"),
    [
        ("", [7, 6, 5, 4, 3, 2, 1], False),
        ("?limit=3", [7, 6, 5], True),
        ("?limit=7", [7, 6, 5, 4, 3, 2, 1], False),
        ("?limit=3&before=5", [4, 3, 2], True),
        ("?before=1", [], False),
        ("?before=0", [], False),
        ("?limit=3&after=0", [1, 2, 3], True),
        ("?after=5", [6, 7], False),
        ("?after=7", [], False),
        ("?after=2147483647", [], False),
        ("?limit=200", [7, 6, 5, 4, 3, 2, 1], False),
    ],
)
def test_pages_are_cut_by_seq(seven: Api, query: str, expected: list[int], has_more: bool) -> None:
    assert seqs(seven.get(f"messages/{query}")) == (expected, has_more)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "limit=07",
        "after=00",
        "limit=",
        "limit=5&limit=6",
        "limit=٣",
        "limit=1e1",
        "limit=%00",
        "before=1&after=1",
        "before=-1",
        "after=2147483648",
        "after=99999999999999999999",
        "page=2",
        "format=xml",
        "=1",
    ],
)
def test_other_queries_are_refused_without_an_echo(seven: Api, query: str) -> None:
    answer = seven.get(f"messages/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_query")


def test_a_read_is_one_statement_however_many_messages(seven: Api) -> None:
    with CaptureQueriesContext(connection) as queries:
        seven.get("messages/")
    assert len(queries) == 1


def test_an_empty_session_has_an_empty_page(api: Api) -> None:
    assert api.get("messages/").json() == {"results": [], "has_more": False}


def test_other_sessions_are_not_in_it(seven: Api, open_session: Callable[..., Api]) -> None:
    assert open_session().get("messages/").json()["results"] == []


def test_one_message_looks_as_it_did_when_posted(api: Api) -> None:
    posted = api.post("messages/", new_message()).json()
    assert api.get(f"messages/{posted['id']}/").json() == posted
    assert api.get("messages/").json()["results"] == [posted]


def test_a_deleted_message_leaves_its_gap(seven: Api) -> None:
    third = seven.get("messages/?after=2&limit=1").json()["results"][0]
    assert seven.delete(f"messages/{third['id']}/").status_code == 204
    assert seven.delete(f"messages/{third['id']}/").status_code == 404
    assert seqs(seven.get("messages/?after=0"))[0] == [1, 2, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "path", ["messages/not-a-uuid/", "messages/6385F93D-0417-4F63-B1CE-24A000BCCB37/", "messages/1/"]
)
def test_an_id_that_is_none_is_not_found(api: Api, path: str) -> None:
    assert api.get(path).status_code == 404
