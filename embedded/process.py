"""One child process: started so that it cannot outlive us, stopped so that nothing of it is left."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LOG_BYTES = 10 * 1024 * 1024


class RefusalError(Exception):
    """Something the operator can mend. The message is all that is shown: what is wrong, then what to do."""


@dataclass
class Child:
    """A long-running program in a session of its own.

    Its own session, because Ctrl-C in a terminal goes to every process of the foreground group and would stop
    PostgreSQL before the web server that still needs it. `lock` is inherited: see `folder.claimed`.
    """

    name: str
    command: Sequence[str | Path]
    log: Path | None  # None: the operator's console
    lock: int
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    prefix: Sequence[str] = ()
    # Tried in turn, the first with `patience` seconds. SIGKILL for the whole session always comes last.
    stop_signals: Sequence[signal.Signals] = (signal.SIGTERM,)
    patience: float = 10
    process: subprocess.Popen[bytes] = field(init=False)
    started: float = field(init=False, default=0)

    def start(self) -> None:
        # The kernel sends this signal when we die, even of SIGKILL. After `prefix`: a change of credentials resets it.
        lifeline = ["setpriv", "--pdeathsig", self.stop_signals[0].name.removeprefix("SIG"), "--"]
        self.started = time.monotonic()
        with _open_log(self.log) as out:
            self.process = subprocess.Popen(  # noqa: S603 - commands are ours
                [*self.prefix, *lifeline, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                pass_fds=[self.lock],
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Looks without reaping: until `finish`, the process id cannot be given to someone else."""
        if self.process.returncode is not None:
            return False
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def finish(self) -> int:
        """Kill what is left of the session, return the exit status. Harmless when repeated.

        A web server killed with -9 leaves its workers behind: they hold the port and answer with no one to renew them.
        """
        if self.process.returncode is not None:
            return self.process.returncode
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    def stop(self, is_hurried: Callable[[], bool] = lambda: False) -> None:
        patience, may_hurry = self.patience, True
        for number in self.stop_signals:
            if not self.is_running:
                break
            os.kill(self.process.pid, number)
            end = time.monotonic() + patience
            while self.is_running and time.monotonic() < end and not (may_hurry and is_hurried()):
                time.sleep(0.02)
            patience, may_hurry = 5, False
        self.finish()


def wait_for(child: Child, is_ready: Callable[[], bool], seconds: float, pause: Callable[[float], None]) -> None:
    """Return when `is_ready()`; refuse, with the end of its log, when `child` ends or `seconds` have passed."""
    end = time.monotonic() + seconds
    while not is_ready():
        if not child.is_running:
            raise RefusalError(f"{child.name} stopped while starting.{tail(child.log)}")
        if time.monotonic() > end:
            raise RefusalError(f"{child.name} was not ready after {seconds:.0f} s.{tail(child.log)}")
        pause(0.03)


def tail(log: Path | None, lines: int = 6) -> str:
    """The last lines of a log, for a message; empty if there are none."""
    if log is None:
        return ""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        last = file.read().decode(errors="replace").strip().splitlines()[-lines:]
        return "".join(f"\n    {line}" for line in [f"The end of {log}:", *last])
    return ""


def bound(log: Path) -> None:
    """Move a log that has grown too long aside, replacing the one before. Its writers append, so cutting it is safe."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            old = log.with_suffix(".old")
            old.touch(mode=0o600)
            old.write_bytes(log.read_bytes())
            os.truncate(log, 0)


def _open_log(log: Path | None) -> IO[bytes]:
    if log is None:
        return os.fdopen(os.dup(1), "wb")
    bound(log)
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")
