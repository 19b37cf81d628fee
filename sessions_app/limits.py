"""How many sessions an address may open before each costs a little work. Nobody is turned away: many share one
school's address.

At rest there is no address: the cache holds a counter under HMAC(a key that lives in memory and changes daily,
network) for at most an
hour. If the cache cannot be reached the door stays open; a person at night matters more than a limit.
"""

import hashlib
import hmac
import ipaddress
import logging
import secrets
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from privacy.digests import keyed_digest
from privacy.envelope import from_base64url, to_base64url
from privacy.problems import ProofOfWorkRequired

logger = logging.getLogger("cbln.limits")

WINDOW_SECONDS = 3600
CHALLENGE_SECONDS = 600
MAX_EXTRA_BITS = 6
_CHALLENGE = struct.Struct(">IB16s")  # expires at (Unix time), bits, nonce
_MAC_BYTES = 16
_process_key = secrets.token_bytes(32)


@dataclass(frozen=True)
class Proof:
    challenge: str
    nonce: str


def client_network(meta: Mapping[str, str]) -> str:
    """The network a request comes from: the IPv4 address, or the /64 of an IPv6 one.

    X-Forwarded-For is read from the right and only as far as configured proxies wrote it: whatever a client sends in
    it changes nothing.
    """
    trusted = [ipaddress.ip_network(network) for network in settings.TRUSTED_PROXIES]
    hops = [meta.get("REMOTE_ADDR", ""), *reversed(meta.get("HTTP_X_FORWARDED_FOR", "").split(","))]
    address = None
    for hop in hops:
        try:
            address = ipaddress.ip_address(hop.strip())
        except ValueError:
            break
        if not any(address in network for network in trusted):
            break
    if address is None:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    prefix = 32 if address.version == 4 else 64
    return str(ipaddress.ip_network((address, prefix), strict=False))


def admit_creation(*, network: str, proof: Proof | None) -> None:
    """Count one session creation by `network`; beyond the allowance raise ProofOfWorkRequired unless `proof` holds."""
    key = _counter_key(network)
    try:
        cache.add(key, 0, timeout=WINDOW_SECONDS)
        count = cache.incr(key)
        if count <= settings.SESSION_CREATIONS_PER_HOUR or (proof is not None and _holds(proof)):
            return
        cache.decr(key)
    except (RedisError, ValueError) as error:  # ValueError: the counter ended between the two calls
        logger.warning("session creations are not limited: %s", type(error).__name__)
        return
    raise ProofOfWorkRequired(extra={"proof_of_work": _new_challenge(count)})


def _counter_key(network: str) -> str:
    day = datetime.now(UTC).date().isoformat()
    key = settings.RATE_LIMIT_KEY or _process_key
    return "created:" + to_base64url(keyed_digest("session-creation", day.encode(), network.encode(), key=key))


def _new_challenge(count: int) -> dict[str, object]:
    allowance = max(1, settings.SESSION_CREATIONS_PER_HOUR)
    bits = settings.PROOF_OF_WORK_BITS + min(MAX_EXTRA_BITS, (count // (4 * allowance)).bit_length())
    expires = int(time.time()) + CHALLENGE_SECONDS
    body = _CHALLENGE.pack(expires, bits, secrets.token_bytes(16))
    return {
        "algorithm": "sha256",
        "challenge": to_base64url(body + keyed_digest("proof-of-work", body)[:_MAC_BYTES]),
        "bits": bits,
        "expires_at": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _holds(proof: Proof) -> bool:
    """Whether `proof` answers a challenge of ours that has not expired, and for the first time."""
    try:
        challenge = from_base64url(proof.challenge)
        expires, bits, _ = _CHALLENGE.unpack(challenge[:-_MAC_BYTES])
    except (ValueError, struct.error):
        return False
    mac = keyed_digest("proof-of-work", challenge[:-_MAC_BYTES])[:_MAC_BYTES]
    if not hmac.compare_digest(mac, challenge[-_MAC_BYTES:]) or expires < time.time():
        return False
    digest = hashlib.sha256(f"{proof.challenge}:{proof.nonce}".encode()).digest()
    if int.from_bytes(digest, "big") >> (256 - bits):
        return False
    return cache.add("spent:" + proof.challenge, 1, timeout=CHALLENGE_SECONDS)
