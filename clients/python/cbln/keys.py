"""From 16 random bytes to every key of a conversation (docs/protocol.md, "Keys").

The entropy is generated, never chosen, so that no password stretching is needed. Of all that is made here only the
token leaves the client.
"""

import hashlib
import hmac
import secrets
from functools import cached_property
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from cbln.base64url import b64url_encode

PROTOCOL = b"cbln/1"
ENTROPY_BYTES = 16
KEY_BYTES = 32
MAX_EPOCH = 0xFFFF


def generate_entropy() -> bytes:
    """16 bytes from the operating system's CSPRNG."""
    return secrets.token_bytes(ENTROPY_BYTES)


def hkdf_extract(salt: bytes, ikm: bytes) -> bytes:
    """HKDF-Extract with SHA-256 (RFC 5869, 2.2): 32 bytes."""
    return hmac.digest(salt, ikm, "sha256")


def hkdf_expand(prk: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand with SHA-256 (RFC 5869, 2.3): `length` bytes; ValueError beyond 255 * 32."""
    return HKDFExpand(SHA256(), length, info).derive(prk)


class Keys:
    """The keys of one entropy. `repr` shows nothing of them."""

    def __init__(self, entropy: bytes) -> None:
        if len(entropy) != ENTROPY_BYTES:
            raise ValueError(f"entropy is {ENTROPY_BYTES} bytes")
        self.entropy = bytes(entropy)
        self._prk = hkdf_extract(PROTOCOL, self.entropy)

    def __repr__(self) -> str:
        return "<Keys>"

    def subkey(self, label: str, context: bytes = b"") -> bytes:
        """32 bytes for one purpose: HKDF-Expand(prk, "cbln/1/" + label + 0x00 + context)."""
        return hkdf_expand(self._prk, PROTOCOL + b"/" + label.encode() + b"\x00" + context, KEY_BYTES)

    @cached_property
    def token(self) -> str:
        """The bearer token: `cbln_` and 43 characters of base64url."""
        return "cbln_" + b64url_encode(self.subkey("auth"))

    @cached_property
    def token_digest(self) -> bytes:
        """SHA-256 of the token, 32 bytes: all the server keeps of it."""
        return hashlib.sha256(self.token.encode()).digest()

    def record_key(self, label: str, session_id: UUID, epoch: int) -> bytes:
        """The AES-256 key of one kind of record (`message`, `context`, `feedback`) in one epoch (0…65535)."""
        return self.subkey(label, session_id.bytes + epoch.to_bytes(2, "big"))
