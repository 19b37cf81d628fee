"""Keys show nothing of themselves, and differ wherever they should."""

import hashlib
from uuid import UUID

import pytest
from cbln.keys import Keys, generate_entropy


def test_repr_shows_no_secret() -> None:
    keys = Keys(bytes(16))
    assert repr(keys) == str(keys) == "<Keys>"


def test_every_kind_session_and_epoch_has_a_key_of_its_own() -> None:
    keys = Keys(bytes(16))
    made = {
        keys.record_key(label, UUID(int=session), epoch)
        for label in ("message", "context", "feedback")
        for session in (1, 2)
        for epoch in (0, 1, 65535)
    }
    assert len(made) == 18


def test_the_digest_is_that_of_the_token() -> None:
    keys = Keys(generate_entropy())
    assert keys.token_digest == hashlib.sha256(keys.token.encode()).digest()
    assert len(keys.token) == 48


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_entropy_has_16_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Keys(bytes(length))
