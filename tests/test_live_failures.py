"""What a client notices when a part is killed in the middle of its work: a wait, and nothing else."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from cbln import ApiClient, Keys
from cbln.replay import Plan, Replay

from embedded import postgres
from embedded.folder import claimed
from embedded.layout import Layout
from embedded.process import wait_for
from embedded.programs import Programs
from messaging.models import Message
from sessions_app.models import AnonymousSession
from tests.api import envelope, new_message
from tests.live import Web, eventually, web_server

pytestmark = pytest.mark.xdist_group("live")
LINES = [f"dòng thứ {number}: hôm nay mình thấy {'🌧' * (number % 7)}" for number in range(150)]


@pytest.fixture
def web(tmp_path: Path, transactional_db: None) -> Iterator[Web]:
    with web_server(tmp_path) as running:
        yield running


def test_a_web_server_killed_twice_loses_and_doubles_nothing(web: Web) -> None:
    def connect(keys: Keys) -> ApiClient:
        return ApiClient(web.url, keys.token, patience=20)

    played: list[int] = []
    replay = Replay(LINES, Plan(connect=connect, per_conversation=50, parallel=3))
    replay.open(lambda _: None)
    player = Thread(target=replay.play, args=(played.append,))
    player.start()
    for enough in (50, 100):
        eventually(partial(lambda enough: sum(played) > enough, enough), 20)
        assert player.is_alive()
        web.kill()
        assert not web.is_answering()
        web.child.start()
        eventually(web.is_answering, 20)
    player.join(40)
    replay.verify(lambda _: None)
    report = replay.report()
    assert (report.findings, report.failures) == ({}, [])
    assert report.sent == len(LINES) == Message.objects.count()
    assert report.resends > 0
    assert replay.erase(lambda _: None) == 0
    assert not AnonymousSession.objects.exists()
    assert not Message.objects.exists()


def test_a_database_stopped_and_started_again_is_met_with_503_and_then_served(tmp_path: Path) -> None:
    """With a PostgreSQL of its own: other tests need theirs."""
    layout = Layout(tmp_path / "d")
    with claimed(layout) as lock:
        server = postgres.prepare(layout, lock, durable=False)

        def start() -> None:
            server.start()
            wait_for(server, lambda: postgres.is_ready(layout), 30, time.sleep)

        try:
            start()
            migrate = Programs(layout, lock).command("migrate", "--noinput", "--verbosity=0")
            migrate.env = {**(migrate.env or {}), "DATABASE_URL": layout.database_url}
            migrate.start()
            assert migrate.process.wait(60) == 0
            with web_server(tmp_path, DATABASE_URL=layout.database_url) as web:
                walk_through_an_outage(web, server.stop, start)
        finally:
            server.stop()


def walk_through_an_outage(web: Web, stop: Callable[[], None], start: Callable[[], None]) -> None:
    opened = web.call("POST", "/api/v1/sessions/", {}).json()
    bearer = {"Authorization": f"Bearer {opened['session_token']}"}
    message, late = new_message(), new_message()
    assert web.call("POST", "/api/v1/messages/", message, **bearer).status == 201
    assert web.call("GET", "/healthz/ready").status == 200
    stop()
    for method, path, body in (
        ("GET", "messages/", None),
        ("POST", "messages/", late),
        ("POST", "sessions/", {}),
        ("PUT", "context/", {"envelope": envelope()}),
    ):
        answer = web.call(method, f"/api/v1/{path}", body, **bearer, If_None_Match="*")
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "unavailable", "2")
    assert web.call("GET", "/healthz/live").status == 200
    ready = web.call("GET", "/healthz/ready")
    assert (ready.status, ready.json()["checks"]["connection"]) == (503, "unreachable")
    start()
    eventually(lambda: web.call("POST", "/api/v1/messages/", late, **bearer).status in (200, 201), 5)
    stored = web.call("GET", "/api/v1/messages/", **bearer).json()["results"]
    assert [each["id"] for each in stored] == [late["id"], message["id"]]
    eventually(lambda: web.call("GET", "/healthz/ready").status == 200, 5)
