"""Context and feedback: the same rules twice, so the same tests twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from messaging.models import ConversationContext
from privacy.serializers import utc
from tests.api import Api, envelope


@pytest.fixture(params=["context/", "feedback/"])
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def document(path: str, **changes: Any) -> dict[str, Any]:
    return {"envelope": envelope()} | ({"rating": 4} if path == "feedback/" else {}) | changes


def create(api: Api, path: str, **changes: Any) -> Any:
    return api.put(path, document(path, **changes), If_None_Match="*")


def test_there_is_none_at_first(api: Api, path: str) -> None:
    assert api.get(path).status_code == 404
    assert api.delete(path).status_code == 404


def test_it_is_created_read_replaced_and_deleted(api: Api, path: str) -> None:
    created = create(api, path)
    assert (created.status_code, created.json()["version"]) == (201, 1)
    read = api.get(path)
    assert (read.json(), read["ETag"]) == (created.json(), created["ETag"])
    replaced = api.put(path, document(path), If_Match=read["ETag"])
    assert (replaced.status_code, replaced.json()["version"]) == (200, 2)
    assert replaced["ETag"] != read["ETag"]
    assert api.get(path).json() == replaced.json()
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"If_Match": "*"}, {"If_None_Match": '"1"'}, {"If_Match": ""}])
def test_a_blind_write_is_refused(api: Api, path: str, headers: dict[str, str]) -> None:
    answer = api.put(path, document(path), **headers)
    assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")


def test_a_stale_write_is_refused(api: Api, path: str) -> None:
    stale = create(api, path)["ETag"]
    api.put(path, document(path), If_Match=stale)
    before = api.get(path).json()
    for headers in ({"If_Match": stale}, {"If_None_Match": "*"}, {"If_Match": "W/" + stale}, {"If_Match": '"x"'}):
        answer = api.put(path, document(path), **headers)
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert api.delete(path, If_Match=stale).status_code == 412
    assert api.get(path).json() == before


def test_a_document_deleted_and_made_anew_is_another_one(api: Api, path: str) -> None:
    old = create(api, path)["ETag"]
    api.delete(path, If_Match=old)
    new = create(api, path)
    assert new.json()["version"] == 1
    assert new["ETag"] != old
    assert api.put(path, document(path), If_Match=old).status_code == 412


def test_the_resend_of_a_lost_answer_changes_nothing(api: Api, path: str) -> None:
    body = document(path)
    first = api.put(path, body, If_None_Match="*")
    again = api.put(path, body, If_None_Match="*")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()


def test_a_version_sent_must_rise(api: Api, path: str) -> None:
    etag = create(api, path, version=7)["ETag"]
    for version in (0, 6, 7):
        answer = api.put(path, document(path, version=version), If_Match=etag)
        assert [error["code"] for error in answer.json()["errors"]] == ["not_higher"]
    assert api.put(path, document(path, version=9), If_Match=etag).json()["version"] == 9


def test_the_list_form_of_if_match_is_read(api: Api, path: str) -> None:
    etag = create(api, path)["ETag"]
    assert api.put(path, document(path), If_Match=f'"other" , {etag}').status_code == 200


@pytest.mark.parametrize("body", [{}, {"envelope": "x"}, {"envelope": envelope(), "mood": 1}])
def test_it_refuses_what_is_not_right(api: Api, path: str, body: dict[str, Any]) -> None:
    assert api.put(path, body, If_None_Match="*").status_code == 400
    assert api.get(path).status_code == 404


def test_stars_need_no_words(api: Api) -> None:
    answer = api.put("feedback/", {"rating": 5, "category": "safe"}, If_None_Match="*")
    assert answer.status_code == 201
    assert answer.json()["envelope"] is None


@pytest.mark.parametrize(
    "change", [{"rating": 0}, {"rating": 6}, {"rating": 4.5}, {"rating": None}, {"category": "Lan"}]
)
def test_stars_have_a_range_and_categories_are_known(api: Api, change: dict[str, Any]) -> None:
    assert api.put("feedback/", document("feedback/", **change), If_None_Match="*").status_code == 400


def test_a_context_past_its_end_is_none(api: Api) -> None:
    ends = utc(timezone.now() + timedelta(hours=1))
    create(api, "context/", expires_at=ends)
    ConversationContext.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert api.get("context/").status_code == 404
    assert create(api, "context/").status_code == 201


@pytest.mark.parametrize(
    ("ends", "code"), [("2020-01-01T00:00Z", "ends_too_early"), ("2099-01-01T00:00Z", "ends_too_late")]
)
def test_a_context_ends_within_its_session(api: Api, ends: str, code: str) -> None:
    answer = create(api, "context/", expires_at=ends)
    assert [error["code"] for error in answer.json()["errors"]] == [code]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conversation_context SET context_encrypted = '\\x01'",
        "UPDATE conversation_context SET message_count = -1",
        "UPDATE conversation_context SET last_updated = last_updated + interval '1 second'",
        "UPDATE feedback SET rating = 6",
        "UPDATE feedback SET category = 'x'",
        "UPDATE feedback SET feedback_encrypted = '\\x01'",
    ],
)
def test_the_database_itself_refuses_a_row_that_breaks_a_rule(api: Api, statement: str) -> None:
    create(api, "context/")
    create(api, "feedback/")
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute(statement)
