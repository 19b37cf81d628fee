"""Every operation of the OpenAPI document × {own, foreign, random, no} token: nobody reaches into another session."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from drf_spectacular.generators import SchemaGenerator

from privacy.digests import new_token
from safety.services.donations import new_code
from safety.services.releases import seed_release
from tests.api import Api, envelope, new_message

PUBLIC = {"get_config", "create_session", "get_bundle", "list_resources", "withdraw_donation"}
CODE = new_code()
# What each operation needs to succeed; an operation that is not here fails the test that walks them.
BODIES: dict[str, Any] = {
    "create_session": dict,
    "update_session": lambda: {"language_preference": "en"},
    "post_message": new_message,
    "post_messages": lambda: {"messages": [new_message()]},
    "put_context": lambda: {"envelope": envelope()},
    "put_feedback": lambda: {"rating": 5},
    "donate": lambda: {"text": "Mình thấy mệt quá.", "language": "vi", "withdrawal_code": CODE},
    "withdraw_donation": lambda: {"withdrawal_code": CODE},
}


def operations() -> Iterator[tuple[str, str, str]]:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield operation["operationId"], method.upper(), path.removeprefix("/api/v1/")


OPERATIONS = sorted(operations())


def fill(api: Any) -> str:
    """A session with one of everything; the id of its message."""
    message_id: str = api.post("messages/", new_message()).json()["id"]
    api.put("context/", {"envelope": envelope()}, If_None_Match="*")
    api.put("feedback/", {"rating": 1}, If_None_Match="*")
    return message_id


def call(operation: tuple[str, str, str], token: str | None, message_id: str, etag: str | None = None) -> Any:
    name, method, path = operation
    body = BODIES[name]() if name in BODIES else None
    headers = {} if etag is None or not name.startswith("put_") else {"If_Match": etag}
    return Api(token).call(method, path.replace("{message_id}", message_id), body, **headers)


def everything() -> list[Any]:
    """All rows of all sessions."""
    rows = []
    with connection.cursor() as cursor:
        for table in ("sessions", "messages", "conversation_context", "feedback"):
            cursor.execute(f"SELECT {table}::text FROM {table} ORDER BY 1")  # noqa: S608 - four fixed names
            rows.append(cursor.fetchall())
    return rows


def private() -> list[tuple[str, str, str]]:
    return [operation for operation in OPERATIONS if operation[0] not in PUBLIC]


def test_the_document_names_the_operations_this_walk_knows() -> None:
    assert {name for name, _, _ in OPERATIONS} >= PUBLIC | BODIES.keys()
    assert all(method != "PUT" or name in BODIES for name, method, _ in OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation[0])
def test_its_own_token_opens_each_operation(api: Api, operation: tuple[str, str, str]) -> None:
    message_id = fill(api)
    if operation[0] == "get_bundle":
        seed_release()
    if operation[0] == "withdraw_donation":
        api.post("training-donations/", BODIES["donate"]())
    etag = api.get(operation[2])["ETag"] if operation[0].startswith("put_") else None
    token = None if operation[0] in PUBLIC else api.token
    assert 200 <= call(operation, token, message_id, etag).status_code < 300


@pytest.mark.parametrize("operation", private(), ids=lambda operation: operation[0])
@pytest.mark.parametrize("token", ["none", "random"])
def test_no_token_and_a_random_one_open_nothing(api: Api, operation: tuple[str, str, str], token: str) -> None:
    message_id = fill(api)
    before = everything()
    answer = call(operation, None if token == "none" else new_token(), message_id)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert everything() == before


@pytest.mark.parametrize("operation", private(), ids=lambda operation: operation[0])
def test_a_foreign_token_reaches_only_its_own_session(
    api: Api, open_session: Any, operation: tuple[str, str, str]
) -> None:
    message_id = fill(api)
    owned = [api.get(path).content for path in ("messages/", "context/", "feedback/", "sessions/current/")]
    foreign = open_session()
    answer = call(operation, foreign.token, message_id, api.get("context/")["ETag"])
    assert [api.get(path).content for path in ("messages/", "context/", "feedback/", "sessions/current/")] == owned
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert message_id.encode() not in content
    if "{message_id}" in operation[2]:
        unknown = call(operation, foreign.token, str(uuid.uuid4()))
        assert answer.status_code == unknown.status_code == 404
        assert answer.content == unknown.content
