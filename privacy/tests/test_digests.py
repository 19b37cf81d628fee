"""What must be recognised again: one way, and never the same for two purposes."""

import hashlib
import hmac
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.digests import DIGEST_BYTES, TOKEN, keyed_digest, new_token, token_digest, user_agent_digest
from privacy.envelope import from_base64url

purposes = st.text(st.characters(exclude_categories=["Cs"]))
calls = st.tuples(purposes, st.lists(st.binary(max_size=8), max_size=4))


def test_a_token_is_256_random_bits() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(TOKEN.match(token) and len(from_base64url(token[5:])) == 32 for token in tokens)


@pytest.mark.parametrize(
    "token", ["cbln_" + "A" * 42, "cbln_" + "A" * 44, "cbln_" + "A" * 43 + "\n", "CBLN_" + "A" * 43]
)
def test_what_is_not_spelled_like_a_token_is_none(token: str) -> None:
    assert not TOKEN.match(token)


def test_a_token_is_recognised_by_its_sha256() -> None:
    token = "cbln_" + "A" * 43
    assert token_digest(token) == hashlib.sha256(token.encode()).digest()
    with pytest.raises(UnicodeEncodeError):
        token_digest("cbln_ă")


@given(calls, calls)
def test_two_digests_are_equal_only_for_the_same_purpose_and_parts(
    one: tuple[str, list[bytes]], other: tuple[str, list[bytes]]
) -> None:
    first, second = keyed_digest(one[0], *one[1]), keyed_digest(other[0], *other[1])
    assert (first == second) == (one == other)
    assert len(first) == DIGEST_BYTES


@given(st.binary(max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_moving_the_border_between_parts_changes_the_digest(data: bytes, one: int, other: int) -> None:
    first = keyed_digest("p", data[:one], data[one:])
    second = keyed_digest("p", data[:other], data[other:])
    assert (first == second) == (data[:one] == data[:other])
    assert keyed_digest("p", data) != first


def test_a_part_cannot_pass_for_a_purpose() -> None:
    assert keyed_digest("ab", b"c") != keyed_digest("a", b"bc")
    assert keyed_digest("a", b"\0\0\0\1b") != keyed_digest("a", b"", b"b")
    assert keyed_digest("a") != keyed_digest("a", b"")


def test_it_is_the_documented_construction(settings: Any) -> None:
    settings.DIGEST_KEY = b"k" * 32
    message = b"\0\0\0\1p" + b"\0\0\0\0" + b"\0\0\0\2xy"
    assert keyed_digest("p", b"", b"xy") == hmac.digest(b"k" * 32, message, "sha256")
    assert keyed_digest("p", b"", b"xy", key=b"other") == hmac.digest(b"other", message, "sha256")
    assert keyed_digest("p", b"", b"xy", key=b"") == hmac.digest(b"", message, "sha256")


def test_one_device_looks_different_in_each_session() -> None:
    here, there = uuid.uuid4(), uuid.uuid4()
    assert user_agent_digest(here, "Firefox") == user_agent_digest(here, "Firefox")
    assert user_agent_digest(here, "Firefox") != user_agent_digest(there, "Firefox")
    assert user_agent_digest(here, "Firefox") != user_agent_digest(here, "firefox")
    assert user_agent_digest(here, "") is None
    assert user_agent_digest(here, "\udcff") is not None
