"""The records of one session, sealed and opened with its keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from cbln.base64url import b64url_decode
from cbln.envelope import Place, RecordType, Role, envelope_epoch, open_envelope, seal
from cbln.errors import EnvelopeError
from cbln.keys import Keys
from cbln.records import OutgoingMessage, StoredMessage

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a person reads it. If its envelope was refused, `body` is None and `problem` says why."""

    id: UUID
    seq: int
    client_seq: int
    role: Role
    created_at: datetime
    expires_at: datetime | None
    epoch: int
    body: Body | None = field(repr=False)
    problem: str | None = None

    @property
    def text(self) -> str | None:
        return None if self.body is None else str(self.body["text"])


class Sealer:
    """Seals and opens the records of `session_id`. `repr` shows nothing of the keys."""

    def __init__(self, keys: Keys, session_id: UUID) -> None:
        self._keys = keys
        self.session_id = session_id
        self._cached: dict[tuple[RecordType, int], bytes] = {}

    def __repr__(self) -> str:
        return f"<Sealer {self.session_id}>"

    def seal_message(
        self, body: Mapping[str, Any], role: Role, client_seq: int, epoch: int, expires_at: datetime | None = None
    ) -> OutgoingMessage:
        """A message with a fresh UUIDv4; EnvelopeError if the body is too long or not JSON."""
        message_id = uuid4()
        place = Place(RecordType.MESSAGE, role, self.session_id, message_id, client_seq, epoch)
        return OutgoingMessage(message_id, role, client_seq, self._seal(place, body), expires_at)

    def open_outgoing(self, message: OutgoingMessage) -> Body:
        """What is in a message not sent yet."""
        return self._open(self._place(message), message.envelope)

    def reseal(self, message: OutgoingMessage) -> OutgoingMessage:
        """The same message under a fresh IV. It keeps its id, so that it cannot be stored twice."""
        envelope = self._seal(self._place(message), self.open_outgoing(message))
        return replace(message, envelope=envelope)

    def open_message(self, stored: StoredMessage) -> Message:
        """Never raises: one bad envelope must not hide the rest of the conversation."""
        body, problem, epoch = None, None, 0
        try:
            envelope = _decoded(stored.envelope)
            epoch = envelope_epoch(envelope)
            place = Place(RecordType.MESSAGE, stored.role, self.session_id, stored.id, stored.client_seq, epoch)
            body = self._open(place, envelope)
        except EnvelopeError as error:
            problem = error.reason
        times = (stored.created_at, stored.expires_at)
        return Message(stored.id, stored.seq, stored.client_seq, stored.role, *times, epoch, body, problem)

    def seal_record(self, record_type: RecordType, body: Mapping[str, Any], version: int, epoch: int) -> bytes:
        """The context or the feedback in this version."""
        return self._seal(self._record_place(record_type, version, epoch), body)

    def open_record(self, record_type: RecordType, envelope: str, version: int) -> Body:
        """EnvelopeError if it is not what this session's client sealed as this version."""
        raw = _decoded(envelope)
        return self._open(self._record_place(record_type, version, envelope_epoch(raw)), raw)

    def _place(self, message: OutgoingMessage) -> Place:
        epoch = envelope_epoch(message.envelope)
        return Place(RecordType.MESSAGE, message.role, self.session_id, message.id, message.client_seq, epoch)

    def _record_place(self, record_type: RecordType, version: int, epoch: int) -> Place:
        return Place(record_type, Role.NONE, self.session_id, self.session_id, version, epoch)

    def _seal(self, place: Place, body: Mapping[str, Any]) -> bytes:
        return seal(self._key(place), place, body)

    def _open(self, place: Place, envelope: bytes) -> Body:
        return open_envelope(self._key(place), place, envelope)

    def _key(self, place: Place) -> bytes:
        which = (place.type, place.epoch)
        if which not in self._cached:
            self._cached[which] = self._keys.record_key(place.type.label, self.session_id, place.epoch)
        return self._cached[which]


def _decoded(envelope: str) -> bytes:
    try:
        return b64url_decode(envelope)
    except ValueError:
        raise EnvelopeError("not base64url") from None
