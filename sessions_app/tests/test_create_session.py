import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from privacy.digests import new_token
from sessions_app.models import AnonymousSession
from tests.api import Api


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def test_it_needs_nothing_and_shows_the_token_once(anonymous: Api) -> None:
    answer = anonymous.post("sessions/")
    assert answer.status_code == 201
    body = answer.json()
    assert body["session_token"].startswith("cbln_")
    assert len(body["session_token"]) == 48
    again = Api(body["session_token"]).get("sessions/current/").json()
    assert "session_token" not in again
    assert again["id"] == body["id"]


def test_it_keeps_only_the_digest_of_the_token(anonymous: Api) -> None:
    token = anonymous.post("sessions/").json()["session_token"]
    assert bytes(AnonymousSession.objects.get().session_token) == hashlib.sha256(token.encode()).digest()


@pytest.mark.parametrize("days", [1, 7, 30])
def test_it_ends_after_the_lifetime_chosen_counted_from_a_whole_hour(anonymous: Api, days: int) -> None:
    body = anonymous.post("sessions/", {"lifetime_days": days}).json()
    created = moment(body["created_at"])
    assert created.minute == created.second == 0
    assert moment(body["expires_at"]) - created == timedelta(days=days)
    assert datetime.now(UTC) - created < timedelta(hours=1, minutes=1)


def test_a_token_of_the_client_opens_the_same_session_again(anonymous: Api) -> None:
    token = new_token()
    first = anonymous.post("sessions/", {"session_token": token, "lifetime_days": 7})
    second = anonymous.post("sessions/", {"session_token": token, "lifetime_days": 30})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert "session_token" not in first.json()


def test_a_token_whose_session_has_ended_starts_anew_before_any_purge(anonymous: Api) -> None:
    token = new_token()
    first = anonymous.post("sessions/", {"session_token": token}).json()
    AnonymousSession.objects.update(
        created_at="2020-01-01T00:00:00Z", last_activity="2020-01-01T00:00:00Z", expires_at="2020-01-02T00:00:00Z"
    )
    assert Api(token).get("sessions/current/").status_code == 401
    second = anonymous.post("sessions/", {"session_token": token})
    assert second.status_code == 201
    assert second.json()["id"] != first["id"]
    assert AnonymousSession.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"lifetime_days": 2}, "/lifetime_days", "not_offered"),
        ({"lifetime_days": 365}, "/lifetime_days", "not_offered"),
        ({"lifetime_days": "7"}, "/lifetime_days", "invalid"),
        ({"lifetime_days": True}, "/lifetime_days", "invalid"),
        ({"lifetime_days": 7.0}, "/lifetime_days", "invalid"),
        ({"lifetime_days": None}, "/lifetime_days", "null"),
        ({"language_preference": "fr"}, "/language_preference", "not_a_choice"),
        ({"language_preference": ["vi"]}, "/language_preference", "not_a_choice"),
        ({"session_token": "cbln_short"}, "/session_token", "invalid"),
        ({"session_token": "xcbln_" + "A" * 43}, "/session_token", "invalid"),
        ({"session_token": "cbln_" + "A" * 43 + "\n"}, "/session_token", "invalid"),
        ({"name": "Lan"}, "", "unknown_field"),
        ({"proof_of_work": {"challenge": "x"}}, "/proof_of_work/challenge", "invalid"),
    ],
)
def test_it_refuses_what_is_not_right_and_changes_nothing(
    anonymous: Api, body: dict[str, Any], pointer: str, code: str
) -> None:
    answer = anonymous.post("sessions/", body)
    assert answer.status_code == 400
    assert (pointer, code) in {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert not AnonymousSession.objects.exists()


def test_no_refusal_repeats_what_was_sent(anonymous: Api) -> None:
    canary = "canary" + secrets.token_hex(8)
    for body in (
        {canary: 1},
        {"language_preference": canary},
        {"session_token": canary},
        {"proof_of_work": {canary: canary}},
    ):
        assert canary not in anonymous.post("sessions/", body).content.decode()


def test_the_user_agent_is_kept_as_a_digest_that_links_no_two_sessions(anonymous: Api) -> None:
    anonymous.post("sessions/", User_Agent="Phone/1")
    anonymous.post("sessions/", User_Agent="Phone/1")
    anonymous.post("sessions/")
    digests = [row.user_agent_hash and bytes(row.user_agent_hash) for row in AnonymousSession.objects.all()]
    assert len(set(digests)) == 3
    assert digests.count(None) == 1
