"""One-way digests of what must be recognised again but not kept."""

import hashlib
import hmac
import re
import secrets
from uuid import UUID

from django.conf import settings

from privacy.envelope import to_base64url

DIGEST_BYTES = 32
TOKEN = re.compile(r"cbln_[A-Za-z0-9_-]{43}\Z")


def new_token() -> str:
    """A bearer token of 256 random bits: `cbln_` and 43 characters of base64url."""
    return "cbln_" + to_base64url(secrets.token_bytes(32))


def token_digest(token: str) -> bytes:
    """SHA-256 of a bearer token, 32 bytes. The token has 128 bits of entropy or more, so no key or stretching is
    needed."""
    return hashlib.sha256(token.encode("ascii")).digest()


def keyed_digest(purpose: str, *parts: bytes, key: bytes | None = None) -> bytes:
    """HMAC-SHA256 under `key` (DIGEST_KEY if none), 32 bytes, separated by purpose; parts are length-prefixed."""
    message = b"".join(len(part).to_bytes(4, "big") + part for part in (purpose.encode(), *parts))
    return hmac.digest(settings.DIGEST_KEY if key is None else key, message, "sha256")


def user_agent_digest(session_id: UUID, user_agent: str) -> bytes | None:
    """The digest that lets one session notice another kind of device; None if the client sent no User-Agent.

    The session id is part of it, so that equal devices do not link two sessions.
    """
    if not user_agent:
        return None
    return keyed_digest("user-agent", session_id.bytes, user_agent.encode(errors="surrogateescape"))
