"""A real Celery worker on the test broker and database: jobs that are sent are done."""

from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client

from messaging.tasks import expire_messages
from monitoring.health import HEARTBEAT_KEY
from monitoring.tasks import record_heartbeat
from sessions_app.models import AnonymousSession
from sessions_app.tasks import expire_sessions
from sessions_app.tests.test_current_session import end
from tests import live
from tests.api import Api


@pytest.mark.django_db(transaction=True)
def test_a_worker_records_heartbeats_and_deletes_what_has_expired(tmp_path: Path) -> None:
    ended, living = (Api().post("sessions/").json()["id"] for _ in range(2))
    end(ended)
    assert Client().get("/healthz/ready").json()["checks"]["heartbeat"] == "starting"
    with live.programs(tmp_path) as programs, live.running(programs.worker()) as worker:
        for task in (expire_messages, expire_sessions, record_heartbeat):
            task.delay()
        live.eventually(lambda: cache.get(HEARTBEAT_KEY) is not None or not worker.is_running, 30)
        live.eventually(lambda: not AnonymousSession.objects.filter(id=ended).exists(), 5)
    ready = Client().get("/healthz/ready")
    assert (ready.status_code, ready.json()["checks"]["heartbeat"]) == (200, "ok")
    assert [str(session.id) for session in AnonymousSession.objects.all()] == [living]
    assert '"level": "error"' not in (tmp_path / "logs/worker.log").read_text()
