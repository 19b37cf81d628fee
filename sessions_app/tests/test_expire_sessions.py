from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from sessions_app import services
from sessions_app.models import AnonymousSession
from sessions_app.tests.test_current_session import end
from tests.api import Api, new_message


def messages() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM messages")
        return int(cursor.fetchone()[0])


def test_it_takes_what_ended_and_what_staff_closed_and_nothing_else(open_session: Callable[..., Any]) -> None:
    live, expired, closed = open_session(), open_session(), open_session()
    for each in (live, expired, closed):
        each.post("messages/", new_message())
    end(expired.opened["id"])
    AnonymousSession.objects.get(id=closed.opened["id"]).close()
    out = StringIO()
    call_command("expire_sessions", stdout=out)
    assert out.getvalue() == "2 sessions deleted\n"
    assert [str(row.id) for row in AnonymousSession.objects.all()] == [live.opened["id"]]
    assert messages() == 1
    assert live.get("messages/").json()["results"]


def test_a_second_run_finds_nothing(api: Api) -> None:
    assert services.expire_sessions() == 0


def test_batches_are_bounded_and_progress_is_told(open_session: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(services, "PURGE_BATCH", 2)
    for _ in range(5):
        end(open_session().opened["id"])
    seen: list[tuple[int, int]] = []
    assert services.expire_sessions(on_progress=lambda done, total: seen.append((done, total))) == 5
    assert seen == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    "change",
    [
        {"session_token": b"short"},
        {"user_agent_hash": b"short"},
        {"language_preference": "fr"},
        {"last_seq": -1},
        {"is_active": False},
        {"deleted_at": Now()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_database_itself_refuses_a_row_that_breaks_a_rule(api: Any, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AnonymousSession.objects.update(**change)


@pytest.mark.parametrize(
    "change",
    ["expires_at = expires_at + interval '1 hour'", "created_at = created_at - interval '1 second'"],
    ids=["life of more than thirty days", "time finer than an hour"],
)
def test_the_database_itself_refuses_times_that_tell_too_much(api: Any, change: str) -> None:
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute(f"UPDATE sessions SET {change}")  # noqa: S608 - two fixed texts


def test_a_plain_sql_delete_takes_everything_with_it(api: Any) -> None:
    api.post("messages/", new_message())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sessions")
    assert messages() == 0
