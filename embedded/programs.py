"""The command lines of what runs on Django: web server, worker, beat, and commands that run to their end."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from embedded.layout import PROJECT, Layout
from embedded.process import Child


@dataclass(frozen=True)
class Programs:
    layout: Layout
    lock: int
    # Keys the counters of rate limits. Known to the web server of this start alone and never on disk, so that no
    # counter can be traced to an address afterwards.
    rate_limit_key: str = field(default_factory=lambda: token_hex(32), repr=False)

    def web(self, port: int) -> Child:
        options = {
            "--interface": "wsgi",
            "--host": "127.0.0.1",
            "--port": str(port),
            "--http": "1",
            "--workers": "2",
            # A request whose body trickles in holds a thread, and granian has no time limit for bodies: 16 threads were
            # stalled by 16 slow clients. Threads start when needed; one that met the database keeps its connection, so
            # the server must allow workers × threads of them (postgres.ORDINARY).
            "--blocking-threads": os.environ.get("WEB_THREADS") or "64",
            "--backlog": "1024",
            # Connections per worker, idle ones included; below the usual limit of 1,024 open files.
            "--backpressure": "800",
            "--http1-header-read-timeout": "20000",
            "--workers-kill-timeout": "5",
            "--respawn-interval": "0.1",
            "--log-level": "warning",
        }
        flags = ["--no-ws", "--no-access-log", "--respawn-failed-workers"]
        arguments = ["-m", "granian", *flags, *(part for option in options.items() for part in option)]
        return self._python("web", *arguments, "config.wsgi:application", RATE_LIMIT_KEY=self.rate_limit_key)

    def worker(self) -> Child:
        # The default node name holds the machine's.
        options = ["--concurrency", "1", "--hostname", "worker@cbln", "--loglevel", "WARNING"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        return self._python("worker", "-m", "celery", "-A", "config", "--quiet", "worker", *options, *quiet)

    def beat(self) -> Child:
        options = ["--schedule", str(self.layout.data / "beat-schedule"), "--pidfile", "", "--loglevel", "WARNING"]
        return self._python("beat", "-m", "celery", "-A", "config", "--quiet", "beat", *options)

    def command(self, name: str, *arguments: str) -> Child:
        return self._python(name, "manage.py", name, *arguments)

    def _python(self, name: str, *arguments: str, **extra: str) -> Child:
        env = {key: value for key, value in os.environ.items() if key != "RATE_LIMIT_KEY"}
        env |= {"CBLN_DATA": str(self.layout.data), "PYTHONUNBUFFERED": "1"} | extra
        log: Path | None = self.layout.logs / f"{name}.log"
        return Child(name, [sys.executable, *arguments], log, self.lock, env=env, cwd=PROJECT)
