from typing import Any

from messaging.models import Message
from tests.api import Api, new_message


def test_it_stores_all_in_their_order(api: Api) -> None:
    messages = [new_message(client_seq=seq) for seq in range(1, 101)]
    answer = api.post("messages/batch/", {"messages": messages})
    assert answer.status_code == 201
    assert [(row["id"], row["seq"]) for row in answer.json()["results"]] == [
        (message["id"], seq) for seq, message in enumerate(messages, 1)
    ]


def test_what_was_stored_before_is_answered_as_it_is(api: Api) -> None:
    messages = [new_message(client_seq=seq) for seq in range(1, 4)]
    api.post("messages/", messages[1])
    first = api.post("messages/batch/", {"messages": messages})
    second = api.post("messages/batch/", {"messages": messages})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert [row["seq"] for row in first.json()["results"]] == [2, 1, 3]
    assert Message.objects.count() == 3


def test_one_bad_message_refuses_all_and_is_named(api: Api) -> None:
    messages = [new_message() for _ in range(4)]
    messages[2] |= {"role": "boss", "client_seq": -1}
    answer = api.post("messages/batch/", {"messages": messages})
    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/messages/2/role", "/messages/2/client_seq"}
    assert not Message.objects.exists()


def test_a_conflict_undoes_those_before_it_and_is_named(api: Api) -> None:
    messages = [new_message() for _ in range(3)]
    messages[2]["envelope"] = messages[0]["envelope"]
    answer = api.post("messages/batch/", {"messages": messages})
    assert (answer.status_code, answer.json()["code"]) == (409, "iv_reused")
    assert answer.json()["pointer"] == "/messages/2"
    assert not Message.objects.exists()
    assert api.post("messages/", messages[0]).json()["seq"] == 1


def test_an_end_in_the_past_names_its_message(api: Api) -> None:
    messages = [new_message(), new_message(expires_at="2020-01-01T00:00:00Z")]
    answer = api.post("messages/batch/", {"messages": messages})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/messages/1/expires_at"]
    assert not Message.objects.exists()


def test_none_and_too_many_and_no_list_are_refused(api: Api) -> None:
    bad: list[Any] = [[], [new_message() for _ in range(101)], {}, None, "x", [[]], [None]]
    for messages in bad:
        assert api.post("messages/batch/", {"messages": messages}).status_code == 400
    assert not Message.objects.exists()


def test_the_largest_batch_of_the_commonest_size_fits_the_body_limit(api: Api) -> None:
    answer = api.post("messages/batch/", {"messages": [new_message() for _ in range(100)]})
    assert answer.status_code == 201
