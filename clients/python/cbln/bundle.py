"""The signed detection bundle: verify before reading, never go back, keep the last good one (docs/api.md,
safety/bundle/).

The signature covers the very bytes received, so nothing is parsed that was not verified. Keys are pinned by the caller.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cbln.base64url import b64url_decode, b64url_encode
from cbln.errors import CblnError

CONTEXT = b"cbln/1/bundle\0"
FORMAT = 1
MAX_BYTES = 8 * 1024 * 1024


class BundleError(CblnError):
    """`reason`: `malformed`, `unknown_key`, `bad_signature`, `unknown_format`, `older` (than one seen before) or
    `expired`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SignedBundle:
    """What travels: the canonical JSON as text, the id of the key, the signature (64 bytes)."""

    text: str
    key_id: str
    signature: bytes

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """BundleError (`malformed`) for anything of another shape."""
        try:
            text, key_id, signature = data["bundle"], data["key_id"], b64url_decode(data["signature"])
        except (KeyError, TypeError, ValueError):
            raise BundleError("malformed") from None
        if not isinstance(text, str) or not isinstance(key_id, str) or len(text) > MAX_BYTES:
            raise BundleError("malformed")
        return cls(text, key_id, signature)

    def verify(self, keys: Iterable[bytes], *, now: datetime, lowest_version: int = 0) -> dict[str, Any]:
        """The bundle, if one of the pinned public `keys` (32 bytes each) signed it, it has not expired at `now` and its
        version is not below `lowest_version`. BundleError otherwise."""
        pinned = {key_id(key): key for key in keys}
        if self.key_id not in pinned:
            raise BundleError("unknown_key")
        try:
            signed = self.text.encode("utf-8")
            Ed25519PublicKey.from_public_bytes(pinned[self.key_id]).verify(self.signature, CONTEXT + signed)
        except (InvalidSignature, UnicodeEncodeError):
            raise BundleError("bad_signature") from None
        bundle, version, not_after = _read(signed)
        if version < lowest_version:
            raise BundleError("older")
        if now >= not_after:
            raise BundleError("expired")
        return bundle


class BundleFile:
    """The last good bundle in a file, so that detection works offline and no server can bring an older one back."""

    def __init__(self, path: Path, keys: Iterable[bytes]) -> None:
        self._path = path
        self._keys = tuple(keys)

    def load(self, *, now: datetime | None = None) -> dict[str, Any]:
        """The stored bundle, verified anew. BundleError; FileNotFoundError if there is none yet."""
        return self._stored().verify(self._keys, now=now or datetime.now(UTC))

    def accept(self, offered: SignedBundle, *, now: datetime | None = None) -> dict[str, Any]:
        """Verify `offered` and keep it in place of the stored one. BundleError leaves the stored one as it is."""
        try:
            # Its own expiry does not matter here: the version seen last is the lowest to accept, however old.
            lowest = _read(self._stored().text.encode())[1]
        except (FileNotFoundError, BundleError):
            lowest = 0
        bundle = offered.verify(self._keys, now=now or datetime.now(UTC), lowest_version=lowest)
        content = {"bundle": offered.text, "key_id": offered.key_id, "signature": b64url_encode(offered.signature)}
        draft = self._path.with_name(self._path.name + ".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        return bundle

    def _stored(self) -> SignedBundle:
        try:
            return SignedBundle.from_json(json.loads(self._path.read_text(encoding="utf-8")))
        except ValueError:
            raise BundleError("malformed") from None


def key_id(public_key: bytes) -> str:
    """The first 8 bytes of SHA-256 of a public key, base64url."""
    return b64url_encode(hashlib.sha256(public_key).digest()[:8])


def _read(signed: bytes) -> tuple[dict[str, Any], int, datetime]:
    """The bundle, its version and its end. Only for bytes whose signature held, now or when they were stored."""
    try:
        bundle = json.loads(signed)
        if bundle["format"] != FORMAT:
            raise BundleError("unknown_format")
        version, not_after = bundle["version"], datetime.fromisoformat(bundle["not_after"])
    except (ValueError, KeyError, TypeError):
        raise BundleError("malformed") from None
    if type(version) is not int or version < 1 or not_after.tzinfo is None:
        raise BundleError("malformed")
    return bundle, version, not_after
