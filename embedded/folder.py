"""The data folder: ours alone, writable, with room to spare."""

import fcntl
import os
import pwd
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from embedded.layout import Layout
from embedded.process import RefusalError

ROOM_BYTES = 200 * 1024 * 1024
# What may lie in a folder that we have not used before.
HARMLESS = {"lost+found"}


@contextmanager
def claimed(layout: Layout, pause: Callable[[float], None] = time.sleep) -> Iterator[int]:
    """Prepare the data folder and hold it. Yields the file descriptor that every child must inherit.

    Two locks, both kept by the kernel, so that none can be stale. `lock` is the supervisor's: one is running.
    `children.lock` is inherited by every child and free only when the last has ended: after a killed supervisor,
    servers need seconds to close their files, and starting others on the same files would damage them.
    """
    with _explained(layout):
        _prepare(layout)
    with (layout.data / "lock").open("a+") as own, (layout.data / "children.lock").open("a") as children:
        if not _try_lock(own.fileno()):
            own.seek(0)
            raise RefusalError(
                f"already running on {layout.data} (process {own.read().strip() or 'unknown'}): stop that one first."
            )
        own.truncate(0)
        own.write(f"{os.getpid()}\n")
        own.flush()
        _wait_for_orphans(layout, children.fileno(), pause)
        with _explained(layout):
            _renew(layout.run)
        try:
            yield children.fileno()
        finally:
            shutil.rmtree(layout.run, ignore_errors=True)


def require_room(layout: Layout) -> None:
    free = shutil.disk_usage(layout.data).free
    if free < ROOM_BYTES:
        raise RefusalError(
            f"only {free >> 20} MB are free on the disk of {layout.data}, {ROOM_BYTES >> 20} MB are needed: "
            "free some space, or choose another folder with CBLN_DATA=/path make up"
        )


def owner_name(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


@contextmanager
def _explained(layout: Layout) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RefusalError(
            f"the data folder {layout.data} cannot be used ({error.strerror}): "
            "mend that, or choose another folder with CBLN_DATA=/path make up"
        ) from error


def _prepare(layout: Layout) -> None:
    layout.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = layout.data.stat().st_uid
    if owner != os.geteuid():
        raise RefusalError(
            f"the data folder {layout.data} belongs to {owner_name(owner)}: run this as {owner_name(owner)}, "
            "or choose another folder with CBLN_DATA=/path make up"
        )
    _require_ours(layout.data)
    require_room(layout)
    layout.data.chmod(0o700)
    layout.logs.mkdir(mode=0o700, exist_ok=True)
    (layout.data / "lock").touch(mode=0o600)
    layout.create_secrets()


def _require_ours(data: Path) -> None:
    """A slip like CBLN_DATA=/home/me must not turn someone's folder into a database."""
    content = {entry.name for entry in data.iterdir()}
    if content - HARMLESS and "lock" not in content:
        raise RefusalError(f"{data} holds other files: choose an empty or new folder with CBLN_DATA=/path make up")


def _renew(run: Path) -> None:
    """An empty folder for sockets. What lies in it is of servers that are no more: the lock just taken proves it.

    Under /tmp anyone may have made the folder before us, to read what passes through our sockets.
    """
    with suppress(FileNotFoundError):
        if run.lstat().st_uid != os.geteuid():
            raise RefusalError(f"{run} is not ours: remove it, or choose a shorter CBLN_DATA")
        shutil.rmtree(run)
    run.mkdir(mode=0o700)


def _wait_for_orphans(layout: Layout, lock: int, pause: Callable[[float], None]) -> None:
    end = time.monotonic() + 30
    while not _try_lock(lock):
        if time.monotonic() > end:
            raise RefusalError(
                f"processes of an earlier run still use {layout.data}: "
                f"list them with `fuser -v {layout.data}/children.lock`, end them, and start again."
            )
        pause(0.1)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
