"""A conversation as a front end uses it: text in, text out, everything between sealed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from cbln.api import PAGE_MESSAGES, ApiClient
from cbln.delivery import Courier, Delivery
from cbln.documents import ContextDocument, FeedbackDocument
from cbln.envelope import RecordType, Role
from cbln.errors import EnvelopeError, ProtocolError
from cbln.keys import MAX_EPOCH, Keys
from cbln.ordering import Anomaly, OrderCheck
from cbln.outbox import Outbox, Position
from cbln.records import OutgoingMessage, Session, StoredMessage, parse
from cbln.sealing import Message, Sealer

EPOCH_MESSAGES = 1 << 20


class Conversation:
    """One session on one device; for one thread. Made by `create`, `restore` or `offline`; `close` it.

    `context` and `feedback` are its two other sealed records. `anomalies` gathers what reading noticed about order and
    completeness (see `Anomaly`). `session` is what the server last said of itself, None before that.
    """

    def __init__(self, api: ApiClient, sealer: Sealer, outbox: Outbox | None, session: Session | None) -> None:
        self.api = api
        self.session = session
        self.anomalies: list[Anomaly] = []
        self._sealer = sealer
        self._outbox = outbox or Outbox(sealer.session_id)
        self._courier = Courier(api, sealer, self._outbox)
        self.context = ContextDocument(api, sealer, lambda: self._outbox.position.epoch)
        self.feedback = FeedbackDocument(api, sealer, lambda: self._outbox.position.epoch)

    @classmethod
    def create(cls, api: ApiClient, keys: Keys, *, language: str = "vi", lifetime_days: int = 30) -> Self:
        """Open a new session for the keys whose token `api` carries."""
        session = api.create_session(language_preference=language, lifetime_days=lifetime_days)
        return cls(api, Sealer(keys, session.id), None, session)

    @classmethod
    def restore(
        cls, api: ApiClient, keys: Keys, *, session_id: UUID | None = None, outbox: Outbox | None = None
    ) -> Self:
        """Come back to a session; UnauthorizedError if it has expired or was erased.

        ProtocolError if it is not `session_id` (for a device that knows it). Reads the newest page to go on from there.
        """
        conversation = cls(api, Sealer(keys, session_id or api.get_session().id), outbox, None)
        conversation.catch_up()
        return conversation

    @classmethod
    def offline(cls, api: ApiClient, keys: Keys, session_id: UUID, outbox: Outbox) -> Self:
        """For a device without network: `queue` works at once, the rest when the server can be reached."""
        return cls(api, Sealer(keys, session_id), outbox, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Conversation {self._sealer.session_id}>"

    def close(self) -> None:
        """Close the connection and the outbox; what is pending in a file stays there."""
        self.api.close()
        self._outbox.close()

    @property
    def id(self) -> UUID:
        return self._sealer.session_id

    @property
    def pending(self) -> list[OutgoingMessage]:
        """Sealed, and not yet known to be stored."""
        return self._outbox.pending

    # Writing

    def send(
        self, text: str, *, role: Role = Role.USER, expires_at: datetime | None = None, **more: Any
    ) -> StoredMessage:
        """Seal and store a text, after whatever was pending. `more` goes under the seal (`sent_at`, `model`…).

        UnreachableError leaves it in the outbox: call `flush` later, do not send it again. EnvelopeError if it is too
        long. ApiError if the server refuses it for good.
        """
        message_id = self.queue(text, role=role, expires_at=expires_at, **more)
        delivery = self.flush()
        if error := delivery.error_of(message_id):
            raise error
        return next(stored for stored in delivery.stored if stored.id == message_id)

    def queue(self, text: str, *, role: Role = Role.USER, expires_at: datetime | None = None, **more: Any) -> UUID:
        """Seal a text into the outbox, with or without network; the id of the message."""
        position = self._next_position()
        message = self._sealer.seal_message({"text": text, **more}, role, *position, expires_at)
        self._outbox.put(message)
        return message.id

    def flush(self) -> Delivery:
        """Store what is pending, in order."""
        if self._outbox.pending:
            session = self.session or self.refresh()
            self._courier.shares_signals = session.shares_signals
            return self._courier.deliver()
        return Delivery()

    def open_refused(self, message: OutgoingMessage) -> str:
        """The text of a message that the server would not take."""
        return str(self._sealer.open_outgoing(message)["text"])

    def start_epoch(self) -> None:
        """Seal what follows under a new key, so that it can be shared, or withheld, apart from what came before."""
        client_seq, epoch = self._outbox.position
        self._outbox.position = Position(client_seq, _checked_epoch(epoch + 1))

    def _next_position(self) -> Position:
        client_seq, epoch = self._outbox.position
        # A new epoch at every multiple of 2^20 keeps each below the limit, whoever else counts and wherever they began.
        rolled = (client_seq + 1) // EPOCH_MESSAGES - client_seq // EPOCH_MESSAGES
        return Position(client_seq + 1, _checked_epoch(epoch + rolled))

    # Reading

    def history(self, *, after: int = 0) -> Iterator[Message]:
        """Every message with a seq above `after`, oldest first; what is wrong with their order goes to `anomalies`."""
        check = OrderCheck(is_start=after == 0)
        has_more = True
        while has_more:
            page = self.api.list_messages(limit=PAGE_MESSAGES, after=after)
            for stored in page.results:
                message = self._opened(stored)
                if anomaly := check.see(message):
                    self.anomalies.append(anomaly)
                yield message
                after = max(after, stored.seq)
            has_more = page.has_more and bool(page.results)

    def recent(self, *, limit: int | None = None, before: int | None = None) -> Iterator[Message]:
        """The newest messages (older than seq `before`), newest first, `limit` of them or all; order is not checked."""
        has_more = True
        while has_more and (limit is None or limit > 0):
            page = self.api.list_messages(limit=min(limit or PAGE_MESSAGES, PAGE_MESSAGES), before=before)
            for stored in page.results:
                yield self._opened(stored)
                before = stored.seq
            limit = None if limit is None else limit - len(page.results)
            has_more = page.has_more and bool(page.results)

    def export(self) -> Iterator[dict[str, Any]]:
        """Every record the server holds, opened: dicts with `type` (`session`, `context`, `feedback`, `message`).

        An envelope that does not open is replaced by `problem`. UnreachableError or ProtocolError if it is incomplete.
        """
        for record in self.api.export():
            yield self._exported(record)

    def _exported(self, record: dict[str, Any]) -> dict[str, Any]:
        envelope = record.pop("envelope", None)
        try:
            if record["type"] == "message":
                message = self._sealer.open_message(parse(StoredMessage.from_json, {**record, "envelope": envelope}))
                return {**record, "body": message.body} if message.body else {**record, "problem": message.problem}
            if envelope is None:
                return record
            record_type = parse(lambda name: RecordType[name.upper()], record["type"])
            return {**record, "body": self._sealer.open_record(record_type, envelope, parse(int, record["version"]))}
        except EnvelopeError as error:
            return {**record, "problem": error.reason}

    # The session

    def catch_up(self) -> None:
        """Learn where the conversation stands: the session's state and the newest page."""
        session = self.refresh()
        known = self._outbox.position.client_seq
        shown = max((message.client_seq for message in self.recent(limit=50)), default=0)
        if shown < known and not self.pending:
            self.anomalies.append(Anomaly("rollback", session.last_seq, known - shown))

    def refresh(self) -> Session:
        """Ask the server for the session's state; UnauthorizedError if there is none any more."""
        return self._know(self.api.get_session())

    def change(self, **changes: str | int | bool) -> Session:
        """`language_preference`, `lifetime_days`, `is_crisis_mode`, `shares_signals`, as in the API."""
        return self._know(self.api.update_session(**changes))

    def delete_message(self, message_id: UUID) -> None:
        """Delete one message; it leaves a gap in the numbers."""
        self.api.delete_message(message_id)

    def erase(self) -> None:
        """Erase everything on the server at once, and the outbox. The phrase opens nothing any more."""
        self.api.delete_session()
        self._outbox.delete()

    def _know(self, session: Session) -> Session:
        if session.id != self.id:
            raise ProtocolError("the server shows another session than this device knows")
        self.session = session
        return session

    def _opened(self, stored: StoredMessage) -> Message:
        message = self._sealer.open_message(stored)
        if message.body is not None:  # only then are the numbers authentic
            client_seq, epoch = self._outbox.position
            self._outbox.position = Position(max(client_seq, message.client_seq), max(epoch, message.epoch))
        return message


def _checked_epoch(epoch: int) -> int:
    if epoch > MAX_EPOCH:
        raise EnvelopeError("no epoch is left: start a new session")
    return epoch
