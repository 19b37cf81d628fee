"""Every failure this library expects. No message repeats a token, a phrase or a text: they may end up in a log."""

from collections.abc import Mapping, Sequence
from typing import Any


class CblnError(Exception):
    """The base of them all."""


class PhraseError(CblnError):
    """A recovery phrase that cannot be read.

    `kind` is `word_count`, `unknown_word` or `checksum`; `count` the words found; `position` (from 1) the first
    unknown word; `suggestions` the list's nearest entries to it. The words as typed are not kept.
    """

    def __init__(self, kind: str, *, count: int, position: int | None = None, suggestions: Sequence[str] = ()) -> None:
        super().__init__(kind if position is None else f"{kind} at word {position}")
        self.kind = kind
        self.count = count
        self.position = position
        self.suggestions = tuple(suggestions)


class EnvelopeError(CblnError):
    """An envelope that was refused, or a text that cannot be sealed. `reason` is one fixed English sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutboxError(CblnError):
    """The outbox file is locked by another process, belongs to another session, or is damaged before its last line."""


class UnreachableError(CblnError):
    """No complete answer within the patience given. Whether the last attempt arrived is unknown; resending is safe."""


class AddressError(CblnError):
    """A server address that cannot be used, or not safely."""


class ProtocolError(CblnError):
    """An answer that is not of this protocol (a captive portal, a wrong address, a server of another version)."""


class ProofOfWorkError(CblnError):
    """The server asks for more work than the client is willing to do."""


class ApiError(CblnError):
    """A refusal by the server (RFC 9457 problem details). `code` is stable; `errors`: `{pointer, code, detail}`."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.code = str(problem.get("code", "unexpected_answer"))
        self.title = str(problem.get("title", ""))
        self.errors: list[dict[str, Any]] = list(problem.get("errors") or [])
        self.proof_of_work: dict[str, Any] | None = problem.get("proof_of_work")
        self.retry_after = retry_after
        self.was_resent = False  # True: an earlier attempt of the same call may have been carried out
        super().__init__(f"{status} {self.code}")


class InvalidRequestError(ApiError):
    """400, 405, 406, 411, 413, 415: the request itself is wrong; sending it again will not help."""


class UnauthorizedError(ApiError):
    """401: the session is unknown, expired or erased."""


class NotFoundError(ApiError):
    """404: no such thing in this session."""


class ConflictError(ApiError):
    """409, 412, 422, 428: the request is sound, the state on the server is another."""


class ThrottledError(ApiError):
    """429: work or waiting is asked for."""


class ServerError(ApiError):
    """5xx."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: UnauthorizedError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    422: ConflictError,
    428: ConflictError,
    429: ThrottledError,
}


def api_error(status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> ApiError:
    """The exception for an answer of `status` (not 2xx) with this problem document."""
    default = ServerError if status >= 500 else InvalidRequestError
    return _BY_STATUS.get(status, default)(status, problem, retry_after)
