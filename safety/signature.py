"""Ed25519 signatures over detection bundles (RFC 8032). The private key need not be on any server.

Signed are the bytes "cbln/1/bundle" 00 followed by the bundle's canonical JSON, exactly as published.
"""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from privacy.envelope import from_base64url, to_base64url

CONTEXT = b"cbln/1/bundle\0"
KEY_BYTES = 32
SIGNATURE_BYTES = 64


class SigningKeyError(Exception):
    """A signing or public key is missing or malformed. The text never holds a key."""


def _key_bytes(text: str, name: str) -> bytes:
    try:
        key = from_base64url(text.strip())
    except ValueError:
        raise SigningKeyError(f"{name} is not base64url without padding.") from None
    if len(key) != KEY_BYTES:
        raise SigningKeyError(f"{name} does not have 32 bytes.")
    return key


def new_private_key() -> str:
    """A fresh private key: 32 random bytes in base64url."""
    return to_base64url(Ed25519PrivateKey.generate().private_bytes_raw())


def public_key_of(private_key: str) -> bytes:
    """The 32-byte public key. Raises SigningKeyError."""
    seed = _key_bytes(private_key, "The signing key")
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def key_id(public_key: bytes) -> str:
    """The first 8 bytes of SHA-256 of a public key, base64url (11 characters)."""
    return to_base64url(hashlib.sha256(public_key).digest()[:8])


def trusted_keys() -> dict[str, bytes]:
    """Key id → public key that releases may be signed with: BUNDLE_PUBLIC_KEYS, else that of BUNDLE_SIGNING_KEY.

    Raises SigningKeyError if one is malformed.
    """
    listed = [_key_bytes(text, "A key in BUNDLE_PUBLIC_KEYS") for text in settings.BUNDLE_PUBLIC_KEYS]
    if not listed and settings.BUNDLE_SIGNING_KEY:
        listed = [public_key_of(settings.BUNDLE_SIGNING_KEY)]
    return {key_id(key): key for key in listed}


def sign(bundle: bytes, private_key: str) -> bytes:
    """64 bytes over the canonical JSON `bundle`. Raises SigningKeyError."""
    seed = _key_bytes(private_key, "The signing key")
    return Ed25519PrivateKey.from_private_bytes(seed).sign(CONTEXT + bundle)


def is_signed(bundle: bytes, signature: bytes, public_key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, CONTEXT + bundle)
    except InvalidSignature:
        return False
    return True


def signer_of(bundle: bytes, signature: bytes) -> str | None:
    """The id of the trusted key that signed `bundle`; None if none did."""
    return next((name for name, key in trusted_keys().items() if is_signed(bundle, signature, key)), None)
