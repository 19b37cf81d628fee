"""The real programs, with the command lines of an installation, on the test run's servers and database."""

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from embedded.layout import Layout
from embedded.process import Child
from embedded.programs import Programs


def database_url() -> str:
    """DATABASE_URL with the name of the test database."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return url._replace(path=f"{url.path.rsplit('/', 1)[0]}/{connection.settings_dict['NAME']}").geturl()


def eventually(is_true: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"not true within {seconds} s"
        time.sleep(0.02)


@contextmanager
def programs(folder: Path) -> Iterator[Programs]:
    """Programs whose data folder is `folder`."""
    layout = Layout(folder)
    layout.logs.mkdir(exist_ok=True)
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    try:
        yield Programs(layout, lock)
    finally:
        os.close(lock)


@contextmanager
def running(child: Child, **environment: str) -> Iterator[Child]:
    child.env = {**(child.env or {}), "DATABASE_URL": database_url(), **environment}
    child.start()
    try:
        yield child
    finally:
        child.stop()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> Any:
        """The code of a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        return self.json()["code"]


@dataclass
class Web:
    """The web server, started anew whenever it is killed by `kill`."""

    child: Child
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request on a connection of its own, as http.client sends it."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            caller.request(method, path, content, sent)
            response = caller.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            caller.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def raw(self, data: bytes, *, answers: int = 1) -> list[Answer]:
        """Send these very bytes; the answers that came back, fewer if the server hung up."""
        with self.connect() as peer:
            with suppress(OSError):
                peer.sendall(data)
            return list(read_answers(peer, answers))

    def is_answering(self) -> bool:
        try:
            return self.call("GET", "/healthz/live").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def kill(self) -> None:
        """SIGKILL for the main process and its workers at once."""
        os.killpg(self.child.process.pid, signal.SIGKILL)
        self.child.finish()

    @property
    def log(self) -> bytes:
        assert self.child.log is not None
        return self.child.log.read_bytes()


def read_answers(peer: socket.socket, count: int) -> Iterator[Answer]:
    with peer.makefile("rb") as stream, suppress(TimeoutError, ConnectionResetError):
        for _ in range(count):
            start = stream.readline()
            if not start:
                return
            lines = iter(stream.readline, b"\r\n")
            pairs = (line.decode("latin-1").rstrip("\r\n").split(": ", 1) for line in lines)
            headers = {name.lower(): value for name, value in pairs}
            body = stream.read(int(headers.get("content-length", "0")))
            yield Answer(int(start.split()[1]), headers, body)


@contextmanager
def web_server(folder: Path, **environment: str) -> Iterator[Web]:
    """The web server on the test database, answering. Its log is `folder`/logs/web.log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with programs(folder) as made, running(made.web(port), **environment) as child:
        web = Web(child, port)
        eventually(web.is_answering, 30)
        yield web
