"""The work a busy server asks for before it opens another session (docs/api.md, "POST sessions/")."""

import hashlib
from collections.abc import Callable
from itertools import count

from cbln.errors import ProofOfWorkError

MAX_BITS = 24  # about ten seconds of one core
_REPORT_EVERY = 1 << 16


def solve(
    challenge: str, bits: int, *, max_bits: int = MAX_BITS, on_progress: Callable[[int, int], None] | None = None
) -> str:
    """The decimal nonce such that SHA-256(challenge ":" nonce) begins with `bits` zero bits.

    `on_progress(tries, expected_tries)` is called now and then. ProofOfWorkError if `bits` is above `max_bits` (≤ 32).
    """
    if not 0 <= bits <= max_bits:
        raise ProofOfWorkError(f"the server asks for {bits} bits of work")
    start = hashlib.sha256(f"{challenge}:".encode())
    for tries in count():  # pragma: no branch
        attempt = start.copy()
        attempt.update(b"%d" % tries)
        if int.from_bytes(attempt.digest()[:4], "big") >> (32 - bits) == 0:
            return str(tries)
        if on_progress and tries % _REPORT_EVERY == 0:
            on_progress(tries, 1 << bits)
    raise AssertionError("count() does not end")
