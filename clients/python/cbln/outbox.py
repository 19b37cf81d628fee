"""Messages sealed but not yet known to be stored, in memory or in a file of the user's choice.

The file holds envelopes, ids and numbers, never a text or a key. One JSON object a line, only ever appended to:
{"outbox": 1, "session": …} first, then {"message": …} (a later one of the same id replaces it), {"gone": id} and
{"position": [client_seq, epoch]}. Every line is on disk before the call returns; a line torn by a crash is cut off.
"""

import json
import os
import sys
from pathlib import Path
from typing import IO, Any, NamedTuple, Self
from uuid import UUID

from cbln.envelope import envelope_epoch
from cbln.errors import CblnError, OutboxError
from cbln.records import OutgoingMessage, parse

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_COMPACT_AFTER_GONE = 256


class Position(NamedTuple):
    """The highest client_seq known in a session, and its epoch."""

    client_seq: int = 0
    epoch: int = 0


class Outbox:
    """In memory. `pending` in the order of writing."""

    def __init__(self, session_id: UUID) -> None:
        self.session_id = session_id
        self._pending: dict[UUID, OutgoingMessage] = {}
        self.position = Position()

    @property
    def pending(self) -> list[OutgoingMessage]:
        return list(self._pending.values())

    def put(self, message: OutgoingMessage) -> None:
        """Add a message, or replace the one of the same id where it stands."""
        self._pending[message.id] = message
        self._advance(message)

    def remove(self, message_id: UUID) -> None:
        """The message is stored, or will never be."""
        self._pending.pop(message_id, None)

    def close(self) -> None:
        """Nothing to do in memory."""

    def delete(self) -> None:
        """Forget everything."""
        self._pending.clear()

    def _advance(self, message: OutgoingMessage) -> None:
        if message.client_seq > self.position.client_seq:
            self.position = Position(message.client_seq, envelope_epoch(message.envelope))


class FileOutbox(Outbox):
    """In a file (mode 0600) that one process may hold open; `path`.lock beside it is left behind on purpose.

    OutboxError if another process holds it, if it is another session's, or if a line before the last is damaged.
    OSError from the disk as it comes; a message whose `put` raised is not queued.
    """

    def __init__(self, path: str | Path, session_id: UUID) -> None:
        super().__init__(session_id)
        self._path = Path(path)
        self._gone = 0
        self._lock = _lock(self._path.with_name(self._path.name + ".lock"))
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            self._lock.close()
            raise
        try:
            self._path.chmod(0o600)
            self._load()
        except BaseException:
            self._release()
            raise
        self._saved_position = self.position

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def put(self, message: OutgoingMessage) -> None:
        self._append({"message": message.to_json()})
        super().put(message)

    def remove(self, message_id: UUID) -> None:
        if message_id not in self._pending:
            return
        self._append({"gone": str(message_id)})
        super().remove(message_id)
        self._gone += 1
        if self._gone >= _COMPACT_AFTER_GONE:
            self._compact()

    def close(self) -> None:
        if self._lock.closed:
            return
        if self._gone or self.position != self._saved_position:
            self._compact()
        self._release()

    def delete(self) -> None:
        super().delete()
        self._path.unlink(missing_ok=True)
        self._release()

    def _release(self) -> None:
        os.close(self._file)
        self._lock.close()

    def _load(self) -> None:
        content = self._path.read_bytes()
        whole, _newline, torn = content.rpartition(b"\n")
        if torn:
            os.truncate(self._file, len(content) - len(torn))
        lines = whole.split(b"\n") if whole else []
        if not lines:
            self._append(self._header())
            _sync_folder(self._path)
            return
        try:
            self._check_header(parse(json.loads, lines[0]))
            for line in lines[1:]:
                parse(self._apply, parse(json.loads, line))
        except OutboxError:
            raise
        except CblnError:
            raise OutboxError("the outbox file is damaged") from None

    def _header(self) -> dict[str, Any]:
        return {"outbox": 1, "session": str(self.session_id)}

    def _check_header(self, header: Any) -> None:
        if not isinstance(header, dict) or header.get("outbox") != 1:
            raise OutboxError("the file is not an outbox")
        if header.get("session") != str(self.session_id):
            raise OutboxError("the outbox belongs to another session")

    def _apply(self, entry: dict[str, Any]) -> None:
        if "message" in entry:
            Outbox.put(self, OutgoingMessage.from_json(entry["message"]))
        elif "gone" in entry:
            Outbox.remove(self, UUID(entry["gone"]))
            self._gone += 1
        else:
            self.position = max(self.position, Position(*map(int, entry["position"])))

    def _append(self, entry: dict[str, Any]) -> None:
        size = os.fstat(self._file).st_size
        try:
            _write(self._file, entry)
            os.fsync(self._file)
        except OSError:
            os.truncate(self._file, size)  # a full disk must not leave half a line in front of the next one
            raise

    def _compact(self) -> None:
        """Write what still counts to a new file and put it in the old one's place."""
        fresh = self._path.with_name(self._path.name + ".new")
        file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            messages = [{"message": message.to_json()} for message in self._pending.values()]
            for entry in (self._header(), {"position": list(self.position)}, *messages):
                _write(file, entry)
            os.fsync(file)
            fresh.replace(self._path)
        except BaseException:
            os.close(file)
            raise
        os.close(self._file)
        self._file, self._gone, self._saved_position = file, 0, self.position
        _sync_folder(self._path)


def _write(file: int, entry: dict[str, Any]) -> None:
    line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
    while line:
        line = line[os.write(file, line) :]


def _sync_folder(path: Path) -> None:
    if sys.platform == "win32":  # folders cannot be opened there
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lock(path: Path) -> IO[bytes]:
    file = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")  # noqa: SIM115 - held until close()
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise OutboxError("the outbox is in use by another process") from None
    return file
