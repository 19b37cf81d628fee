"""/healthz/: what an operator's load balancer asks."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from monitoring import health


def ready(status: int) -> dict[str, Any]:
    answer = Client().get("/healthz/ready")
    assert answer.status_code == status
    body: dict[str, Any] = answer.json()
    assert body["status"] == ("healthy" if status == 200 else "unhealthy")
    return body


def test_a_living_process_says_so_without_asking_anyone(django_assert_num_queries: Any, db: None) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/healthz/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready"])
def test_it_can_only_be_read(db: None, path: str) -> None:
    assert Client().head(path).status_code == 200
    for method in ("post", "put", "delete"):
        assert getattr(Client(), method)(path).status_code == 405


@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready"])
def test_no_answer_is_kept_or_sets_a_cookie(db: None, path: str) -> None:
    client = Client()
    client.cookies.load({"sessionid": "x", "csrftoken": "y"})
    answer = client.get(path, headers={"Accept-Language": "en"})
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


def test_an_installation_with_all_its_parts_is_ready(db: None) -> None:
    health.record_heartbeat()
    assert ready(200) == {
        "status": "healthy",
        "database": "postgresql",
        "checks": {"connection": "ok", "migrations": "ok", "broker": "ok", "heartbeat": "ok", "disk": "ok"},
    }


def test_the_first_heartbeat_may_be_on_its_way(db: None) -> None:
    assert ready(200)["checks"]["heartbeat"] == "starting"


def test_a_heartbeat_is_late_after_two_minutes(db: None) -> None:
    cache.set(health.HEARTBEAT_KEY, int(time.time()) - health.HEARTBEAT_SECONDS + 10)
    assert ready(200)["checks"]["heartbeat"] == "ok"
    cache.set(health.HEARTBEAT_KEY, int(time.time()) - health.HEARTBEAT_SECONDS)
    assert ready(503)["checks"]["heartbeat"] == "late"


def test_without_its_broker_it_is_not_ready(db: None, settings: Any) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "unix:///nowhere.sock"}}
    checks = ready(503)["checks"]
    assert (checks["broker"], checks["heartbeat"]) == ("unreachable", "unknown")
    assert checks["connection"] == checks["migrations"] == "ok"


def test_a_database_behind_the_code_is_not_ready(db: None) -> None:
    MigrationRecorder.Migration.objects.filter(app="monitoring").delete()
    assert ready(503)["checks"]["migrations"] == "missing"


def test_a_full_disk_is_not_ready(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MIN_FREE_BYTES", 2**63)
    assert ready(503)["checks"]["disk"] == "full"


@pytest.fixture
def _database_away(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        connection.close()
        yield
    connection.close()


@pytest.mark.usefixtures("_database_away")
def test_without_its_database_it_lives_and_is_not_ready() -> None:
    assert Client().get("/healthz/live").status_code == 200
    checks = ready(503)["checks"]
    assert (checks["connection"], checks["migrations"], checks["broker"]) == ("unreachable", "unknown", "ok")


@pytest.mark.usefixtures("_database_away")
def test_the_report_names_no_host_user_or_path() -> None:
    content = Client().get("/healthz/ready").content.decode()
    database = connection.settings_dict
    assert not [value for value in (database["HOST"], database["USER"], database["NAME"]) if value and value in content]
