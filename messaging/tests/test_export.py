import json
from typing import Any

from sessions_app.models import AnonymousSession
from tests.api import Api, envelope, new_message


def lines(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_it_holds_everything_and_says_when_it_is_whole(api: Api, monkeypatch: Any) -> None:
    monkeypatch.setattr("messaging.services.EXPORT_PAGE", 2)
    posted = [api.post("messages/", new_message(client_seq=seq)).json() for seq in range(1, 6)]
    context = api.put("context/", {"envelope": envelope()}, If_None_Match="*").json()
    feedback = api.put("feedback/", {"rating": 3}, If_None_Match="*").json()
    answer = api.get("export/", Accept="application/x-ndjson")
    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Cache-Control"] == "no-store"
    first, *rest, last = lines(answer)
    assert first["type"] == "session"
    assert rest == [
        {"type": "context"} | context,
        {"type": "feedback"} | feedback,
        *({"type": "message"} | message for message in posted),
    ]
    assert last == {"type": "end", "messages": 5}


def test_an_empty_session_has_two_lines(api: Api) -> None:
    assert [line["type"] for line in lines(api.get("export/"))] == ["session", "end"]


def test_a_session_erased_half_way_ends_without_the_last_line(api: Api, monkeypatch: Any) -> None:
    monkeypatch.setattr("messaging.services.EXPORT_PAGE", 1)
    for _ in range(3):
        api.post("messages/", new_message())
    stream = api.get("export/").streaming_content
    read = [next(stream), next(stream)]
    AnonymousSession.objects.all().delete()
    read += list(stream)
    assert b'"end"' not in b"".join(read)
    assert len(read) == 2


def test_strangers_get_a_problem_and_no_stream(anonymous: Api) -> None:
    assert anonymous.get("export/", Accept="application/x-ndjson").status_code == 401
