"""What sealing keeps, and what opening refuses."""

import struct
from typing import Any
from uuid import UUID

import pytest
from cbln.base64url import b64url_decode, b64url_encode
from cbln.envelope import (
    BUCKETS,
    MAX_BODY_BYTES,
    OVERHEAD_BYTES,
    Place,
    RecordType,
    Role,
    encrypt,
    envelope_epoch,
    open_envelope,
    seal,
)
from cbln.errors import EnvelopeError
from hypothesis import given
from hypothesis import strategies as st

KEY = bytes(range(32))
PLACE = Place(RecordType.MESSAGE, Role.USER, UUID(int=1), UUID(int=2), 3, epoch=4)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
places = st.builds(
    Place,
    st.sampled_from(RecordType),
    st.sampled_from(Role),
    st.uuids(),
    st.uuids(),
    st.integers(0, 2**64 - 1),
    st.integers(0, 0xFFFF),
)


def sealed_raw(content: bytes, *, length: int | None = None, size: int = 256) -> bytes:
    """An envelope whose inside a well-behaved client would not have written."""
    plaintext = struct.pack(">I", len(content) if length is None else length) + content
    iv = bytes(12)
    return struct.pack(">BBH", 1, 1, 4) + iv + encrypt(KEY, iv, plaintext.ljust(size, b"\0"), PLACE.associated_data())


@given(texts, st.dictionaries(texts.filter(lambda name: name != "text"), json_values, max_size=3), places)
def test_what_is_sealed_opens_as_it_was(text: str, more: dict[str, Any], place: Place) -> None:
    body = {"text": text, **more}
    envelope = seal(KEY, place, body)
    assert open_envelope(KEY, place, envelope) == body
    assert len(envelope) - OVERHEAD_BYTES in BUCKETS
    assert envelope_epoch(envelope) == place.epoch
    assert b64url_decode(b64url_encode(envelope)) == envelope


ENVELOPE = seal(KEY, PLACE, {"text": "Hôm nay em buồn quá"})


@given(st.integers(0, 8 * len(ENVELOPE) - 1))
def test_any_flipped_bit_is_refused(bit: int) -> None:
    changed = bytearray(ENVELOPE)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(EnvelopeError):
        open_envelope(KEY, PLACE, bytes(changed))


@given(places)
def test_another_place_is_refused(place: Place) -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(KEY, place, ENVELOPE)


@given(st.binary(max_size=700))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(KEY, PLACE, noise)


def test_the_same_text_never_gives_the_same_envelope() -> None:
    assert len({seal(KEY, PLACE, {"text": "a"}) for _ in range(100)}) == 100


def test_the_length_shows_only_the_bucket() -> None:
    lengths = {len(seal(KEY, PLACE, {"text": "x" * n})) - OVERHEAD_BYTES for n in range(0, MAX_BODY_BYTES - 11, 97)}
    assert lengths == set(BUCKETS)


def test_the_longest_text_fits_and_one_more_byte_does_not() -> None:
    longest = "x" * (MAX_BODY_BYTES - len('{"text":""}'))
    assert open_envelope(KEY, PLACE, seal(KEY, PLACE, {"text": longest}))["text"] == longest
    with pytest.raises(EnvelopeError, match="too long"):
        seal(KEY, PLACE, {"text": longest + "x"})


def test_a_wider_padding_than_needed_is_accepted() -> None:
    assert open_envelope(KEY, PLACE, sealed_raw(b'{"text":"a"}', size=4096)) == {"text": "a"}


@pytest.mark.parametrize(
    "content",
    [
        b'{"text":"a","text":"b"}',
        b'{"text":"a","more":{"x":1,"x":1}}',
        b'{"text":NaN}',
        b'{"text":"a","sentiment_score":Infinity}',
        b'{"text":"a","sentiment_score":1e999}',
        b'{"text":"\\ud800"}',
        b'{"text":"a","\\udfff":1}',
        b'{"text":"\xc3"}',
        b'\xef\xbb\xbf{"text":"a"}',
        b'{"text":null}',
        b"{}",
        b'["text"]',
        b"",
        b'{"text":"a"} {}',
        b'{"text":"a","n":' + b"9" * 5000 + b"}",
        b'{"text":"a","deep":' + b"[" * 7000 + b"]" * 7000 + b"}",
    ],
)
def test_a_body_this_protocol_does_not_write_is_refused(content: bytes) -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(KEY, PLACE, sealed_raw(content, size=16384))


@pytest.mark.parametrize(
    "envelope",
    [
        sealed_raw(b'{"text":"a"}', length=13 + 240),
        sealed_raw(b'{"text":"a"}', length=0xFFFFFFFF),
        sealed_raw(b'{"text":"a"}' + b"\1"),
        sealed_raw(b'{"text":"a"}', size=300),
        sealed_raw(b'{"text":"a"}', size=128),
        sealed_raw(b'{"text":"a"}', size=32768),
    ],
)
def test_wrong_lengths_and_padding_are_refused(envelope: bytes) -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(KEY, PLACE, envelope)


@pytest.mark.parametrize(
    "body", [{}, {"text": 1}, {"text": "\ud800"}, {"text": "a", "x": float("nan")}, {"text": "a", "x": b""}]
)
def test_a_body_that_others_could_not_read_is_not_sealed(body: dict[str, Any]) -> None:
    with pytest.raises(EnvelopeError):
        seal(KEY, PLACE, body)


@pytest.mark.parametrize("text", ["AQ==", "A", "AR", "A Q", "AQ\n", "A+/A", "ＡQ"])
def test_only_canonical_base64url_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        b64url_decode(text)
