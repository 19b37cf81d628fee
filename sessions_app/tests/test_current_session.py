from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_app.models import AnonymousSession
from sessions_app.tests.test_create_session import moment
from tests.api import Api, new_message

UNKNOWN = "cbln_" + "A" * 43


def end(session_id: str) -> None:
    AnonymousSession.objects.filter(id=session_id).update(expires_at=Now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer cbln_",
        "Bearer " + UNKNOWN[:-1],
        "Bearer " + UNKNOWN + "x",
        "Basic " + UNKNOWN,
        "Bearer CBLN" + UNKNOWN[4:],
        "Bearer " + UNKNOWN + " " + UNKNOWN,
        "Bearer " + UNKNOWN,
    ],
)
def test_every_token_without_a_session_gets_one_and_the_same_answer(anonymous: Api, authorization: str) -> None:
    answer = anonymous.get("sessions/current/", Authorization=authorization)
    reference = anonymous.get("sessions/current/")
    assert answer.status_code == 401
    assert answer.content == reference.content
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_expired_an_erased_and_a_closed_session_look_alike(open_session: Callable[..., Any]) -> None:
    expired, erased, closed = open_session(), open_session(), open_session()
    end(expired.opened["id"])
    assert erased.delete("sessions/current/").status_code == 204
    AnonymousSession.objects.get(id=closed.opened["id"]).close()
    answers = {each.get("sessions/current/").content for each in (expired, erased, closed)}
    assert len(answers) == 1


def test_the_scheme_is_read_in_any_case(api: Api) -> None:
    assert api.get("sessions/current/", Authorization=f"bearer {api.token}").status_code == 200


def test_it_says_when_another_kind_of_device_asks(anonymous: Api) -> None:
    token = anonymous.post("sessions/", User_Agent="Phone/1").json()["session_token"]
    asked = [Api(token).get("sessions/current/", User_Agent=agent).json() for agent in ("Phone/1", "Laptop/1", "")]
    assert [body["is_other_device"] for body in asked] == [False, True, None]


def test_life_can_be_shortened_from_now_and_never_lengthened(api: Any) -> None:
    shorter = api.patch("sessions/current/", {"lifetime_days": 7})
    assert shorter.status_code == 200
    assert (moment(shorter.json()["expires_at"]) - timezone.now()).days in (6, 7)
    longer = api.patch("sessions/current/", {"lifetime_days": 30})
    assert (longer.status_code, longer.json()["code"]) == (422, "lifetime_not_shorter")
    assert api.get("sessions/current/").json()["expires_at"] == shorter.json()["expires_at"]


def test_shortening_twice_to_the_same_is_the_same(api: Any) -> None:
    answers = [api.patch("sessions/current/", {"lifetime_days": 1}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


def test_language_crisis_mode_and_sharing_can_be_switched(api: Any) -> None:
    changes = {"language_preference": "en", "is_crisis_mode": True, "shares_signals": True}
    body = api.patch("sessions/current/", changes).json()
    assert changes.items() <= body.items()


@pytest.mark.parametrize(
    "body", [{}, {"is_crisis_mode": 1}, {"expires_at": "2030-01-01T00:00:00Z"}, {"is_active": False}]
)
def test_it_refuses_other_changes(api: Any, body: dict[str, Any]) -> None:
    before = api.get("sessions/current/").json()
    assert api.patch("sessions/current/", body).status_code == 400
    assert api.get("sessions/current/").json() == before


def test_switching_sharing_off_takes_back_the_signals_stored(api: Any) -> None:
    api.patch("sessions/current/", {"shares_signals": True})
    api.post("messages/", new_message(sentiment_score=-0.5, emotion_tags=["sad"], is_crisis_detected=True))
    api.patch("sessions/current/", {"shares_signals": False})
    [stored] = api.get("messages/").json()["results"]
    signals = ("model_used", "processing_time_ms", "sentiment_score", "emotion_tags", "is_crisis_detected")
    assert [stored[name] for name in signals] == [None] * 5


def test_erase_takes_everything_in_one_statement(api: Any) -> None:
    for seq in range(3):
        api.post("messages/", new_message(client_seq=seq))
    with CaptureQueriesContext(connection) as queries:
        assert api.delete("sessions/current/").status_code == 204
    assert len(queries) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM messages)")
        assert cursor.fetchone() == (0, 0)
    assert api.delete("sessions/current/").status_code == 401


def test_reading_leaves_no_trace_of_activity(api: Any) -> None:
    with CaptureQueriesContext(connection) as queries:
        api.get("sessions/current/")
        api.get("messages/")
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT"]
