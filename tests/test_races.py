"""The same thing at the same moment, from many connections: real threads, real transactions."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from messaging.models import ConversationContext, Message
from privacy.digests import new_token
from sessions_app.models import AnonymousSession
from sessions_app.services import expire_sessions
from sessions_app.tests.test_current_session import end
from tests.api import Api, envelope, new_message

pytestmark = pytest.mark.django_db(transaction=True)


def at_once[Result](*actions: Callable[[], Result]) -> list[Result]:
    """Run all actions, each in a thread and connection of its own, released together."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], Result]) -> Result:
        try:
            barrier.wait()
            return action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


@pytest.fixture
def api() -> Iterator[Any]:
    opened = Api().post("sessions/").json()
    api = Api(opened["session_token"])
    api.opened = opened  # type: ignore[attr-defined]
    yield api
    AnonymousSession.objects.all().delete()


def test_forty_retries_of_one_post_give_one_row(api: Api) -> None:
    message = new_message()
    answers = at_once(*[lambda: Api(api.token).post("messages/", message)] * 40)
    assert sorted(answer.status_code for answer in answers) == [200] * 39 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert Message.objects.count() == 1


def test_eight_writers_give_a_dense_seq(api: Api) -> None:
    def write() -> list[int]:
        return [Api(api.token).post("messages/", new_message()).json()["seq"] for _ in range(25)]

    seqs = [seq for written in at_once(*[write] * 8) for seq in written]
    assert sorted(seqs) == list(range(1, 201))


def test_batches_and_single_posts_of_the_same_messages_store_each_once(api: Api) -> None:
    messages = [new_message() for _ in range(20)]

    def batch() -> int:
        return int(Api(api.token).post("messages/batch/", {"messages": messages}).status_code)

    def singly() -> int:
        return max(int(Api(api.token).post("messages/", message).status_code) for message in reversed(messages))

    assert set(at_once(batch, singly, batch, singly)) <= {200, 201}
    assert sorted(Message.objects.values_list("seq", flat=True)) == list(range(1, 21))


def test_two_messages_under_one_iv_store_one(api: Api) -> None:
    first = new_message()
    second = new_message(envelope=first["envelope"])
    posts = [lambda m=m: Api(api.token).post("messages/", m).status_code for m in (first, second)]
    assert sorted(at_once(*posts)) == [201, 409]


@pytest.mark.parametrize("_round", range(8))
def test_racing_erase_and_post_leave_no_row(api: Api, _round: int) -> None:
    def post() -> set[int]:
        return {Api(api.token).post("messages/", new_message()).status_code for _ in range(10)}

    def put() -> set[int]:
        return {Api(api.token).put("context/", {"envelope": envelope()}, If_None_Match="*").status_code}

    def erase() -> set[int]:
        return {Api(api.token).delete("sessions/current/").status_code}

    *writes, erased = at_once(post, post, put, erase)
    assert erased == {204}
    assert set().union(*writes) <= {201, 401, 412}
    assert not Message.objects.exists()
    assert not ConversationContext.objects.exists()
    assert api.get("sessions/current/").status_code == 401


def test_erasing_twice_at_once_is_done_once(api: Api) -> None:
    answers = at_once(*[lambda: Api(api.token).delete("sessions/current/").status_code] * 6)
    assert sorted(answers) == [204] + [401] * 5


def test_one_token_opened_by_many_devices_at_once_is_one_session(api: Api) -> None:
    token = new_token()
    answers = at_once(*[lambda: Api().post("sessions/", {"session_token": token})] * 10)
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_two_devices_replacing_the_context_at_once_lose_nothing(api: Api) -> None:
    etag = api.put("context/", {"envelope": envelope()}, If_None_Match="*")["ETag"]
    write = lambda: Api(api.token).put("context/", {"envelope": envelope()}, If_Match=etag).status_code  # noqa: E731
    assert sorted(at_once(*[write] * 6)) == [200] + [412] * 5


def test_two_devices_creating_the_context_at_once_create_one(api: Api) -> None:
    write = lambda: Api(api.token).put("context/", {"envelope": envelope()}, If_None_Match="*").status_code  # noqa: E731
    assert sorted(at_once(*[write] * 6)) == [201] + [412] * 5


def test_consent_withdrawn_while_a_signal_arrives_leaves_no_signal(api: Api) -> None:
    for _ in range(10):
        api.patch("sessions/current/", {"shares_signals": True})
        at_once(
            lambda: Api(api.token).post("messages/", new_message(sentiment_score=0.5)),
            lambda: Api(api.token).patch("sessions/current/", {"shares_signals": False}),
        )
        assert not Message.objects.exclude(sentiment_score=None).exists()


def test_four_purges_at_once_take_each_session_once_and_no_living_one(api: Any) -> None:
    for _ in range(30):
        end(Api().post("sessions/").json()["id"])
    assert sum(at_once(*[expire_sessions] * 4)) == 30
    assert AnonymousSession.objects.count() == 1
