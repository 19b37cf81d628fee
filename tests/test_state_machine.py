"""Random conversations against a model of dicts and lists; server and model never differ."""

from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from messaging.models import Message
from sessions_app.models import AnonymousSession
from sessions_app.services import expire_sessions
from sessions_app.tests.test_current_session import end
from tests.api import Api, envelope, new_message


class Conversation:
    """What one session should hold."""

    def __init__(self) -> None:
        opened = Api().post("sessions/").json()
        self.api = Api(opened["session_token"])
        self.id = opened["id"]
        self.is_open = True
        self.last_seq = 0
        self.messages: dict[str, dict[str, Any]] = {}
        self.context: dict[str, Any] | None = None
        self.etag = '"none"'

    def expect(self, answer: Any, status: int) -> Any:
        """The answer's body, after its status was checked: 401 if the session is gone, whatever was asked."""
        assert answer.status_code == (status if self.is_open else 401), answer.content
        return answer.json() if self.is_open and answer.content else None


class Server(RuleBasedStateMachine):
    conversations = Bundle("conversations")
    posted = Bundle("posted")

    @initialize()
    def start_empty(self) -> None:
        AnonymousSession.objects.all().delete()
        cache.clear()

    @rule(target=conversations)
    def create(self) -> Conversation:
        return Conversation()

    @rule(
        target=posted,
        conversation=conversations,
        role=st.sampled_from(["user", "ai"]),
        client_seq=st.integers(0, 2**53 - 1),
    )
    def post(self, conversation: Conversation, role: str, client_seq: int) -> tuple[Conversation, dict[str, Any]]:
        message = new_message(role=role, client_seq=client_seq)
        body = conversation.expect(conversation.api.post("messages/", message), 201)
        if body is not None:
            conversation.last_seq += 1
            assert message.items() <= body.items()
            assert body["seq"] == conversation.last_seq
            conversation.messages[message["id"]] = body
        return conversation, message

    @rule(target=posted, conversation=conversations, count=st.integers(1, 5))
    def post_batch(self, conversation: Conversation, count: int) -> Any:
        messages = [new_message() for _ in range(count)]
        body = conversation.expect(conversation.api.post("messages/batch/", {"messages": messages}), 201)
        for message, row in zip(messages, body["results"] if body else (), strict=bool(body)):
            conversation.last_seq += 1
            assert (row["id"], row["seq"]) == (message["id"], conversation.last_seq)
            conversation.messages[row["id"]] = row
        return multiple(*((conversation, message) for message in messages))

    @rule(sent=posted)
    def retry(self, sent: tuple[Conversation, dict[str, Any]]) -> None:
        conversation, message = sent
        stored = conversation.messages.get(message["id"])
        body = conversation.expect(conversation.api.post("messages/", message), 200 if stored else 201)
        if body is None:
            return
        if stored is None:
            conversation.last_seq += 1
            stored = body | {"seq": conversation.last_seq}
            conversation.messages[message["id"]] = stored
        assert body == stored

    @rule(sent=posted)
    def reuse_the_id(self, sent: tuple[Conversation, dict[str, Any]]) -> None:
        conversation, message = sent
        if message["id"] in conversation.messages:
            conversation.expect(conversation.api.post("messages/", message | {"envelope": envelope()}), 422)

    @rule(sent=posted)
    def reuse_the_iv(self, sent: tuple[Conversation, dict[str, Any]]) -> None:
        conversation, message = sent
        if message["id"] in conversation.messages:
            conversation.expect(conversation.api.post("messages/", new_message(envelope=message["envelope"])), 409)

    @rule(sent=posted)
    def delete_one(self, sent: tuple[Conversation, dict[str, Any]]) -> None:
        conversation, message = sent
        is_stored = conversation.messages.pop(message["id"], None) is not None
        conversation.expect(conversation.api.delete(f"messages/{message['id']}/"), 204 if is_stored else 404)

    @rule(conversation=conversations, sent=posted)
    def read_one_of_any_session(self, conversation: Conversation, sent: tuple[Conversation, dict[str, Any]]) -> None:
        stored = conversation.messages.get(sent[1]["id"])
        body = conversation.expect(conversation.api.get(f"messages/{sent[1]['id']}/"), 200 if stored else 404)
        if body is not None and stored:
            assert body == stored

    @rule(
        conversation=conversations,
        limit=st.integers(1, 9),
        cursor=st.integers(0, 60),
        key=st.sampled_from(["before", "after", ""]),
    )
    def page(self, conversation: Conversation, limit: int, cursor: int, key: str) -> None:
        query = f"messages/?limit={limit}" + (f"&{key}={cursor}" if key else "")
        body = conversation.expect(conversation.api.get(query), 200)
        if body is None:
            return
        rows = sorted(conversation.messages.values(), key=lambda row: row["seq"], reverse=key != "after")
        if key:
            rows = [row for row in rows if (row["seq"] < cursor if key == "before" else row["seq"] > cursor)]
        assert body == {"results": rows[:limit], "has_more": len(rows) > limit}

    @rule(conversation=conversations, is_stale=st.booleans())
    def edit_context(self, conversation: Conversation, is_stale: bool) -> None:
        sent = {"envelope": envelope()}
        etag = '"stale"' if is_stale else conversation.etag
        headers = {"If_Match": etag} if conversation.context or is_stale else {"If_None_Match": "*"}
        status = 412 if is_stale else 200 if conversation.context else 201
        answer = conversation.api.put("context/", sent, **headers)
        body = conversation.expect(answer, status)
        if body is not None and not is_stale:
            version = 1 + (conversation.context["version"] if conversation.context else 0)
            assert (body["envelope"], body["version"]) == (sent["envelope"], version)
            conversation.context, conversation.etag = body, answer["ETag"]

    @rule(conversation=conversations)
    def read_context(self, conversation: Conversation) -> None:
        body = conversation.expect(conversation.api.get("context/"), 200 if conversation.context else 404)
        if body is not None and conversation.context:
            assert body == conversation.context

    @rule(conversation=conversations)
    def delete_context(self, conversation: Conversation) -> None:
        conversation.expect(conversation.api.delete("context/"), 204 if conversation.context else 404)
        conversation.context = None

    @rule(conversation=conversations)
    def expire(self, conversation: Conversation) -> None:
        end(conversation.id)
        conversation.is_open = False

    @rule()
    def purge(self) -> None:
        expire_sessions()

    @rule(conversation=consumes(conversations))
    def erase(self, conversation: Conversation) -> None:
        conversation.expect(conversation.api.delete("sessions/current/"), 204)
        if conversation.is_open:
            assert not Message.objects.filter(session_id=conversation.id).exists()
        conversation.is_open = False


@pytest.mark.slow
@pytest.mark.django_db
def test_the_server_never_differs_from_the_model() -> None:
    run_state_machine_as_test(
        Server,
        settings=settings(
            max_examples=500,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
