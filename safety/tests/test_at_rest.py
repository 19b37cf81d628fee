import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import at_rest
from safety.at_rest import FieldKeysError, KeyRing
from safety.tests.keys import CANARY, FIRST_KEY, SECOND_KEY

PLACE: dict[str, Any] = {"table": "training_data", "column": "content_encrypted", "row": uuid.UUID(int=7)}


def sealed(text: str = "xin chào") -> bytes:
    return at_rest.seal(text.encode(), **PLACE)


def test_a_sealed_value_has_the_documented_bytes() -> None:
    value = sealed("abc")
    assert value[:6] == bytes((1, 2, 0, 0, 0, 1))
    assert len(value) == 6 + 12 + 3 + 16


@given(st.binary(min_size=1, max_size=200))
def test_what_is_sealed_opens(plaintext: bytes) -> None:
    assert at_rest.unseal(at_rest.seal(plaintext, **PLACE), **PLACE) == plaintext


def test_the_same_text_is_never_sealed_alike() -> None:
    assert sealed() != sealed()


@pytest.mark.parametrize(
    "change",
    [{"table": "other"}, {"column": "other"}, {"row": uuid.UUID(int=8)}, {"table": "training", "column": "_data"}],
)
def test_a_value_moved_to_another_place_does_not_open(change: dict[str, Any]) -> None:
    with pytest.raises(FieldKeysError):
        at_rest.unseal(sealed(), **PLACE | change)


def test_each_flipped_bit_is_noticed() -> None:
    value = sealed("ab")
    for place in range(len(value) * 8):
        changed = bytearray(value)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(FieldKeysError):
            at_rest.unseal(bytes(changed), **PLACE)


def test_the_first_key_writes_and_each_opens_its_own(settings: Any) -> None:
    old = sealed()
    settings.FIELD_KEYS = f"{SECOND_KEY},{FIRST_KEY}"
    assert at_rest.key_id_of(sealed()) == 2
    assert at_rest.unseal(old, **PLACE) == "xin chào".encode()


def test_a_key_is_not_found_by_trial(settings: Any) -> None:
    value = sealed()
    settings.FIELD_KEYS = FIRST_KEY.replace("1:", "2:")
    with pytest.raises(FieldKeysError, match="no key 1"):
        at_rest.unseal(value, **PLACE)


@pytest.mark.parametrize(
    "ring", ["", "1", "1:", "x:AAAA", "0:" + FIRST_KEY[2:], "1:AAAA", f"{FIRST_KEY},{FIRST_KEY}", "1:%%%", "-1:AAAA"]
)
def test_a_malformed_ring_is_refused_without_repeating_it(ring: str) -> None:
    with pytest.raises(FieldKeysError) as refusal:
        KeyRing.parse(ring)
    assert FIRST_KEY[2:] not in str(refusal.value)


def test_errors_and_rings_show_neither_keys_nor_words(settings: Any) -> None:
    value = sealed(CANARY)
    settings.FIELD_KEYS = "1:" + SECOND_KEY[2:]
    with pytest.raises(FieldKeysError) as refusal:
        at_rest.unseal(value, **PLACE)
    assert CANARY not in repr(refusal.value)
    assert "keys" not in repr(KeyRing.current())


def test_a_made_key_is_one_the_ring_takes() -> None:
    assert KeyRing.parse(at_rest.new_key(4)).writes_with == 4
