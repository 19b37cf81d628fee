"""A running `manage.py up`, as an operator has it: a process with a console."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from embedded.layout import PROJECT, Layout

OVERRIDES = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DIGEST_KEY", "RATE_LIMIT_KEY", "PORT", "CBLN_DATA"}


def environment(**extra: str) -> dict[str, str]:
    """Ours, without what the test run's own servers added."""
    return {name: value for name, value in os.environ.items() if name not in OVERRIDES} | extra


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(is_true: Callable[[], object], seconds: float) -> float:
    """Seconds until it was true; fails after `seconds`."""
    start = time.monotonic()
    while not is_true():
        assert time.monotonic() - start < seconds, f"not true within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - start


@dataclass
class Installation:
    layout: Layout
    port: int = field(default_factory=free_port)
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] = field(init=False)

    def manage(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """A management command in another shell."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=environment(CBLN_DATA=str(self.layout.data), PORT=str(self.port)),
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def launch(self, **extra: str) -> None:
        self.lines.clear()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "embedded"],
            cwd=PROJECT,
            env=environment(**{"CBLN_DATA": str(self.layout.data), "PORT": str(self.port), **extra}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        Thread(target=self._read, args=(self.process,), daemon=True).start()

    def start(self, **extra: str) -> None:
        self.launch(**extra)
        eventually(lambda: self.is_ready or self.process.poll() is not None, 30)
        assert self.is_ready, self.lines

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(40)

    @property
    def is_ready(self) -> bool:
        return f"ready: http://127.0.0.1:{self.port}" in self.lines

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def children(self, *words: str) -> list[int]:
        """Processes that inherited our lock, whose command line holds all `words`; oldest first."""
        lock = self.layout.data / "children.lock"
        found = []
        for process in Path("/proc").iterdir():
            try:
                if not any(handle.readlink() == lock for handle in (process / "fd").iterdir()):
                    continue
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if int(process.name) != self.process.pid and all(word in command for word in words):
                found.append(int(process.name))
        return sorted(found)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout as lines:
            self.lines.extend(line.rstrip() for line in lines)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One data folder for the module; every test leaves it stopped or running as it likes."""
    place = Installation(Layout(tmp_path_factory.mktemp("data").resolve() / "d"))
    yield place
    if hasattr(place, "process") and place.process.poll() is None:
        place.stop()


@pytest.fixture
def running(installation: Installation) -> Installation:
    if not hasattr(installation, "process") or installation.process.poll() is not None:
        installation.start()
    return installation


@pytest.fixture
def stopped(installation: Installation) -> Installation:
    if hasattr(installation, "process") and installation.process.poll() is None:
        installation.stop()
    return installation
