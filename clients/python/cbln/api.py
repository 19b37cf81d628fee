"""Every call of docs/api.md, typed. It carries envelopes; it cannot open them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID

from cbln import proof_of_work
from cbln.base64url import b64url_encode
from cbln.bundle import SignedBundle
from cbln.errors import ApiError, NotFoundError, ProtocolError, ThrottledError, UnauthorizedError, api_error
from cbln.records import (
    Config,
    Json,
    OutgoingMessage,
    Page,
    Session,
    StoredContext,
    StoredFeedback,
    StoredMessage,
    format_time,
    parse,
)
from cbln.transport import Answer, Traffic, Transport

DEFAULT_URL = "http://127.0.0.1:22000"
BATCH_MESSAGES = 100
BODY_BYTES = 131072
PAGE_MESSAGES = 200
_CHALLENGES = 3  # a solution may arrive when its challenge has just expired


class ApiClient:
    """One session's calls, by one bearer token; for one thread. Use it as a context manager or `close` it.

    Every call may raise UnreachableError (no answer within `patience` seconds, resends included), ProtocolError and
    the ApiError of the server's refusal. Lost answers are met by resending; that stores nothing twice.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        language: str = "vi",
        timeout: float = 10.0,
        patience: float = 30.0,
        allow_http: bool = False,
        max_work_bits: int = proof_of_work.MAX_BITS,
        on_work: Callable[[int, int], None] | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language, "Accept": "*/*"}
        self._token = token
        self._transport = Transport(url, headers, timeout=timeout, patience=patience, allow_http=allow_http)
        self._max_work_bits, self._on_work = max_work_bits, on_work

    def __repr__(self) -> str:
        return f"<ApiClient {self._transport!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        self._transport.close()

    @property
    def traffic(self) -> Traffic:
        return self._transport.traffic

    def get_config(self) -> Config:
        """The server's limits and what it offers."""
        return parse(Config.from_json, self._json("GET", "config/"))

    def get_bundle(self) -> SignedBundle:
        """The newest signed detection bundle, not yet verified. NotFoundError while the server has none."""
        return SignedBundle.from_json(self._json("GET", "safety/bundle/"))

    def list_resources(self, *, language: str | None = None, level: str | None = None) -> list[Json]:
        """Verified hotlines as docs/api.md describes them, by language spoken and level."""
        query = urlencode({name: value for name, value in (("language", language), ("level", level)) if value})
        return list(self._json("GET", f"safety/resources/?{query}" if query else "safety/resources/")["results"])

    def donate(self, text: str, *, language: str, withdrawal_code: str, **groups: str) -> None:
        """Give one message for training, IN CLEAR, by the user's explicit act. The caller makes and keeps the code
        (`cbwd_` and 43 characters of base64url); sent again with it, nothing is stored twice."""
        body = {"text": text, "language": language, "withdrawal_code": withdrawal_code} | groups
        self._json("POST", "training-donations/", body)

    def withdraw_donation(self, withdrawal_code: str) -> None:
        """Take a donation back. NotFoundError if it is gone already."""
        self._call("POST", "training-donations/withdrawals/", {"withdrawal_code": withdrawal_code})

    def create_session(self, *, language_preference: str = "vi", lifetime_days: int = 30) -> Session:
        """Open the session of this client's token (look at it, if it is open), with the work the server asks for."""
        body: dict[str, Any] = {
            "language_preference": language_preference,
            "lifetime_days": lifetime_days,
            "session_token": self._token,
        }
        for attempt in range(_CHALLENGES + 1):
            try:
                return parse(Session.from_json, self._json("POST", "sessions/", body))
            except ThrottledError as error:
                if error.proof_of_work is None or attempt == _CHALLENGES:
                    raise
                body["proof_of_work"] = parse(self._solve, error.proof_of_work)
        raise AssertionError("the last attempt returns or raises")

    def get_session(self) -> Session:
        """UnauthorizedError if there is none under this token."""
        return parse(Session.from_json, self._json("GET", "sessions/current/"))

    def update_session(self, **changes: str | int | bool) -> Session:
        """`language_preference`, `lifetime_days` (from now, only ever sooner), `is_crisis_mode`, `shares_signals`."""
        try:
            return parse(Session.from_json, self._json("PATCH", "sessions/current/", changes))
        except ApiError as error:
            if error.code == "lifetime_not_shorter" and error.was_resent:
                return self.get_session()  # the first attempt did it
            raise

    def delete_session(self) -> None:
        """Erase the session and all in it."""
        self._delete("sessions/current/")

    def list_messages(self, *, limit: int = 50, before: int | None = None, after: int | None = None) -> Page:
        """Newest first (older than seq `before`), or with `after` oldest first (newer than it). `limit` 1…200."""
        cursor = {"limit": limit, "before": before, "after": after}
        query = urlencode({key: value for key, value in cursor.items() if value is not None})
        return parse(Page.from_json, self._json("GET", f"messages/?{query}"))

    def post_message(self, message: OutgoingMessage, signals: Json | None = None) -> StoredMessage:
        """Store one message; the same again is answered with the message stored."""
        return parse(StoredMessage.from_json, self._json("POST", "messages/", {**message.to_json(), **(signals or {})}))

    def post_messages(
        self, messages: Sequence[OutgoingMessage], signals: Sequence[Json] | None = None
    ) -> list[StoredMessage]:
        """Store 1…100 messages in this order, all or none."""
        more: Sequence[Json] = signals or [{}] * len(messages)
        body = {"messages": [{**message.to_json(), **extra} for message, extra in zip(messages, more, strict=True)]}
        data = self._json("POST", "messages/batch/", body)
        return parse(lambda data: [StoredMessage.from_json(message) for message in data["results"]], data)

    def get_message(self, message_id: UUID) -> StoredMessage:
        return parse(StoredMessage.from_json, self._json("GET", f"messages/{message_id}/"))

    def delete_message(self, message_id: UUID) -> None:
        self._delete(f"messages/{message_id}/")

    def get_context(self) -> StoredContext | None:
        """None if there is none."""
        answer = self._get_or_none("context/")
        return None if answer is None else _tagged(StoredContext.from_json, answer)

    def put_context(
        self,
        envelope: bytes,
        *,
        version: int,
        etag: str | None,
        message_count: int | None = None,
        expires_at: datetime | None = None,
    ) -> StoredContext:
        """Create (`etag` None) or replace; ConflictError `precondition_failed` if somebody else wrote meanwhile."""
        end = None if expires_at is None else format_time(expires_at)
        body = {"version": version, "message_count": message_count, "expires_at": end}
        body = {key: value for key, value in body.items() if value is not None}
        answer = self._call("PUT", "context/", {"envelope": b64url_encode(envelope), **body}, _condition(etag))
        return _tagged(StoredContext.from_json, answer)

    def delete_context(self, etag: str | None = None) -> None:
        self._delete("context/", etag)

    def get_feedback(self) -> StoredFeedback | None:
        """None if there is none."""
        answer = self._get_or_none("feedback/")
        return None if answer is None else _tagged(StoredFeedback.from_json, answer)

    def put_feedback(
        self, envelope: bytes | None, *, rating: int, category: str | None, version: int, etag: str | None
    ) -> StoredFeedback:
        """Create (`etag` None) or replace; rating 1…5; `helpful`, `easy`, `safe`, `problem`, `other` or None."""
        sealed = None if envelope is None else b64url_encode(envelope)
        body = {"rating": rating, "category": category, "envelope": sealed, "version": version}
        answer = self._call("PUT", "feedback/", body, _condition(etag))
        return _tagged(StoredFeedback.from_json, answer)

    def delete_feedback(self, etag: str | None = None) -> None:
        self._delete("feedback/", etag)

    def export(self) -> Iterator[dict[str, Any]]:
        """The records of GET export/ but the last; UnreachableError or ProtocolError where it is cut short."""
        answer, lines = self._transport.stream("export/")
        if answer.status != 200:
            raise _refusal(answer)
        for line in lines:
            record = parse(json.loads, line)
            if parse(lambda data: data["type"], record) == "end":
                return
            yield record
        raise ProtocolError("the export has no end")

    def _solve(self, asked: Json) -> dict[str, str]:
        if asked["algorithm"] != "sha256":
            raise ProtocolError("the server asks for work of another kind")
        challenge, bits = str(asked["challenge"]), int(asked["bits"])
        nonce = proof_of_work.solve(challenge, bits, max_bits=self._max_work_bits, on_progress=self._on_work)
        return {"challenge": challenge, "nonce": nonce}

    def _call(
        self, method: str, path: str, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        content = None if body is None else json.dumps(dict(body), ensure_ascii=False, separators=(",", ":")).encode()
        answer = self._transport.request(method, path, content, headers)
        if not 200 <= answer.status < 300:
            raise _refusal(answer)
        return answer

    def _json(self, method: str, path: str, body: Json | None = None) -> Any:
        return _decoded(self._call(method, path, body))

    def _get_or_none(self, path: str) -> Answer | None:
        try:
            return self._call("GET", path)
        except NotFoundError:
            return None

    def _delete(self, path: str, etag: str | None = None) -> None:
        try:
            self._call("DELETE", path, None, {"If-Match": etag} if etag else None)
        except (NotFoundError, UnauthorizedError) as error:
            if not error.was_resent:  # else the first attempt did it
                raise


def _condition(etag: str | None) -> dict[str, str]:
    return {"If-None-Match": "*"} if etag is None else {"If-Match": etag}


def _tagged[T](read: Callable[[Json, str], T], answer: Answer) -> T:
    return parse(lambda data: read(data, str(answer.headers["ETag"] or "")), _decoded(answer))


def _decoded(answer: Answer) -> Any:
    return parse(json.loads, answer.body)


def _refusal(answer: Answer) -> ApiError:
    try:
        problem = json.loads(answer.body)
    except ValueError:
        problem = None
    is_problem = isinstance(problem, dict) and answer.headers.get_content_type() == "application/problem+json"
    error = api_error(answer.status, problem if is_problem else {}, answer.retry_after)
    error.was_resent = answer.was_resent
    return error
