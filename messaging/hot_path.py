"""The two statements that run for every message: post one, read a page. Nothing else goes around the ORM.

Each is one round trip that also decides whether the token opens a live session, so authentication costs no statement
of its own.
`post_message` is a function in the database (migration 0002): it locks the session's row first and then looks with
fresh eyes, which a single
plain statement cannot, because its snapshot is older than the lock it waits for.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

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
_POST = "SELECT * FROM post_message(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_PAGE = """
SELECT m.*
FROM sessions s
LEFT JOIN LATERAL (
    SELECT {columns}
    FROM messages
    WHERE session_id = s.id AND seq {beyond} %s AND (expires_at IS NULL OR expires_at > statement_timestamp())
    ORDER BY seq {order}
    LIMIT %s
) m ON true
WHERE s.session_token = %s AND s.is_active AND s.expires_at > statement_timestamp()
"""
_NEWEST_FIRST = _PAGE.format(columns=", ".join(COLUMNS), beyond="<", order="DESC")
_OLDEST_FIRST = _PAGE.format(columns=", ".join(COLUMNS), beyond=">", order="ASC")
_BEYOND_ALL = 2**31 - 1


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
    with connection.cursor() as cursor:
        cursor.execute(
            _POST,
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
    if after is not None:
        statement, beyond = _OLDEST_FIRST, after
    else:
        statement, beyond = _NEWEST_FIRST, _BEYOND_ALL if before is None else before
    with connection.cursor() as cursor:
        cursor.execute(statement, (beyond, limit, token_digest))
        rows = cursor.fetchall()
    if not rows:
        return None
    return [MessageRow(*row) for row in rows if row[0] is not None]
