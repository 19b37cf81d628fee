"""What goes over the wire, typed. Unknown members of an answer are ignored: a later server may add some."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from cbln.base64url import b64url_decode, b64url_encode
from cbln.envelope import Role
from cbln.errors import ProtocolError

Json = Mapping[str, Any]


def parse[T](read: Callable[[Any], T], data: Any) -> T:
    """`read(data)`, or ProtocolError if a member is missing or of another kind."""
    try:
        return read(data)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise ProtocolError("the answer is not of this protocol") from None


def format_time(moment: datetime) -> str:
    """UTC, whole seconds, as the API writes it; ValueError for a time without zone."""
    if moment.tzinfo is None:
        raise ValueError("the time has no zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


@dataclass(frozen=True, slots=True)
class Config:
    """GET config/. `limits` in bytes and messages, by the names of docs/api.md."""

    protocol: str
    version: str
    languages: tuple[str, ...]
    lifetimes_days: tuple[int, ...]
    limits: Json
    bundle_version: Any
    replies: Json

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(
            str(data["protocol"]),
            str(data["version"]),
            tuple(data["languages"]),
            tuple(data["lifetimes_days"]),
            dict(data["limits"]),
            data.get("bundle_version"),
            dict(data.get("replies") or {}),
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the server knows it. `is_other_device` is None if the browser's kind is unknown."""

    id: UUID
    created_at: datetime
    last_activity: datetime
    expires_at: datetime
    language_preference: str
    is_crisis_mode: bool
    shares_signals: bool
    is_other_device: bool | None
    last_seq: int

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(
            UUID(data["id"]),
            _time(data["created_at"]),
            _time(data["last_activity"]),
            _time(data["expires_at"]),
            str(data["language_preference"]),
            bool(data["is_crisis_mode"]),
            bool(data["shares_signals"]),
            data.get("is_other_device"),
            int(data["last_seq"]),
        )


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A sealed message on its way. Its id and bytes stay the same however often it is sent."""

    id: UUID
    role: Role
    client_seq: int
    envelope: bytes = field(repr=False)
    expires_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        end = {} if self.expires_at is None else {"expires_at": format_time(self.expires_at)}
        return {
            "id": str(self.id),
            "role": self.role.label,
            "client_seq": self.client_seq,
            "envelope": b64url_encode(self.envelope),
            **end,
        }

    @classmethod
    def from_json(cls, data: Json) -> Self:
        role, envelope = Role[data["role"].upper()], b64url_decode(data["envelope"])
        return cls(UUID(data["id"]), role, int(data["client_seq"]), envelope, _optional_time(data.get("expires_at")))


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the server keeps it; the envelope still as text, so that one bad envelope does not spoil a page."""

    id: UUID
    seq: int
    client_seq: int
    role: Role
    envelope: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None
    signals: Json = field(repr=False)

    @classmethod
    def from_json(cls, data: Json) -> Self:
        names = ("model_used", "processing_time_ms", "sentiment_score", "emotion_tags", "is_crisis_detected")
        return cls(
            UUID(data["id"]),
            int(data["seq"]),
            int(data["client_seq"]),
            Role[data["role"].upper()],
            str(data["envelope"]),
            _time(data["created_at"]),
            _optional_time(data.get("expires_at")),
            {name: data.get(name) for name in names},
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages, in the order asked for."""

    results: list[StoredMessage]
    has_more: bool

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls([StoredMessage.from_json(message) for message in data["results"]], bool(data["has_more"]))


@dataclass(frozen=True, slots=True)
class StoredContext:
    """The sealed context and the ETag to replace it with."""

    envelope: str = field(repr=False)
    version: int
    message_count: int
    last_updated: datetime
    expires_at: datetime | None
    etag: str

    @classmethod
    def from_json(cls, data: Json, etag: str) -> Self:
        return cls(
            str(data["envelope"]),
            int(data["version"]),
            int(data["message_count"]),
            _time(data["last_updated"]),
            _optional_time(data.get("expires_at")),
            etag,
        )


@dataclass(frozen=True, slots=True)
class StoredFeedback:
    """Stars 1…5, and words under seal or none."""

    rating: int
    category: str | None
    envelope: str | None = field(repr=False)
    version: int
    created_at: datetime
    etag: str

    @classmethod
    def from_json(cls, data: Json, etag: str) -> Self:
        envelope = data.get("envelope")
        return cls(
            int(data["rating"]),
            data.get("category"),
            None if envelope is None else str(envelope),
            int(data["version"]),
            _time(data["created_at"]),
            etag,
        )
