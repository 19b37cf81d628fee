"""Which servers are ours to run: those the environment does not name."""

import os
from collections.abc import Callable, Iterator
from functools import partial

from embedded import postgres, valkey
from embedded.layout import Layout
from embedded.process import Child


def has_own_database() -> bool:
    return "DATABASE_URL" not in os.environ


def prepared(layout: Layout, lock: int, *, durable: bool) -> Iterator[tuple[Child, Callable[[], bool]]]:
    """Each server not yet started, with the question whether it is ready."""
    if has_own_database():
        yield postgres.prepare(layout, lock, durable=durable), partial(postgres.is_ready, layout)
    if "REDIS_URL" not in os.environ:
        yield valkey.prepare(layout, lock), partial(valkey.is_ready, layout)
