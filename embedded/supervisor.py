"""`manage.py up`: everything on this machine under one parent, started in order, kept alive, stopped in order."""

import errno
import http.client
import os
import signal
import socket
import time
from contextlib import suppress

from embedded.folder import claimed
from embedded.layout import Layout
from embedded.process import Child, RefusalError, bound, tail, wait_for
from embedded.programs import Programs
from embedded.servers import has_own_database, prepared

START_SECONDS = 60
# A child that ran this long was healthy: its end is a new misfortune, not the next of a row.
HEALTHY_SECONDS = 5
FAILURES_IN_A_ROW = 8
LOG_CHECK_SECONDS = 60


class StopRequest(BaseException):  # unwinds a start, or the watch, after Ctrl-C or SIGTERM
    pass


def say(line: str) -> None:
    with suppress(OSError):  # the terminal is gone: no reason to stop serving
        print(line, flush=True)  # noqa: T201 - the operator's console


def port_from_env() -> int:
    text = os.environ.get("PORT") or "22000"
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise RefusalError(f"PORT={text} is not a port: choose one from 1024 to 65535, as in PORT=22001 make up")
    return int(text)


def require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = (
                "is in use (another `make up`?)"
                if error.errno == errno.EADDRINUSE
                else f"is refused ({error.strerror})"
            )
            raise RefusalError(f"port {port} {reason}. Choose another: PORT={port % 65535 + 1} make up") from error


class Supervisor:
    """Signals are only counted when they come, and looked at between steps: nothing is ever cut in its middle."""

    def __init__(self, layout: Layout, port: int) -> None:
        self.layout = layout
        self.port = port
        self.stop_requests = 0
        self.children: list[Child] = []
        self.failures: dict[str, int] = {}
        self.restarts: dict[str, float] = {}
        self.answer = "no answer"

    def run(self) -> None:
        """Start all, return when Ctrl-C or SIGTERM has stopped all. RefusalError says what the operator can mend."""
        self._catch_signals()
        os.umask(0o077)
        with suppress(StopRequest), claimed(self.layout, self._pause) as lock:
            try:
                require_free(self.port)
                say(f"data: {self.layout.data}   logs: {self.layout.logs}")
                self._start_servers(lock)
                self._start_programs(Programs(self.layout, lock))
                self.watch()
            finally:
                self._stop()
        say("stopped")

    def _catch_signals(self) -> None:
        def count(*_: object) -> None:
            self.stop_requests += 1

        signal.signal(signal.SIGINT, count)
        signal.signal(signal.SIGTERM, count)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup stays in force
            signal.signal(signal.SIGHUP, count)

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)
        if self.stop_requests:
            raise StopRequest

    def _start_servers(self, lock: int) -> None:
        if has_own_database() and not self.layout.postgres.exists():
            say("PostgreSQL: making the database files, at the first start only")
        for child, is_ready in prepared(self.layout, lock, durable=True):
            self._start(child)
            wait_for(child, is_ready, START_SECONDS, self._pause)
            say(f"{child.name}: started")

    def _start(self, child: Child) -> None:
        child.start()
        self.children.append(child)

    def _start_programs(self, programs: Programs) -> None:
        self._finish(programs.command("migrate", "--noinput", "--verbosity=0"))
        say("database: up to date")
        seed = programs.command("seed")
        seed.log = None  # it shows the first password, which no file may keep
        self._finish(seed)
        for child in (programs.worker(), programs.beat(), programs.web(self.port)):
            self._start(child)
        end = time.monotonic() + START_SECONDS
        while not self._is_answering():
            self._keep_alive()
            if time.monotonic() > end:
                raise RefusalError(f"not ready after {START_SECONDS} s: {self.answer}{tail(self.children[-1].log)}")
            self._pause(0.05)
        say(f"admin: http://127.0.0.1:{self.port}/admin/   stop: Ctrl-C")
        say(f"ready: http://127.0.0.1:{self.port}")

    def _finish(self, command: Child) -> None:
        command.start()
        try:
            while command.is_running:
                self._pause(0.02)
        finally:
            command.stop()
        if command.finish():
            raise RefusalError(f"`manage.py {command.name}` failed.{tail(command.log)}")

    def _is_answering(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz/ready")
            response = connection.getresponse()
            self.answer = f"/healthz/ready says {response.status} {response.read(500).decode(errors='replace')}"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return response.status == 200

    def watch(self) -> None:
        checked = time.monotonic()
        while True:
            self._pause(0.1)
            self._keep_alive()
            if time.monotonic() > checked + LOG_CHECK_SECONDS:
                checked = time.monotonic()
                for log in self.layout.logs.glob("*.log"):
                    bound(log)

    def _keep_alive(self) -> None:
        """Start again what ended: the first time at once, then later and later, in the end not at all."""
        for child in self.children:
            if child.is_running:
                continue
            if child.name not in self.restarts:
                self.restarts[child.name] = time.monotonic() + self._delay(child)
            if time.monotonic() >= self.restarts[child.name]:
                del self.restarts[child.name]
                child.start()

    def _delay(self, child: Child) -> float:
        status = child.finish()
        was_healthy = time.monotonic() - child.started > HEALTHY_SECONDS
        failures = self.failures[child.name] = 1 if was_healthy else self.failures.get(child.name, 0) + 1
        if failures >= FAILURES_IN_A_ROW:
            raise RefusalError(f"{child.name} ended {failures} times in a row, giving up.{tail(child.log)}")
        say(f"{child.name}: ended with status {status}, starting it again")
        return 0 if failures == 1 else min(0.25 * 2 ** (failures - 1), 5)

    def _stop(self) -> None:
        """Against the order of the start, so that nothing loses what it stands on. A second Ctrl-C hurries."""
        for child in reversed(self.children):
            say(f"stopping {child.name}")
            child.stop(lambda: self.stop_requests > 1)
