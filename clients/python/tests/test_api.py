"""The client meets lost answers, refusals and nonsense."""

import hashlib
import time
from typing import Any
from uuid import UUID

import pytest
from cbln.api import ApiClient
from cbln.envelope import Role
from cbln.errors import (
    AddressError,
    ApiError,
    ConflictError,
    NotFoundError,
    ProofOfWorkError,
    ProtocolError,
    ServerError,
    UnauthorizedError,
    UnreachableError,
)
from cbln.proof_of_work import solve
from cbln.records import OutgoingMessage
from faulty_server import FaultyServer, Reply

MESSAGE = OutgoingMessage(UUID(int=5), Role.USER, 1, b"\1\1" + bytes(286))
STORED = {**MESSAGE.to_json(), "seq": 1, "created_at": "2026-11-22T20:07:00Z", "expires_at": None}
SESSION = {
    "id": str(UUID(int=7)),
    "created_at": "2026-11-22T20:00:00Z",
    "last_activity": "2026-11-22T20:00:00Z",
    "expires_at": "2026-12-22T20:00:00Z",
    "language_preference": "vi",
    "is_crisis_mode": False,
    "shares_signals": False,
    "is_other_device": None,
    "last_seq": 0,
}


@pytest.mark.parametrize(
    "fault",
    [Reply(cut=True), Reply(delay=0.8), Reply(201, STORED, short=True), Reply(502), Reply(503), Reply(504)],
    ids=["cut", "slow", "short", "502", "503", "504"],
)
def test_a_lost_answer_is_met_by_the_same_bytes_again(server: FaultyServer, api: ApiClient, fault: Reply) -> None:
    server.replies = [fault, Reply(200, STORED)]
    assert api.post_message(MESSAGE).id == MESSAGE.id
    first, second = server.requests
    assert first.body == second.body == MESSAGE.to_json()
    assert api.traffic.resends == 1


def test_retry_after_is_waited_for(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply.problem(503, "unavailable", {"Retry-After": "1"}), Reply(200, STORED)]
    started = time.monotonic()
    api.post_message(MESSAGE)
    assert 1.0 <= time.monotonic() - started < 2.0


def test_a_longer_wait_than_the_patience_is_told_at_once(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply.problem(503, "unavailable", {"Retry-After": "60"})]
    started = time.monotonic()
    with pytest.raises(ServerError) as caught:
        api.post_message(MESSAGE)
    assert (caught.value.code, caught.value.retry_after) == ("unavailable", 60.0)
    assert time.monotonic() - started < 1.0


def test_patience_ends() -> None:
    started = time.monotonic()
    with ApiClient("http://127.0.0.1:9", "t", patience=0.5) as client, pytest.raises(UnreachableError):
        client.get_config()
    assert time.monotonic() - started < 1.5


def test_an_idle_connection_closed_by_the_server_costs_no_wait(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply(200, SESSION), Reply(cut=True), Reply(200, SESSION)]
    api.get_session()
    started = time.monotonic()
    api.get_session()
    assert time.monotonic() - started < 0.1


def test_one_connection_serves_many_calls(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply(200, SESSION)]
    for _ in range(5):
        api.get_session()
    assert api.traffic.requests == 5
    assert api.traffic.resends == 0


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_fields", ApiError),
        (401, "unauthorized", UnauthorizedError),
        (404, "not_found", NotFoundError),
        (409, "iv_reused", ConflictError),
        (412, "precondition_failed", ConflictError),
        (422, "id_reused", ConflictError),
        (500, "internal_error", ServerError),
    ],
)
def test_a_refusal_has_a_type_and_a_code(
    server: FaultyServer, api: ApiClient, status: int, code: str, kind: type[ApiError]
) -> None:
    errors = [{"pointer": "/client_seq", "code": "out_of_range", "detail": "-"}]
    server.replies = [Reply.problem(status, code, errors=errors)]
    with pytest.raises(kind) as caught:
        api.post_message(MESSAGE)
    assert (caught.value.status, caught.value.code, caught.value.errors) == (status, code, errors)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>Wi-Fi login</html>"),
        Reply(200, {"id": "not a uuid"}),
        Reply(200, []),
        Reply(200, b"[" * 100_000),
        Reply(200, b'{"id": "\xff"}'),
    ],
)
def test_an_answer_of_something_else_is_a_protocol_error(server: FaultyServer, api: ApiClient, reply: Reply) -> None:
    server.replies = [reply]
    with pytest.raises(ProtocolError):
        api.get_session()


def test_a_redirection_is_not_followed_with_the_token(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply(302, b"", {"Location": "http://example.com/"})]
    with pytest.raises(ApiError) as caught:
        api.get_session()
    assert (caught.value.status, caught.value.code) == (302, "unexpected_answer")
    assert len(server.requests) == 1


def test_a_deletion_whose_answer_was_lost_is_done(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply(cut=True), Reply.problem(401, "unauthorized")]
    api.delete_session()
    with pytest.raises(UnauthorizedError):
        api.delete_session()


def test_a_shortening_whose_answer_was_lost_is_done(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply(cut=True), Reply.problem(422, "lifetime_not_shorter"), Reply(200, SESSION)]
    assert api.update_session(lifetime_days=1).last_seq == 0


def test_the_work_asked_for_is_done_and_sent(server: FaultyServer, api: ApiClient) -> None:
    asked = {"algorithm": "sha256", "challenge": "abc", "bits": 10, "expires_at": "2026-11-22T20:10:00Z"}
    server.replies = [Reply.problem(429, "proof_of_work_required", proof_of_work=asked), Reply(201, SESSION)]
    api.create_session(lifetime_days=1)
    first, second = server.requests
    proof = second.body.pop("proof_of_work")
    assert first.body == second.body
    digest = hashlib.sha256(f"abc:{proof['nonce']}".encode()).digest()
    assert int.from_bytes(digest, "big") >> (256 - 10) == 0


def test_endless_challenges_and_too_much_work_are_given_up(server: FaultyServer, api: ApiClient) -> None:
    asked: dict[str, Any] = {"algorithm": "sha256", "challenge": "abc", "bits": 1}
    server.replies = [Reply.problem(429, "proof_of_work_required", proof_of_work=asked)]
    with pytest.raises(ApiError, match="429"):
        api.create_session()
    server.replies = [Reply.problem(429, "proof_of_work_required", proof_of_work={**asked, "bits": 40})]
    with pytest.raises(ProofOfWorkError):
        api.create_session()


def test_progress_of_the_work_is_reported() -> None:
    seen: list[tuple[int, int]] = []
    solve("x", 12, on_progress=lambda tries, expected: seen.append((tries, expected)))
    assert seen[0] == (0, 4096)


def test_an_export_without_its_end_is_incomplete(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply(200, b'{"type": "session"}\n{"type": "message"}\n')]
    with pytest.raises(ProtocolError, match="no end"):
        list(api.export())
    server.replies = [Reply(200, b'{"type": "session"}\n{"type": "end", "messages": 0}\n')]
    assert [record["type"] for record in api.export()] == ["session"]


def test_an_export_cut_short_is_noticed(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply(200, b'{"type": "session"}\n' * 100 + b'{"type": "end"}\n', short=True)]
    with pytest.raises((UnreachableError, ProtocolError)):
        list(api.export())


def test_preconditions_travel_as_headers(server: FaultyServer, api: ApiClient) -> None:
    stored = {"envelope": "AQ", "version": 1, "message_count": 0, "last_updated": "2026-11-22T20:07:00Z"}
    server.replies = [Reply(201, stored, {"ETag": '"1"'})]
    etag = api.put_context(b"\1", version=1, etag=None).etag
    api.put_context(b"\1", version=2, etag=etag)
    assert server.requests[0].headers["if-none-match"] == "*"
    assert server.requests[1].headers["if-match"] == '"1"'


def test_no_secret_shows(server: FaultyServer, api: ApiClient) -> None:
    server.replies = [Reply.problem(401, "unauthorized")]
    with pytest.raises(UnauthorizedError) as caught:
        api.get_session()
    shown = f"{api!r} {api._transport!r} {caught.value!r} {caught.value} {MESSAGE!r}"
    assert "secret" not in shown
    assert "envelope" not in shown
    assert server.requests[0].headers["authorization"] == "Bearer cbln_secret-token"
    assert "user-agent" not in server.requests[0].headers


@pytest.mark.parametrize(
    "url", ["http://example.com", "ftp://x", "example.com", "https://user:pw@example.com", "https://x:port", ""]
)
def test_unsafe_and_unreadable_addresses_are_refused(url: str) -> None:
    with pytest.raises(AddressError):
        ApiClient(url, "t")


@pytest.mark.parametrize("url", ["https://example.com/chat/", "http://localhost:1", "http://[::1]:1", "http://a.onion"])
def test_safe_addresses_are_accepted(url: str) -> None:
    ApiClient(url, "t").close()
    ApiClient("http://example.com", "t", allow_http=True).close()
