"""What a message costs on disk; benchmarks/storage.py says what 250,000 cost together."""

import pytest
from django.db import connection

from tests.api import Api, envelope, new_message


@pytest.mark.parametrize(("size", "most"), [(256, 400), (512, 656), (1024, 1168)])
def test_a_row_is_the_envelope_and_little_more(api: Api, size: int, most: int) -> None:
    api.post("messages/", new_message(envelope=envelope(size)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_column_size(messages.*) FROM messages")
        [row] = cursor.fetchall()
    assert row[0] <= most


def test_large_envelopes_are_stored_as_they_are(api: Api) -> None:
    """Ciphertext does not compress: trying costs CPU and gains nothing."""
    api.post("messages/", new_message(envelope=envelope(16384)))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_column_size(content_encrypted), pg_column_compression(content_encrypted) FROM messages"
        )
        assert cursor.fetchone() == (16416, None)
