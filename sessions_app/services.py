"""What can be done to a session. Everything takes the token's digest; nothing here ever sees the token."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper

from privacy.digests import user_agent_digest
from privacy.fields import this
from privacy.problems import LifetimeNotShorter, Unauthorized
from sessions_app.models import AnonymousSession

PURGE_BATCH = 200


def _ends_in(days: int) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(this("hour") + timedelta(days=days), output_field=DateTimeField())


def has_session(*, token_digest: bytes) -> bool:
    """Whether a live session has this token."""
    return AnonymousSession.objects.live().for_token(token_digest).exists()


def get_session(*, token_digest: bytes) -> AnonymousSession:
    """The live session of a token. Raises Unauthorized."""
    session = AnonymousSession.objects.live().for_token(token_digest).first()
    if session is None:
        raise Unauthorized
    return session


def lock_session(*, token_digest: bytes) -> AnonymousSession:
    """The live session of a token, its row locked until the transaction ends. Raises Unauthorized."""
    session = AnonymousSession.objects.live().for_token(token_digest).select_for_update(no_key=True).first()
    if session is None:
        raise Unauthorized
    return session


@transaction.atomic
def create_session(
    *, token_digest: bytes, language: str, lifetime_days: int, user_agent: str
) -> tuple[AnonymousSession, bool]:
    """The session of this token and whether it was created now.

    A token whose session has ended may start again at once, purged or not. Of two creations at the same time one
    creates and both get it.
    """
    AnonymousSession.objects.dead().for_token(token_digest).delete()
    session_id = uuid.uuid4()
    new = AnonymousSession(
        id=session_id,
        session_token=token_digest,
        expires_at=_ends_in(lifetime_days),
        user_agent_hash=user_agent_digest(session_id, user_agent),
        language_preference=language,
    )
    AnonymousSession.objects.bulk_create([new], ignore_conflicts=True)
    session = get_session(token_digest=token_digest)
    return session, session.id == session_id


@transaction.atomic
def update_session(*, token_digest: bytes, changes: dict[str, Any]) -> AnonymousSession:
    """Change language, crisis mode or sharing, or shorten life (`lifetime_days`, counted from now).

    Raises Unauthorized, LifetimeNotShorter.
    """
    session = lock_session(token_digest=token_digest)
    values = dict(changes)
    days = values.pop("lifetime_days", None)
    if days is not None:
        if not AnonymousSession.objects.filter(pk=session.pk, expires_at__gte=_ends_in(days)).exists():
            raise LifetimeNotShorter
        values["expires_at"] = _ends_in(days)
    AnonymousSession.objects.filter(pk=session.pk).update(**values)
    return get_session(token_digest=token_digest)


def erase_session(*, token_digest: bytes) -> None:
    """Delete a session and, by the database's cascade, everything in it. Raises Unauthorized."""
    deleted, _ = AnonymousSession.objects.live().for_token(token_digest).delete()
    if not deleted:
        raise Unauthorized


def expire_sessions(*, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Delete every session past its end or closed by staff; returns how many.

    This must be right: what it misses stays readable to whoever holds a key, what it takes too early is lost for
    ever. It therefore asks the
    same question as every read (`dead()` is `not live()`), in the same statement that deletes. Batches are
    transactions of their own, so a
    kill loses at most one; rows that someone else is deleting are skipped, so any number of these may run at once.
    `on_progress(done, total)` is called after each batch.
    """
    total = AnonymousSession.objects.dead().count()
    done = 0
    while True:
        with transaction.atomic():
            batch = AnonymousSession.objects.dead().order_by("expires_at").select_for_update(skip_locked=True)
            ids = list(batch.values_list("id", flat=True)[:PURGE_BATCH])
            AnonymousSession.objects.filter(id__in=ids).delete()
        done += len(ids)
        if on_progress is not None:
            on_progress(done, max(done, total))
        if len(ids) < PURGE_BATCH:
            return done
