"""HTTP/1.1 over one kept-alive connection, with time-outs and patient resending.

Every call of this protocol may be sent twice (docs/api.md): a lost answer is met by sending the same bytes again.
"""

import http.client
import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message as Headers
from urllib.parse import SplitResult, urlsplit

from cbln.errors import AddressError, ProtocolError, UnreachableError

API_PATH = "/api/v1/"
MAX_ANSWER_BYTES = 16 << 20  # 200 messages of 16 KiB are 4.5 MB
_RETRIED = frozenset({502, 503, 504})
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 8.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_random = secrets.SystemRandom()


@dataclass(slots=True)
class Traffic:
    """What this client sent and received so far, in requests and bytes of HTTP (inside TLS if there is TLS)."""

    requests: int = 0
    resends: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `was_resent`: an earlier attempt may have arrived as well."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)
    was_resent: bool

    @property
    def retry_after(self) -> float | None:
        """Seconds, if the server named them in seconds."""
        value = self.headers.get("Retry-After", "")
        return float(value) if value.isascii() and value.isdigit() else None


class Transport:
    """For one thread. `timeout` in seconds per socket operation, `patience` per call with all its resends.

    Over http the bearer token travels in the clear: refused but for this machine and onion services, or `allow_http`.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, timeout: float, patience: float, allow_http: bool = False
    ) -> None:
        self._url = _checked(url, allow_http)
        self._headers = dict(headers)
        self._timeout = timeout
        self.patience = patience
        self.traffic = Traffic()
        self._connection: http.client.HTTPConnection | None = None

    def __repr__(self) -> str:
        return f"<Transport {self._url.hostname}>"

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to `path` below /api/v1/, of whatever status; UnreachableError if none came in time."""
        return self._patiently(lambda: self._read(self._send(method, path, body, headers or {})))

    def stream(self, path: str) -> tuple[Answer, Iterator[bytes]]:
        """GET with the body by lines as they come; where it is cut short the iterator raises UnreachableError."""
        responses: list[http.client.HTTPResponse] = []

        def attempt() -> tuple[int, Headers, bytes]:
            response = self._send("GET", path, None, {})
            responses.append(response)
            return (response.status, response.headers, b"") if response.status == 200 else self._read(response)

        answer = self._patiently(attempt)
        return answer, self._lines(responses[-1])

    def _patiently(self, attempt: Callable[[], tuple[int, Headers, bytes]]) -> Answer:
        deadline = time.monotonic() + self.patience
        attempts = 0
        while True:
            is_fresh = self._connection is None or self._connection.sock is None
            wait = _random.uniform(0.5, 1) * min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(attempts, 10))
            answer, failure = None, ""
            try:
                answer = Answer(*attempt(), was_resent=attempts > 0)
            except ssl.SSLCertVerificationError:
                self.close()
                raise UnreachableError("the server's certificate does not hold") from None
            except (OSError, http.client.HTTPException) as error:
                self.close()
                failure = type(error).__name__
                wait = wait if is_fresh else 0  # the server closed an idle connection: nothing is wrong
            if answer is not None:
                if answer.status not in _RETRIED:
                    return answer
                wait = answer.retry_after if answer.retry_after is not None else wait
            if time.monotonic() + wait > deadline:
                if answer is not None:
                    return answer
                raise UnreachableError(f"no answer from the server ({failure})") from None
            attempts += 1
            self.traffic.resends += 1
            time.sleep(wait)

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = _connect(self._url, self._timeout, self.traffic)
        self.traffic.requests += 1
        more = {} if body is None else {"Content-Type": "application/json"}
        self._connection.request(method, self._url.path + API_PATH + path, body, {**self._headers, **more, **headers})
        response = self._connection.getresponse()
        self.traffic.bytes_received += 17 + sum(len(name) + len(value) + 4 for name, value in response.headers.items())
        return response

    def _read(self, response: http.client.HTTPResponse) -> tuple[int, Headers, bytes]:
        body = b"".join(self._chunks(response))
        return response.status, response.headers, body

    def _chunks(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        size = 0
        while chunk := response.read(1 << 16):
            size += len(chunk)
            self.traffic.bytes_received += len(chunk)
            if size > MAX_ANSWER_BYTES:
                self.close()
                raise ProtocolError("the answer is too long")
            yield chunk
        if response.length:  # http.client says nothing when a body with a Content-Length ends early
            raise http.client.IncompleteRead(b"", response.length)

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        try:
            while line := response.readline(1 << 20):
                self.traffic.bytes_received += len(line)
                yield line
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"the answer was cut short ({type(error).__name__})") from None
        finally:
            self.close()


class _Counting(http.client.HTTPConnection):
    traffic: Traffic

    def send(self, data: bytes) -> None:  # type: ignore[override]  # headers and our bodies are always bytes
        super().send(data)
        self.traffic.bytes_sent += len(data)


class _CountingTLS(_Counting, http.client.HTTPSConnection):
    pass


def _connect(url: SplitResult, timeout: float, traffic: Traffic) -> http.client.HTTPConnection:
    kind = _CountingTLS if url.scheme == "https" else _Counting
    connection = kind(url.hostname or "", url.port, timeout=timeout)
    connection.traffic = traffic
    return connection


def _checked(url: str, allow_http: bool) -> SplitResult:
    try:
        parts = urlsplit(url.rstrip("/"))
        parts.port  # noqa: B018 - raises if it is not a number
    except ValueError:
        raise AddressError("the address cannot be read") from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        raise AddressError("the address has the form https://host[:port][/path]")
    if parts.scheme == "http" and not (allow_http or host in _LOOPBACK or host.endswith(".onion")):
        raise AddressError("http would show the session's token to the network: use https")
    return parts
