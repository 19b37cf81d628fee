"""The two records a session has one of, context and feedback: sealed, versioned, safe with several devices at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cbln.api import ApiClient
from cbln.base64url import b64url_encode
from cbln.envelope import RecordType
from cbln.errors import ConflictError
from cbln.records import StoredContext, StoredFeedback
from cbln.sealing import Body, Sealer

_COLLISIONS = 8  # with other devices, before one gives up


@dataclass(frozen=True, slots=True)
class Context:
    """The opened context. `is_rolled_back`: a later version was seen before (unless another device began anew)."""

    body: Body = field(repr=False)
    version: int
    message_count: int
    last_updated: datetime
    is_rolled_back: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """Stars 1…5 and, if there are, the opened words."""

    rating: int
    category: str | None
    text: str | None = field(repr=False)
    version: int
    created_at: datetime
    is_rolled_back: bool


type _Put[Stored] = Callable[[bytes | None, int, str | None], Stored]  # (envelope, version, etag)


class _Document[Stored: (StoredContext, StoredFeedback)]:
    _type: RecordType

    def __init__(self, api: ApiClient, sealer: Sealer, epoch: Callable[[], int]) -> None:
        self._api, self._sealer, self._epoch = api, sealer, epoch
        self._seen_version = 0

    def _is_rolled_back(self, version: int) -> bool:
        is_older = version < self._seen_version
        self._seen_version = max(self._seen_version, version)
        return is_older

    def _write(
        self, load: Callable[[], Stored | None], make: Callable[[Stored | None], Body | None], put: _Put[Stored]
    ) -> Stored:
        """Load, make, put; again from the start when another device was faster."""
        envelope = None
        for _ in range(_COLLISIONS):
            stored = load()
            if stored and envelope and stored.envelope == b64url_encode(envelope):
                return stored  # it was our own write, whose answer was lost
            body = make(stored)
            version = max(stored.version if stored else 0, self._seen_version) + 1
            envelope = None if body is None else self._sealer.seal_record(self._type, body, version, self._epoch())
            try:
                return put(envelope, version, stored.etag if stored else None)
            except ConflictError as error:
                if error.code != "precondition_failed":
                    raise
                last = error
        raise last


class ContextDocument(_Document[StoredContext]):
    """What a helper, human or not, should remember of the conversation."""

    _type = RecordType.CONTEXT

    def get(self) -> Context | None:
        """None if there is none; EnvelopeError if it does not open."""
        stored = self._api.get_context()
        return None if stored is None else self._opened(stored)

    def update(
        self,
        merge: Callable[[Body | None], Body],
        *,
        message_count: int | None = None,
        expires_at: datetime | None = None,
    ) -> Context:
        """Replace it by `merge(body or None)`, a dict with `text`; called again if another device wrote meanwhile."""

        def put(envelope: bytes | None, version: int, etag: str | None) -> StoredContext:
            if envelope is None:
                raise ValueError("a context has a body")
            return self._api.put_context(
                envelope, version=version, etag=etag, message_count=message_count, expires_at=expires_at
            )

        def make(stored: StoredContext | None) -> Body:
            return merge(self._opened(stored).body if stored else None)

        return self._opened(self._write(self._api.get_context, make, put))

    def delete(self) -> None:
        """NotFoundError if there is none."""
        self._api.delete_context()

    def _opened(self, stored: StoredContext) -> Context:
        body = self._sealer.open_record(self._type, stored.envelope, stored.version)
        is_rolled_back = self._is_rolled_back(stored.version)
        return Context(body, stored.version, stored.message_count, stored.last_updated, is_rolled_back)


class FeedbackDocument(_Document[StoredFeedback]):
    """What the user thinks of it."""

    _type = RecordType.FEEDBACK

    def get(self) -> Feedback | None:
        """None if there is none; EnvelopeError if the words do not open."""
        stored = self._api.get_feedback()
        return None if stored is None else self._opened(stored)

    def give(self, rating: int, text: str | None = None, *, category: str | None = None) -> Feedback:
        """Give or replace it: stars 1…5, words under seal or none."""

        def put(envelope: bytes | None, version: int, etag: str | None) -> StoredFeedback:
            return self._api.put_feedback(envelope, rating=rating, category=category, version=version, etag=etag)

        body = None if text is None else {"text": text}
        return self._opened(self._write(self._api.get_feedback, lambda _stored: body, put))

    def delete(self) -> None:
        """NotFoundError if there is none."""
        self._api.delete_feedback()

    def _opened(self, stored: StoredFeedback) -> Feedback:
        text = None
        if stored.envelope is not None:
            text = str(self._sealer.open_record(self._type, stored.envelope, stored.version)["text"])
        is_rolled_back = self._is_rolled_back(stored.version)
        return Feedback(stored.rating, stored.category, text, stored.version, stored.created_at, is_rolled_back)
