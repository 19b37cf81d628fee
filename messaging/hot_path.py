"""The two statements that run for every message: post one, read a page. Nothing else goes around the ORM.

Each is one round trip that also decides whether the token opens a live session, so authentication costs no statement
of its own. Both are functions in the database (migration 0002). A post must lock the session's row first and then look
with fresh eyes, which a single plain statement cannot: its snapshot is older than the lock it waits for. A page must
come from the index in its order, however wrong the planner's idea of the conversation's length.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.pq import Format

COLUMNS = (
    "id",
    "seq",
    "client_seq",
    "role",
    "content_encrypted",
    "created_at",
    "expires_at",
    "model_used",
    "processing_time_ms",
    "sentiment_score",
    "emotion_tags",
    "is_crisis_detected",
)
POST = "SELECT * FROM post_message(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
PAGE = "SELECT * FROM page_of_messages(%s, %s, %s, %s)"
_BEYOND_ALL = 2**31 - 1


def _cursor() -> CursorWrapper:
    """A cursor whose results come in binary: envelopes as they are, instead of twice as long in hexadecimal."""
    cursor = connection.cursor()
    cursor.cursor.format = Format.BINARY
    return cursor


class MessageRow(NamedTuple):
    """The values of COLUMNS, in their order."""

    id: UUID
    seq: int
    client_seq: int
    role: str
    envelope: bytes
    created_at: datetime
    expires_at: datetime | None
    model_used: str | None
    processing_time_ms: int | None
    sentiment_score: float | None
    emotion_tags: list[str] | None
    is_crisis_detected: bool | None


def post(*, token_digest: bytes, message: dict[str, Any], max_seq: int) -> tuple[str, MessageRow | None]:
    """Store one message under the session's row lock.

    Returns the outcome and, for 'created' and 'replayed', the row as stored. The others store nothing:
    'unauthorized', 'id_reused',
    'iv_reused', 'session_full', 'signals_not_shared', 'ends_too_early', 'ends_too_late'.
    """
    get = message.get
    with _cursor() as cursor:
        cursor.execute(
            POST,
            (
                token_digest,
                message["id"],
                message["role"],
                message["client_seq"],
                message["envelope"],
                get("expires_at"),
                get("model_used"),
                get("processing_time_ms"),
                get("sentiment_score"),
                get("emotion_tags"),
                get("is_crisis_detected"),
                max_seq,
            ),
        )
        outcome, *row = cursor.fetchone()
    return outcome, None if row[0] is None else MessageRow(*row)


def page(
    *, token_digest: bytes, limit: int, before: int | None = None, after: int | None = None
) -> list[MessageRow] | None:
    """At most `limit` messages, newest first before a seq, oldest first after one; None if no live session has the
    token."""
    beyond = after if after is not None else _BEYOND_ALL if before is None else before
    with _cursor() as cursor:
        cursor.execute(PAGE, (token_digest, beyond, limit, after is not None))
        rows = cursor.fetchall()
    if rows and rows[0][0] is None:
        return None
    return [MessageRow(*row) for row in rows]
