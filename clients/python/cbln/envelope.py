"""Seal and open one record (docs/protocol.md, "Envelope"): AES-256-GCM over padded JSON, bound to its place."""

import json
import math
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NoReturn
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cbln.errors import EnvelopeError
from cbln.keys import KEY_BYTES

VERSION = 1
SUITE = 1
HEADER_BYTES = 4
IV_BYTES = 12
TAG_BYTES = 16
OVERHEAD_BYTES = HEADER_BYTES + IV_BYTES + TAG_BYTES
BUCKETS = tuple(256 << n for n in range(7))  # 256 … 16384
MAX_BODY_BYTES = BUCKETS[-1] - 4
MAX_DEPTH = 32


class RecordType(IntEnum):
    """The label of the key and the byte in the AAD."""

    MESSAGE = 1
    CONTEXT = 2
    FEEDBACK = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Role(IntEnum):
    """Who wrote it; NONE for context and feedback."""

    NONE = 0
    USER = 1
    AI = 2
    STAFF = 3

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record belongs. It is authenticated with the ciphertext: a record moved elsewhere does not open."""

    type: RecordType
    role: Role
    session_id: UUID
    record_id: UUID
    client_seq: int
    epoch: int = 0

    def associated_data(self) -> bytes:
        """The 50 bytes of AAD; struct.error if a number is out of its range."""
        head = struct.pack(">4sBBHBB", b"CBLN", VERSION, SUITE, self.epoch, self.type, self.role)
        return head + self.session_id.bytes + self.record_id.bytes + struct.pack(">Q", self.client_seq)


def encrypt(key: bytes, iv: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AES-GCM (NIST SP 800-38D): ciphertext and 16-byte tag. ValueError unless the IV has 12 bytes."""
    if len(iv) != IV_BYTES:
        raise ValueError("the IV has 12 bytes")
    return AESGCM(key).encrypt(iv, plaintext, aad)


def decrypt(key: bytes, iv: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """The plaintext, or EnvelopeError if anything at all was changed."""
    if len(iv) != IV_BYTES or len(ciphertext) < TAG_BYTES:
        raise EnvelopeError("too short")
    try:
        return AESGCM(key).decrypt(iv, ciphertext, aad)
    except InvalidTag:
        raise EnvelopeError("wrong key, wrong place or changed bytes") from None


def seal(key: bytes, place: Place, body: Mapping[str, Any]) -> bytes:
    """The envelope of `body`, a JSON object with at least `text` (str); 288…16416 bytes, another IV each time.

    EnvelopeError if it is longer than MAX_BODY_BYTES, or a body that `open_envelope` would refuse.
    """
    return seal_with_iv(key, place, body, secrets.token_bytes(IV_BYTES))


def seal_with_iv(key: bytes, place: Place, body: Mapping[str, Any], iv: bytes) -> bytes:
    """For test vectors alone: an IV used twice under one key gives both texts away."""
    header = struct.pack(">BBH", VERSION, SUITE, place.epoch)
    plaintext = _pad(_encode(body))
    return header + iv + encrypt(_checked(key), iv, plaintext, place.associated_data())


def open_envelope(key: bytes, place: Place, envelope: bytes) -> dict[str, Any]:
    """The body of an envelope found at `place`; EnvelopeError for whatever this protocol would not have written.

    Refused: other lengths than header + IV + bucket + tag, other version, suite or epoch, a tag that does not hold,
    non-zero padding, a length beyond the plaintext, bad UTF-8, JSON with duplicate keys, NaN, infinities, lone
    surrogates or more than 32 levels, no `text`. Unknown members are kept: a later client may add some. A larger
    bucket than needed is accepted: a client may hide a length better.
    """
    if len(envelope) - OVERHEAD_BYTES not in BUCKETS:
        raise EnvelopeError("the length is not that of an envelope")
    if envelope_epoch(envelope) != place.epoch:
        raise EnvelopeError("another epoch")
    iv, ciphertext = envelope[HEADER_BYTES : HEADER_BYTES + IV_BYTES], envelope[HEADER_BYTES + IV_BYTES :]
    return _decode(_unpad(decrypt(_checked(key), iv, ciphertext, place.associated_data())))


def envelope_epoch(envelope: bytes) -> int:
    """The epoch in the header (it chooses the key); EnvelopeError for another version or suite."""
    if len(envelope) < HEADER_BYTES or envelope[:2] != bytes((VERSION, SUITE)):
        raise EnvelopeError("not version 1, suite 1")
    return int.from_bytes(envelope[2:HEADER_BYTES], "big")


def is_sealable(text: str) -> bool:
    """Whether one message can hold the text: it is UTF-8 and at most MAX_BODY_BYTES as JSON."""
    try:
        _pad(_encode({"text": text}))
    except EnvelopeError:
        return False
    return True


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError("the key has 32 bytes")
    return key


def _encode(body: Mapping[str, Any]) -> bytes:
    try:
        content = json.dumps(dict(body), ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError):  # UnicodeEncodeError (lone surrogates) is a ValueError
        raise EnvelopeError("the body is not JSON in UTF-8") from None
    _decode(content)  # what is sealed can be opened
    return content


def _pad(content: bytes) -> bytes:
    if len(content) > MAX_BODY_BYTES:
        raise EnvelopeError("too long for one message")
    size = next(bucket for bucket in BUCKETS if len(content) + 4 <= bucket)
    return (struct.pack(">I", len(content)) + content).ljust(size, b"\x00")


def _unpad(plaintext: bytes) -> bytes:
    end = 4 + int.from_bytes(plaintext[:4], "big")
    if end > len(plaintext):
        raise EnvelopeError("the length is beyond the plaintext")
    if plaintext[end:].strip(b"\x00"):
        raise EnvelopeError("the padding is not zero")
    return plaintext[4:end]


def _decode(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(
            content.decode(), object_pairs_hook=_distinct, parse_constant=_refuse_constant, parse_float=_finite
        )
        if not _is_shallow(body, MAX_DEPTH):
            raise ValueError("too deep")
        json.dumps(body, ensure_ascii=False).encode()  # finds lone surrogates at any depth
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise EnvelopeError("not the JSON of this protocol") from None
    if not isinstance(body, dict) or not isinstance(body.get("text"), str):
        raise EnvelopeError("the body has no text")
    return body


def _is_shallow(value: Any, levels: int) -> bool:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(child, levels - 1) for child in children)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("duplicate key")
    return body


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value
