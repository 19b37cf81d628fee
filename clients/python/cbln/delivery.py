"""From the outbox to the server, in order, each message stored once at most."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cbln.api import BATCH_MESSAGES, BODY_BYTES, ApiClient
from cbln.base64url import b64url_encode
from cbln.errors import ApiError, ConflictError, InvalidRequestError, ProtocolError
from cbln.outbox import Outbox
from cbln.records import OutgoingMessage, StoredMessage
from cbln.sealing import Body, Sealer

# Refusals of one message for what it is. Any other (no session, session full, trouble) concerns them all: they stay.
_ABOUT_ONE = frozenset({"invalid_fields", "malformed_body", "body_too_large", "id_reused", "iv_reused"})
_JSON_BYTES = 700  # more than ids, numbers and signals of one message take


@dataclass(slots=True)
class Delivery:
    """What became of the messages that left the outbox. A refused one is sealed still: `Conversation.open_refused`."""

    stored: list[StoredMessage] = field(default_factory=list)
    refused: list[tuple[OutgoingMessage, ApiError]] = field(default_factory=list)

    def error_of(self, message_id: UUID) -> ApiError | None:
        return next((error for message, error in self.refused if message.id == message_id), None)


class Courier:
    """Empties `outbox`. `shares_signals` decides whether the figures inside a message are also told to the server."""

    def __init__(self, api: ApiClient, sealer: Sealer, outbox: Outbox) -> None:
        self._api, self._sealer, self._outbox = api, sealer, outbox
        self.shares_signals = False

    def deliver(self) -> Delivery:
        """UnreachableError and any ApiError that concerns the session leave what is not yet stored in the outbox."""
        delivery = Delivery()
        for chunk in _chunks(self._outbox.pending):
            if not self._deliver_batch(chunk, delivery):
                for message in chunk:
                    self._deliver_one(message, delivery)
        for message, _error in delivery.refused:  # only now: had something been raised, nobody would know of them
            self._outbox.remove(message.id)
        return delivery

    def _deliver_batch(self, chunk: list[OutgoingMessage], delivery: Delivery) -> bool:
        """False if there is but one, or one of them was refused: a batch is stored as a whole or not at all."""
        if len(chunk) == 1:
            return False
        try:
            self._store(chunk, delivery)
        except (ConflictError, InvalidRequestError) as error:
            if error.code not in _ABOUT_ONE | {"signals_not_shared"}:
                raise
            return False
        return True

    def _deliver_one(self, message: OutgoingMessage, delivery: Delivery) -> None:
        """A reused IV: a fresh one under the same id (stored once at most). Withheld consent: without signals."""
        for attempt in range(4):
            try:
                return self._store([message], delivery)
            except (ConflictError, InvalidRequestError) as error:
                if error.code == "iv_reused" and attempt < 2:
                    message = self._sealer.reseal(message)
                    self._outbox.put(message)
                elif error.code == "signals_not_shared" and self.shares_signals:
                    self.shares_signals = False
                elif error.code in _ABOUT_ONE:
                    delivery.refused.append((message, error))
                    return None
                else:
                    raise
        return None

    def _store(self, chunk: list[OutgoingMessage], delivery: Delivery) -> None:
        signals = [self._signals(message) for message in chunk]
        if len(chunk) == 1:
            stored = [self._api.post_message(chunk[0], signals[0])]
        else:
            stored = self._api.post_messages(chunk, signals)
        if [message.id for message in stored] != [message.id for message in chunk]:
            raise ProtocolError("the server answered for other messages than were sent")
        for message in chunk:
            self._outbox.remove(message.id)
        delivery.stored += stored

    def _signals(self, message: OutgoingMessage) -> dict[str, Any]:
        return signals_of(self._sealer.open_outgoing(message)) if self.shares_signals else {}


def signals_of(body: Body) -> dict[str, Any]:
    """The figures of a body, by the names of the API: told to the server only while the user shares signals."""
    names = {"model": "model_used", "processing_time_ms": "processing_time_ms"}
    names |= {name: name for name in ("sentiment_score", "emotion_tags")}
    signals = {wire: body[inside] for inside, wire in names.items() if body.get(inside) is not None}
    if body.get("crisis_level") is not None:
        signals["is_crisis_detected"] = body["crisis_level"] not in (0, False, "", "none")
    return signals


def _chunks(messages: list[OutgoingMessage]) -> Iterator[list[OutgoingMessage]]:
    """Runs that one batch call may carry: 100 messages, 128 KiB."""
    chunk: list[OutgoingMessage] = []
    size = 0
    for message in messages:
        bytes_of = len(b64url_encode(message.envelope)) + _JSON_BYTES
        if chunk and (len(chunk) == BATCH_MESSAGES or size + bytes_of > BODY_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(message)
        size += bytes_of
    if chunk:
        yield chunk
