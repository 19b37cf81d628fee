"""The file a user may choose to keep a conversation's key in: entropy, session and server, mode 0600, nothing else."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from cbln.errors import CblnError
from cbln.keys import ENTROPY_BYTES


class KeepFileError(CblnError):
    """`reason` is `exists`, `open` (others can read it) or `damaged`."""

    def __init__(self, reason: str, path: Path) -> None:
        super().__init__(reason)
        self.reason, self.path = reason, path


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file holds."""

    entropy: bytes = field(repr=False)
    session_id: UUID
    url: str


@contextmanager
def new_keep_file(path: Path) -> Iterator[Callable[[Kept], None]]:
    """Takes the name before anything happens on the server; yields the function that writes. Removed if left empty."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeepFileError("exists", path) from None
    with open(file, "w", encoding="utf-8") as stream:

        def write(kept: Kept) -> None:
            content = {"keep": 1, "url": kept.url, "session": str(kept.session_id), "entropy": kept.entropy.hex()}
            stream.write(json.dumps(content) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

        try:
            yield write
        finally:
            if stream.tell() == 0:
                path.unlink()


def read_keep_file(path: Path) -> Kept:
    """KeepFileError if others can read it or it is something else; OSError if it is not there."""
    with path.open(encoding="utf-8") as stream:
        if os.name == "posix" and os.fstat(stream.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeepFileError("open", path)
        try:
            content: dict[str, Any] = json.load(stream)
            kept = Kept(bytes.fromhex(content["entropy"]), UUID(content["session"]), str(content["url"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeepFileError("damaged", path) from None
    if len(kept.entropy) != ENTROPY_BYTES:
        raise KeepFileError("damaged", path)
    return kept
