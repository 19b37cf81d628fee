"""What 5,000 sessions and 250,000 messages of realistic length take on disk, all tables and indexes together."""

import os
import random
import uuid
from collections.abc import Iterator

from django.db import connection

from messaging import hot_path
from privacy.digests import new_token, token_digest
from sessions_app.services import create_session

SESSIONS = 5_000
MESSAGES = 250_000
AIM_MB = 150
# Plaintext bytes of real Vietnamese comments (ViHOS, 8,844 of them): quantile → UTF-8 bytes.
QUANTILES = ((0.5, 46), (0.8, 95), (0.9, 149), (0.95, 213), (0.99, 381), (1.0, 818))
TABLES = ("sessions", "messages", "conversation_context", "feedback")


def run() -> None:
    sizes = random.Random(1)
    digests = [open_session() for _ in range(SESSIONS)]
    # As people write: all conversations grow side by side, in no order.
    turns = [digest for digest in digests for _ in range(MESSAGES // SESSIONS)]
    sizes.shuffle(turns)
    for digest in turns:
        message = {
            "id": uuid.uuid4(),
            "role": "user",
            "client_seq": 1,
            "envelope": bytes((1, 1, 0, 0)) + os.urandom(28 + padded(sizes)),
        }
        hot_path.post(token_digest=digest, message=message, max_seq=2**31 - 1)
    for name, size in table_bytes():
        print(f"{name}: {size / 1e6:.1f} MB")
    total = sum(size for _, size in table_bytes()) / 1e6
    verdict = "within" if total <= AIM_MB else "beyond"
    print(f"storage: {total:.0f} MB for {SESSIONS} sessions and {MESSAGES} messages ({verdict} the aim of {AIM_MB} MB)")


def open_session() -> bytes:
    digest = token_digest(new_token())
    create_session(token_digest=digest, language="vi", lifetime_days=30, user_agent="Mozilla/5.0")
    return digest


def padded(sizes: random.Random) -> int:
    """Bytes of ciphertext without the tag for one message drawn from QUANTILES: JSON around it, then a power of two."""
    at = sizes.random()
    below = 0.0, 1
    for quantile, length in QUANTILES:
        if at <= quantile:
            plain = below[1] + (length - below[1]) * (at - below[0]) / (quantile - below[0])
            break
        below = quantile, length
    size = 256
    while size < plain + 4 + len('{"text":""}'):
        size *= 2
    return size


def table_bytes() -> Iterator[tuple[str, int]]:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute("SELECT pg_total_relation_size(%s::regclass)", (table,))
            yield table, cursor.fetchone()[0]
