"""One spelling for the same bytes, and only the sizes and the suite of the protocol."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from privacy.envelope import ENVELOPE_BYTES, from_base64url, is_envelope, iv_of, to_base64url

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.binary(min_size=1))
def test_bytes_come_back_from_their_text(data: bytes) -> None:
    text = to_base64url(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert from_base64url(text) == data


@given(st.text() | st.text(alphabet=ALPHABET + "+/= \n"))
@example("")
@example("A")
@example("AAAAA")
@example("AQ\n")
@example("ＡＱ")
def test_whatever_is_read_was_spelled_the_one_way(text: str) -> None:
    try:
        data = from_base64url(text)
    except ValueError:
        return
    assert to_base64url(data) == text


@given(st.binary(min_size=1))
def test_every_other_spelling_of_the_same_bytes_is_refused(data: bytes) -> None:
    text = to_base64url(data)
    padded = text + "=" * (-len(text) % 4)
    others = {padded, padded + "=", text + "\n", " " + text, text + "\0", text.replace("-", "+").replace("_", "/")}
    if len(text) % 4:  # the last character has bits to spare
        spare = 4 if len(text) % 4 == 2 else 2
        value = ALPHABET.index(text[-1])
        others |= {text[:-1] + ALPHABET[value | bits] for bits in range(1, 2**spare)}
    for other in others - {text}:
        with pytest.raises(ValueError, match="base64url"):
            from_base64url(other)


def test_only_the_lengths_of_padded_records_are_envelopes() -> None:
    longest = bytes((1, 1)) + bytes(max(ENVELOPE_BYTES) + 100)
    taken = [size for size in range(len(longest)) if is_envelope(longest[:size])]
    assert taken == [288, 544, 1056, 2080, 4128, 8224, 16416] == list(ENVELOPE_BYTES)


def test_only_version_one_and_suite_one_are_envelopes() -> None:
    taken = [(v, s) for v in range(256) for s in range(256) if is_envelope(bytes((v, s)) + bytes(286))]
    assert taken == [(1, 1)]


def test_the_iv_is_what_stands_between_header_and_ciphertext() -> None:
    assert iv_of(b"\1\1\0\0" + b"0123456789ab" + bytes(272)) == b"0123456789ab"
