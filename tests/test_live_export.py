"""A long export that breaks off while it is read: the client can tell, and the log holds no word of the reason."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from privacy.digests import new_token
from tests.api import envelope, new_message
from tests.live import Web, web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live")]
END = b'"type":"end"'


@pytest.fixture
def web(tmp_path: Path, transactional_db: None) -> Iterator[Web]:
    with web_server(tmp_path) as running:
        yield running


class Export:
    """An export whose reader stopped after the first bytes: what does not fit the network's buffers is not read yet."""

    def __init__(self, web: Web, token: str) -> None:
        self.peer = socket.socket()
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.peer.settimeout(10)
        self.peer.connect(("127.0.0.1", web.port))
        lines = ("GET /api/v1/export/ HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", "", "")
        self.peer.sendall("\r\n".join(lines).encode())
        self.data = self.peer.recv(1000)
        assert self.data.startswith(b"HTTP/1.1 200 ")

    def rest(self) -> bytes:
        with self.peer:
            while not self.data.endswith(b"\r\n0\r\n\r\n") and (chunk := self.peer.recv(1 << 16)):
                self.data += chunk
        return self.data


def end_connections_of_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] > 0


@pytest.fixture
def token(web: Web) -> str:
    """That of a session with more than the network's buffers hold."""
    token = new_token()
    web.call("POST", "/api/v1/sessions/", {"session_token": token})
    for _ in range(70):
        batch = {"messages": [new_message(envelope=envelope(16384)) for _ in range(5)]}
        assert web.call("POST", "/api/v1/messages/batch/", batch, Authorization=f"Bearer {token}").status == 201
    return token


def test_an_export_cut_by_a_lost_database_lacks_its_last_line(web: Web, token: str) -> None:
    assert END in Export(web, token).rest()
    cut = Export(web, token)
    end_connections_of_others()
    assert END not in cut.rest()
    assert b'"logger": "cbln.export"' in web.log
    assert b"OperationalError" in web.log
    assert b"Traceback" not in web.log
    assert b"terminating connection" not in web.log


def test_an_export_cut_by_an_erasure_lacks_its_last_line(web: Web, token: str) -> None:
    cut = Export(web, token)
    erased = web.call("DELETE", "/api/v1/sessions/current/", Authorization=f"Bearer {token}")
    assert erased.status == 204
    assert END not in cut.rest()
    assert b"Traceback" not in web.log
