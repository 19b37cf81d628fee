"""What can be done to the sealed things of a session. Everything takes the digest of the token and finds the live
session by it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.db.models.lookups import LessThan
from rest_framework.serializers import ErrorDetail, ValidationError

from messaging import hot_path
from messaging.hot_path import MessageRow
from messaging.models import ConversationContext, ExpiringQuerySet, Message, SealedDocument
from messaging.preconditions import Precondition
from privacy.fields import this
from privacy.problems import (
    IdReused,
    IVReused,
    NotFound,
    PreconditionFailed,
    Problem,
    SessionFull,
    SignalsNotShared,
    Unauthorized,
)
from sessions_app.models import AnonymousSession
from sessions_app.services import has_session, lock_session

EXPORT_PAGE = 200
_REFUSALS: dict[str, type[Problem]] = {
    "unauthorized": Unauthorized,
    "id_reused": IdReused,
    "iv_reused": IVReused,
    "session_full": SessionFull,
    "signals_not_shared": SignalsNotShared,
}


def post_message(*, token_digest: bytes, message: dict[str, Any]) -> tuple[MessageRow, bool]:
    """Store one message; returns it and whether it was stored now (False: it was already there, byte for byte).

    Raises Unauthorized, IdReused, IVReused, SessionFull, SignalsNotShared; ValidationError for an end in the past or
    after the session's.
    """
    outcome, row = hot_path.post(token_digest=token_digest, message=message, max_seq=settings.SESSION_MESSAGES)
    if row is not None:
        return row, outcome == "created"
    if outcome in _REFUSALS:
        raise _REFUSALS[outcome]()
    raise ValidationError({"expires_at": [ErrorDetail("", outcome)]})


@transaction.atomic
def post_messages(*, token_digest: bytes, messages: list[dict[str, Any]]) -> tuple[list[MessageRow], bool]:
    """Store all of `messages` in their order or none; returns them and whether any was stored now. Raises as
    post_message does."""
    rows = []
    is_any_new = False
    for index, message in enumerate(messages):
        try:
            row, is_new = post_message(token_digest=token_digest, message=message)
        except ValidationError as error:
            raise ValidationError({"messages": {str(index): error.detail}}) from None
        except Problem as problem:
            if not isinstance(problem, Unauthorized):
                problem.extra["pointer"] = f"/messages/{index}"
            raise
        rows.append(row)
        is_any_new = is_any_new or is_new
    return rows, is_any_new


def list_messages(
    *, token_digest: bytes, limit: int, before: int | None = None, after: int | None = None
) -> tuple[list[MessageRow], bool]:
    """A page of messages and whether there are more beyond it. Raises Unauthorized."""
    rows = hot_path.page(token_digest=token_digest, limit=limit + 1, before=before, after=after)
    if rows is None:
        raise Unauthorized
    return rows[:limit], len(rows) > limit


def get_message(*, token_digest: bytes, message_id: UUID) -> MessageRow:
    """One message of this session. Raises Unauthorized, NotFound."""
    rows = Message.objects.unexpired().of_token(token_digest).filter(id=message_id)
    row = rows.values_list(*hot_path.COLUMNS).first()
    if row is None:
        raise _missing(token_digest)
    return MessageRow(*row)


def delete_message(*, token_digest: bytes, message_id: UUID) -> None:
    """Delete one message of this session. Raises Unauthorized, NotFound."""
    deleted, _ = Message.objects.unexpired().of_token(token_digest).filter(id=message_id).delete()
    if not deleted:
        raise _missing(token_digest)


def get_document[Document: SealedDocument](model: type[Document], *, token_digest: bytes) -> Document:
    """The context or the feedback of this session. Raises Unauthorized, NotFound."""
    document: Document | None = _rows(model).unexpired().of_token(token_digest).first()
    if document is None:
        raise _missing(token_digest)
    return document


@transaction.atomic
def put_document[Document: SealedDocument](
    model: type[Document], *, token_digest: bytes, precondition: Precondition, values: Mapping[str, Any]
) -> tuple[Document, bool]:
    """Create or replace the context or the feedback as `precondition` allows; returns it and whether it was created.

    The very envelope that is stored already is answered with what is stored: the resend of an answer that got lost.
    Raises Unauthorized, PreconditionFailed; ValidationError for a version that is not higher or an end outside the
    session's life.
    """
    session = lock_session(token_digest=token_digest)
    rows = _rows(model).filter(session=session)
    rows.expired().delete()
    stored: Document | None = rows.first()
    columns = dict(values)
    envelope = columns.pop("envelope")
    if stored is not None and envelope is not None and stored.envelope == envelope:
        return stored, False
    if not precondition.allows(None if stored is None else stored.etag):
        raise PreconditionFailed
    _check_end(columns.get("expires_at"), session)
    columns["version"] = _next_version(columns.get("version"), stored)
    columns[model.envelope_column] = envelope
    if model.time_column is not None:
        columns[model.time_column] = this("minute")
    model._default_manager.update_or_create(session=session, defaults=columns)
    return rows.get(), stored is None


def _rows(model: type[SealedDocument]) -> ExpiringQuerySet:
    rows = model._default_manager.get_queryset()
    assert isinstance(rows, ExpiringQuerySet)  # noqa: S101 - for the type checker; managers are made from it
    return rows


def _check_end(ends_at: datetime | None, session: AnonymousSession) -> None:
    if ends_at is None:
        return
    if ends_at > session.expires_at:
        raise ValidationError({"expires_at": [ErrorDetail("", "ends_too_late")]})
    if not AnonymousSession.objects.filter(pk=session.pk).filter(LessThan(Now(), ends_at)).exists():
        raise ValidationError({"expires_at": [ErrorDetail("", "ends_too_early")]})


def _next_version(sent: int | None, stored: SealedDocument | None) -> int:
    lowest = 1 if stored is None else stored.version + 1
    if sent is None:
        return lowest
    if stored is not None and sent < lowest:
        raise ValidationError({"version": [ErrorDetail("", "not_higher")]})
    return sent


@transaction.atomic
def delete_document(model: type[SealedDocument], *, token_digest: bytes, precondition: Precondition | None) -> None:
    """Delete the context or the feedback. Raises Unauthorized, NotFound, PreconditionFailed."""
    rows = _rows(model).unexpired().of_token(token_digest)
    stored = rows.select_for_update(of=("self",)).first()
    if stored is None:
        raise _missing(token_digest)
    if precondition is not None and not precondition.allows(stored.etag):
        raise PreconditionFailed
    rows.delete()


def iterate_messages(*, token_digest: bytes) -> Iterator[MessageRow]:
    """All messages by seq, a page in memory at a time. Raises Unauthorized, also half-way when the session ends."""
    after: int | None = 0
    while after is not None:
        rows, has_more = list_messages(token_digest=token_digest, limit=EXPORT_PAGE, after=after)
        yield from rows
        after = rows[-1].seq if has_more else None


def expire_messages() -> int:
    """Delete messages and contexts past an end of their own; returns how many rows went."""
    messages, _ = Message.objects.expired().delete()
    contexts, _ = ConversationContext.objects.expired().delete()
    return messages + contexts


def _missing(token_digest: bytes) -> Problem:
    """Why nothing was found: no live session, or nothing of that name in it."""
    return NotFound() if has_session(token_digest=token_digest) else Unauthorized()
