"""The outside of a cbln/1 envelope (docs/protocol.md): all of it that this server can see.

    0  u8 version = 1 | 1  u8 suite = 1 | 2  u16 epoch | 4  12-byte IV | 16  N bytes of ciphertext | 16-byte tag

N is a power of two from 256 to 16384. There is no key here, and so no way further in.
"""

import base64
import binascii
import re

VERSION = 1
SUITE = 1
IV_OFFSET = 4
IV_BYTES = 12
OVERHEAD_BYTES = 32
PLAINTEXT_BYTES = tuple(2**power for power in range(8, 15))
ENVELOPE_BYTES = tuple(size + OVERHEAD_BYTES for size in PLAINTEXT_BYTES)

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+\Z")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_PREFIX = bytes((VERSION, SUITE))


def to_base64url(data: bytes) -> str:
    """base64url without padding (RFC 4648, section 5)."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_URL_SAFE).decode("ascii")


def from_base64url(text: str) -> bytes:
    """The bytes of canonical base64url without padding.

    Raises ValueError for anything else, also for stray bits in the last character: two spellings of the same
    bytes would make "the same envelope again" ambiguous.
    """
    if not _BASE64URL.match(text):
        raise ValueError("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise ValueError("not base64url") from None
    if to_base64url(data) != text:
        raise ValueError("not canonical base64url")
    return data


def is_envelope(data: bytes) -> bool:
    """Whether length, version and suite are those of a cbln/1 envelope."""
    return len(data) in ENVELOPE_BYTES and data[:2] == _PREFIX


def iv_of(envelope: bytes) -> bytes:
    """The 12-byte IV."""
    return envelope[IV_OFFSET : IV_OFFSET + IV_BYTES]
