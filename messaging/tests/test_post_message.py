import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Message
from privacy.envelope import ENVELOPE_BYTES, from_base64url, iv_of
from privacy.serializers import utc
from tests.api import Api, envelope, new_message

TOO_BIG = envelope(32768)


def test_it_stores_the_envelope_and_nothing_else(api: Api) -> None:
    message = new_message()
    answer = api.post("messages/", message)
    assert answer.status_code == 201
    body = answer.json()
    assert message.items() <= body.items()
    assert body["seq"] == 1
    assert body["created_at"].endswith(":00Z")
    row = Message.objects.get()
    assert bytes(row.content_encrypted) == from_base64url(message["envelope"])
    assert bytes(row.encryption_iv) == iv_of(bytes(row.content_encrypted))
    assert row.created_at.second == row.created_at.microsecond == 0
    signals = (row.model_used, row.processing_time_ms, row.sentiment_score, row.emotion_tags, row.is_crisis_detected)
    assert signals == (None,) * 5


def test_a_post_is_one_statement(api: Api) -> None:
    with CaptureQueriesContext(connection) as queries:
        api.post("messages/", new_message())
    assert len(queries) == 1


def test_the_same_again_is_answered_with_the_same_and_stored_once(api: Api) -> None:
    message = new_message()
    first, second = api.post("messages/", message), api.post("messages/", message)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"envelope": envelope()}, {"role": "ai"}, {"client_seq": 2}], ids=lambda c: next(iter(c))
)
def test_the_same_id_with_other_content_is_refused(api: Api, change: dict[str, Any]) -> None:
    message = new_message()
    api.post("messages/", message)
    answer = api.post("messages/", message | change)
    assert (answer.status_code, answer.json()["code"]) == (422, "id_reused")
    assert Message.objects.count() == 1


def test_an_iv_serves_once_in_a_session(api: Api, open_session: Callable[..., Api]) -> None:
    message = new_message()
    api.post("messages/", message)
    other_id = message | {"id": str(uuid.uuid4())}
    answer = api.post("messages/", other_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "iv_reused")
    assert api.post("messages/", new_message()).json()["seq"] == 2
    assert open_session().post("messages/", other_id).status_code == 201


def test_two_sessions_may_use_the_same_id_without_knowing(api: Api, open_session: Callable[..., Api]) -> None:
    message = new_message()
    assert api.post("messages/", message).status_code == 201
    assert open_session().post("messages/", message | {"envelope": envelope()}).status_code == 201


def test_numbers_are_dense_and_never_given_twice(api: Api) -> None:
    posted = [api.post("messages/", new_message()).json() for _ in range(3)]
    assert [message["seq"] for message in posted] == [1, 2, 3]
    api.delete(f"messages/{posted[-1]['id']}/")
    assert api.post("messages/", new_message()).json()["seq"] == 4


@pytest.mark.parametrize("size", [length - 32 for length in ENVELOPE_BYTES])
def test_every_padded_size_is_taken(api: Api, size: int) -> None:
    assert api.post("messages/", new_message(envelope=envelope(size))).status_code == 201


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "x"}, "invalid"),
        ({"id": str(uuid.UUID(int=1))}, "not_random"),
        ({"id": "c232ab00-9414-11ec-b3c8-9f6bdeced846"}, "not_random"),
        ({"id": "{6385f93d-0417-4f63-b1ce-24a000bccb37}"}, "invalid"),
        ({"id": None}, "null"),
        ({"id": 5}, "invalid"),
        ({"role": "staff"}, "not_a_choice"),
        ({"role": "none"}, "not_a_choice"),
        ({"client_seq": -1}, "out_of_range"),
        ({"client_seq": 2**53}, "out_of_range"),
        ({"client_seq": "1"}, "invalid"),
        ({"client_seq": True}, "invalid"),
        ({"client_seq": 1.0}, "invalid"),
        ({"envelope": ""}, "not_an_envelope"),
        ({"envelope": "AQEA"}, "not_an_envelope"),
        ({"envelope": "AAEA" + envelope()[4:]}, "not_an_envelope"),
        ({"envelope": "AQIA" + envelope()[4:]}, "not_an_envelope"),
        ({"envelope": envelope(300)}, "not_an_envelope"),
        ({"envelope": envelope()[:-1]}, "not_an_envelope"),
        ({"envelope": envelope() + "=="}, "not_an_envelope"),
        ({"envelope": "+" + envelope()[1:]}, "not_an_envelope"),
        ({"envelope": envelope() + "\n"}, "not_an_envelope"),
        ({"envelope": TOO_BIG}, "not_an_envelope"),
        ({"envelope": ["AQEA"]}, "not_an_envelope"),
        ({"text": "hello"}, "unknown_field"),
        ({"expires_at": "tomorrow"}, "invalid"),
        ({"expires_at": "2030-01-01T00:00:00"}, "invalid"),
        ({"expires_at": 5}, "invalid"),
        ({"expires_at": "0001-01-01T00:00:00+23:59"}, "invalid"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "ends_too_early"),
        ({"expires_at": "9999-12-31T23:59:59Z"}, "ends_too_late"),
        ({"sentiment_score": 1.5}, "out_of_range"),
        ({"sentiment_score": "0.5"}, "invalid"),
        ({"emotion_tags": "sad"}, "invalid"),
        ({"emotion_tags": ["Tôi buồn"]}, "invalid"),
        ({"emotion_tags": ["a"] * 9}, "wrong_length"),
        ({"processing_time_ms": -1}, "out_of_range"),
        ({"model_used": "a b"}, "invalid"),
        ({"is_crisis_detected": 1}, "invalid"),
    ],
)
def test_it_refuses_what_is_not_right_and_changes_nothing(api: Api, change: dict[str, Any], code: str) -> None:
    answer = api.post("messages/", new_message() | change)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert code in {error["code"] for error in answer.json()["errors"]}
    assert not Message.objects.exists()


@pytest.mark.parametrize("missing", ["id", "role", "client_seq", "envelope"])
def test_it_says_which_field_is_missing(api: Api, missing: str) -> None:
    message = new_message()
    del message[missing]
    [error] = api.post("messages/", message).json()["errors"]
    assert (error["pointer"], error["code"]) == (f"/{missing}", "required")


@pytest.mark.parametrize(
    "signal",
    [
        {"sentiment_score": 0},
        {"emotion_tags": []},
        {"is_crisis_detected": False},
        {"model_used": "m"},
        {"processing_time_ms": 0},
    ],
    ids=lambda signal: next(iter(signal)),
)
def test_signals_are_refused_until_the_user_shares_them(api: Api, signal: dict[str, Any]) -> None:
    message = new_message() | signal
    answer = api.post("messages/", message)
    assert (answer.status_code, answer.json()["code"]) == (409, "signals_not_shared")
    assert not Message.objects.exists()
    api.patch("sessions/current/", {"shares_signals": True})
    answer = api.post("messages/", message)
    assert answer.status_code == 201
    assert signal.items() <= answer.json().items()


def test_signals_sent_as_null_say_nothing_and_are_taken(api: Api) -> None:
    assert api.post("messages/", new_message(sentiment_score=None, emotion_tags=None)).status_code == 201


def test_a_message_may_end_before_its_session(api: Api) -> None:
    ends = timezone.now() + timedelta(hours=2)
    body = api.post("messages/", new_message(expires_at=utc(ends))).json()
    assert body["expires_at"] == utc(ends.replace(second=0))


def test_a_message_past_its_end_is_gone_for_every_call(api: Api) -> None:
    ends = utc(timezone.now() + timedelta(hours=2))
    message = new_message(expires_at=ends)
    api.post("messages/", message)
    Message.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert api.get("messages/").json()["results"] == []
    assert api.get(f"messages/{message['id']}/").status_code == 404
    assert api.delete(f"messages/{message['id']}/").status_code == 404
    again = api.post("messages/", message)
    assert (again.status_code, again.json()["seq"]) == (201, 2)


def test_a_session_takes_only_so_many_messages(api: Api, settings: Any) -> None:
    settings.SESSION_MESSAGES = 2
    message = new_message()
    assert [api.post("messages/", each).status_code for each in (message, new_message(), message)] == [201, 201, 200]
    answer = api.post("messages/", new_message())
    assert (answer.status_code, answer.json()["code"]) == (409, "session_full")


@pytest.mark.parametrize(
    "change",
    [
        "content_encrypted = '\\x0101'",
        "content_encrypted = set_byte(content_encrypted, 0, 2)",
        "id = '00000000-0000-1000-8000-000000000000'",
        "seq = 0",
        "client_seq = -1",
        "role = 'none'",
        "created_at = created_at + interval '1 second'",
        "sentiment_score = 2",
        "processing_time_ms = -1",
        "emotion_tags = array_fill('a'::varchar, array[9])",
    ],
)
def test_the_database_itself_refuses_a_row_that_breaks_a_rule(api: Api, change: str) -> None:
    api.post("messages/", new_message())
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute(f"UPDATE messages SET {change}")  # noqa: S608 - fixed texts
