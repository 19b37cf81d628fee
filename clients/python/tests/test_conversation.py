"""What a conversation does when the server refuses, errs, or tells things in the wrong order."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cbln.api import ApiClient
from cbln.base64url import b64url_decode, b64url_encode
from cbln.conversation import EPOCH_MESSAGES, Conversation
from cbln.delivery import _chunks, signals_of
from cbln.envelope import MAX_BODY_BYTES, RecordType, Role, envelope_epoch
from cbln.errors import ConflictError, EnvelopeError, ProtocolError, UnreachableError
from cbln.keys import Keys
from cbln.ordering import Anomaly, find_anomalies
from cbln.outbox import FileOutbox, Outbox, Position
from cbln.records import OutgoingMessage
from cbln.sealing import Message, Sealer
from faulty_server import FaultyServer, Reply

SESSION_ID = UUID(int=7)
KEYS = Keys(bytes(range(16)))
SEALER = Sealer(KEYS, SESSION_ID)
SESSION = {
    "id": str(SESSION_ID),
    "created_at": "2026-11-22T20:00:00Z",
    "last_activity": "2026-11-22T20:00:00Z",
    "expires_at": "2026-12-22T20:00:00Z",
    "language_preference": "vi",
    "is_crisis_mode": False,
    "shares_signals": False,
    "is_other_device": None,
    "last_seq": 0,
}


def stored(message: OutgoingMessage, seq: int) -> dict[str, Any]:
    return {**message.to_json(), "seq": seq, "created_at": "2026-11-22T20:07:00Z", "expires_at": None}


def opened(seq: int, client_seq: int, message_id: UUID | None = None) -> Message:
    return Message(message_id or uuid4(), seq, client_seq, Role.USER, datetime.now(UTC), None, 0, {"text": ""})


@pytest.fixture
def conversation(server: FaultyServer, api: ApiClient) -> Conversation:
    server.echo = lambda body: {**body, "seq": body["client_seq"], "created_at": "2026-11-22T20:07:00Z"}
    server.replies = [Reply(200, SESSION), Reply(echo=True)]
    return Conversation.offline(api, KEYS, SESSION_ID, Outbox(SESSION_ID))


def test_a_reused_iv_is_met_with_a_fresh_one_under_the_same_id(
    server: FaultyServer, conversation: Conversation
) -> None:
    server.replies.insert(1, Reply.problem(409, "iv_reused"))
    server.replies.insert(2, Reply.problem(409, "iv_reused"))
    conversation.send("một lần thôi")
    _session, first, second, third = (request.body for request in server.requests)
    assert first["id"] == second["id"] == third["id"]
    assert first["client_seq"] == third["client_seq"]
    ivs = {b64url_decode(body["envelope"])[4:16] for body in (first, second, third)}
    assert len(ivs) >= 2
    assert conversation.pending == []


def test_a_refused_message_leaves_the_outbox_and_can_be_read(server: FaultyServer, conversation: Conversation) -> None:
    server.replies.insert(1, Reply.problem(422, "id_reused"))
    conversation.queue("không ai nhận")
    [(message, error)] = conversation.flush().refused
    assert error.code == "id_reused"
    assert conversation.open_refused(message) == "không ai nhận"
    assert conversation.pending == []


def test_one_bad_message_does_not_hold_up_a_batch(server: FaultyServer, conversation: Conversation) -> None:
    server.replies[1:1] = [Reply.problem(422, "id_reused"), Reply(echo=True), Reply.problem(422, "id_reused")]
    ids = [conversation.queue(text) for text in ("một", "hai", "ba")]
    delivery = conversation.flush()
    assert [message.id for message in delivery.stored] == [ids[0], ids[2]]
    assert [message.id for message, _error in delivery.refused] == [ids[1]]


@pytest.mark.parametrize("code", ["session_full", "something_new"])
def test_a_refusal_that_concerns_the_session_keeps_the_messages(
    server: FaultyServer, conversation: Conversation, code: str
) -> None:
    server.replies.insert(1, Reply.problem(409, code))
    with pytest.raises(ConflictError):
        conversation.send("để dành")
    assert len(conversation.pending) == 1


def test_an_unreachable_server_keeps_the_message_and_the_next_send_delivers_both(tmp_path: Path) -> None:
    server = FaultyServer()
    server.replies = [Reply(cut=True)]
    with (
        ApiClient(server.url, "t", timeout=0.2, patience=0.3) as api,
        Conversation.offline(api, KEYS, SESSION_ID, FileOutbox(tmp_path / "out", SESSION_ID)) as conversation,
    ):
        with pytest.raises(UnreachableError):
            conversation.send("một")
        moment = {"created_at": "2026-11-22T20:07:00Z"}
        server.echo = lambda body: {
            "results": [{**one, **moment, "seq": n} for n, one in enumerate(body["messages"], 1)],
        }
        server.replies = [Reply(200, SESSION), Reply(echo=True)]
        assert conversation.send("hai").client_seq == 2
    sent = [SEALER.open_outgoing(OutgoingMessage.from_json(one)) for one in server.requests[-1].body["messages"]]
    assert sent == [{"text": "một"}, {"text": "hai"}]
    server.stop()


def test_signals_are_told_only_while_they_are_shared(server: FaultyServer, conversation: Conversation) -> None:
    conversation.send("a", sentiment_score=-0.5, crisis_level=2)
    assert "sentiment_score" not in server.requests[-1].body
    server.replies = [Reply(200, {**SESSION, "shares_signals": True}), Reply(echo=True)]
    conversation.refresh()
    conversation.send("b", sentiment_score=-0.5, crisis_level=2)
    assert server.requests[-1].body["sentiment_score"] == -0.5
    assert server.requests[-1].body["is_crisis_detected"] is True
    server.replies = [Reply.problem(409, "signals_not_shared"), Reply(echo=True)]
    conversation.send("c", sentiment_score=-0.5)
    assert "sentiment_score" not in server.requests[-1].body


def test_signals_have_the_names_of_the_api() -> None:
    figures = {"model": "m", "processing_time_ms": 3, "emotion_tags": ["sad"], "crisis_level": 0}
    body = {"text": "", **figures, "sent_at": "2026-11-22T20:07:13Z"}
    assert signals_of(body) == {
        "model_used": "m",
        "processing_time_ms": 3,
        "emotion_tags": ["sad"],
        "is_crisis_detected": False,
    }


def test_an_answer_for_another_message_is_not_believed(server: FaultyServer, conversation: Conversation) -> None:
    server.echo = lambda body: {**body, "id": str(uuid4()), "seq": 1, "created_at": "2026-11-22T20:07:00Z"}
    with pytest.raises(ProtocolError):
        conversation.send("a")
    assert len(conversation.pending) == 1


def test_another_session_than_the_device_knows_is_refused(server: FaultyServer, conversation: Conversation) -> None:
    server.replies = [Reply(200, {**SESSION, "id": str(uuid4())})]
    with pytest.raises(ProtocolError, match="another session"):
        conversation.refresh()


def test_one_bad_envelope_does_not_hide_the_others(server: FaultyServer, conversation: Conversation) -> None:
    good, bad = (SEALER.seal_message({"text": text}, Role.USER, n, 0) for n, text in enumerate(("tốt", "hỏng"), 1))
    results = [stored(good, 1), {**stored(bad, 2), "client_seq": 9}, {**stored(bad, 3), "envelope": "!"}]
    server.replies = [Reply(200, {"results": results, "has_more": False})]
    messages = list(conversation.history())
    assert [message.text for message in messages] == ["tốt", None, None]
    assert messages[1].problem
    assert conversation._next_position().client_seq == 2  # a number the server made up is not believed


def test_the_next_number_follows_the_highest_seen(server: FaultyServer, conversation: Conversation) -> None:
    seen = SEALER.seal_message({"text": "từ máy khác"}, Role.USER, 41, 3)
    server.replies = [Reply(200, {"results": [stored(seen, 1)], "has_more": False})]
    assert len(list(conversation.recent(limit=50))) == 1
    conversation.queue("tiếp")
    [message] = conversation.pending
    assert (message.client_seq, envelope_epoch(message.envelope)) == (42, 3)


def test_an_epoch_ends_after_2_to_the_20_messages(conversation: Conversation) -> None:
    conversation._outbox.position = Position(EPOCH_MESSAGES - 2, 5)
    for _ in range(3):
        conversation.queue("x")
    conversation.start_epoch()
    conversation.queue("x")
    epochs = [envelope_epoch(message.envelope) for message in conversation.pending]
    assert epochs == [5, 6, 6, 7]
    conversation._outbox.position = Position(1, 65535)
    with pytest.raises(EnvelopeError, match="no epoch"):
        conversation.start_epoch()


def test_a_server_that_forgot_the_newest_messages_is_noticed(server: FaultyServer, api: ApiClient) -> None:
    outbox = Outbox(SESSION_ID)
    outbox.position = Position(12, 0)
    old = SEALER.seal_message({"text": "cũ"}, Role.USER, 10, 0)
    server.replies = [
        Reply(200, {**SESSION, "last_seq": 10}),
        Reply(200, {**SESSION, "last_seq": 10}),
        Reply(200, {"results": [stored(old, 10)], "has_more": False}),
    ]
    assert Conversation.restore(api, KEYS, outbox=outbox).anomalies == [Anomaly("rollback", 10, 2)]


def test_too_long_a_text_is_not_queued(conversation: Conversation) -> None:
    with pytest.raises(EnvelopeError, match="too long"):
        conversation.queue("x" * MAX_BODY_BYTES)
    assert conversation.pending == []


def test_batches_stay_within_the_limits_of_the_server() -> None:
    small = [SEALER.seal_message({"text": ""}, Role.USER, n, 0) for n in range(250)]
    assert [len(chunk) for chunk in _chunks(small)] == [100, 100, 50]
    large = [SEALER.seal_message({"text": "x" * 16000}, Role.USER, n, 0) for n in range(12)]
    for chunk in _chunks(large):
        assert sum(len(b64url_encode(message.envelope)) + 700 for message in chunk) < 131072


REPEATED = uuid4()


@pytest.mark.parametrize(
    ("messages", "anomalies"),
    [
        ([(1, 1), (2, 2), (3, 3)], []),
        ([(1, 1), (2, 4)], [Anomaly("gap", 2, 2)]),
        ([(1, 1), (3, 3)], [Anomaly("gap", 3, 1, is_seq_gap=True)]),
        ([(1, 2)], [Anomaly("gap", 1, 1)]),
        ([(1, 1), (2, 1), (3, 2)], [Anomaly("overlap", 2)]),
        ([(1, 1), (2, 2), (2, 3)], [Anomaly("disorder", 2)]),
    ],
)
def test_order_is_judged_by_the_numbers(messages: list[tuple[int, int]], anomalies: list[Anomaly]) -> None:
    assert find_anomalies(opened(*numbers) for numbers in messages) == anomalies


def test_a_message_given_twice_is_noticed() -> None:
    assert find_anomalies([opened(1, 1, REPEATED), opened(2, 2, REPEATED)]) == [Anomaly("disorder", 2)]


def test_a_context_is_merged_again_when_another_device_was_faster(
    server: FaultyServer, conversation: Conversation
) -> None:
    def context(text: str, version: int) -> dict[str, Any]:
        envelope = b64url_encode(SEALER.seal_record(RecordType.CONTEXT, {"text": text}, version, 0))
        times = {"last_updated": "2026-11-22T20:07:00Z", "expires_at": None}
        return {"envelope": envelope, "version": version, "message_count": 0, **times}

    server.echo = lambda body: {"message_count": 0, "last_updated": "2026-11-22T20:07:00Z", **body}
    server.replies = [
        Reply(200, context("a", 1), {"ETag": '"1"'}),
        Reply.problem(412, "precondition_failed"),
        Reply(200, context("b", 2), {"ETag": '"2"'}),
        Reply(echo=True, headers={"ETag": '"3"'}),
    ]
    assert conversation.context.update(lambda body: {"text": (body or {})["text"] + "+"}).body == {"text": "b+"}
    assert server.requests[-1].headers["if-match"] == '"2"'
    server.replies = [Reply(200, context("a", 1), {"ETag": '"1"'})]
    current = conversation.context.get()
    assert current is not None
    assert current.is_rolled_back


def test_a_context_written_by_an_attempt_that_seemed_lost_counts(
    server: FaultyServer, conversation: Conversation
) -> None:
    kept: list[dict[str, Any]] = []

    def remember(body: dict[str, Any]) -> dict[str, Any]:
        kept.append({"message_count": 0, "last_updated": "2026-11-22T20:07:00Z", **body})
        server.replies[1:] = [Reply(200, kept[0], {"ETag": '"1"'})]
        return {}

    server.echo = remember
    server.replies = [
        Reply.problem(404, "not_found"),
        Reply(echo=True, cut=True),
        Reply.problem(412, "precondition_failed"),
        Reply(500),
    ]
    calls: list[object] = []

    def merge(body: dict[str, Any] | None) -> dict[str, Any]:
        calls.append(body)
        return {"text": "của mình"}

    assert conversation.context.update(merge).body == {"text": "của mình"}
    assert calls == [None]
