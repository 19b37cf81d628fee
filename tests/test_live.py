"""The real web server on the wire: what no test client can send, and no test client would notice."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from messaging.models import Message
from tests.api import new_message
from tests.live import Web, read_answers, web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live")]
LIMIT = 128 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Web]:
    with web_server(tmp_path_factory.mktemp("web")) as web:
        yield web


@pytest.fixture
def web(server: Web, transactional_db: None) -> Web:
    return server


@pytest.fixture
def bearer(web: Web) -> dict[str, str]:
    opened = web.call("POST", "/api/v1/sessions/", {})
    assert opened.status == 201
    return {"Authorization": f"Bearer {opened.json()['session_token']}"}


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join((line, "Host: localhost", *headers, "", "")).encode("latin-1") + body


def post(*headers: str, body: bytes = b"") -> bytes:
    return request("POST /api/v1/sessions/ HTTP/1.1", "Content-Type: application/json", *headers, body=body)


GET = request("GET /api/v1/config/ HTTP/1.1")


def test_a_message_goes_there_and_back_without_a_cookie(web: Web, bearer: dict[str, str]) -> None:
    message = new_message()
    answers = [
        web.call("POST", "/api/v1/messages/", message, **bearer),
        web.call("GET", "/api/v1/messages/", **bearer, Cookie="sessionid=x; csrftoken=y"),
        web.call("GET", "/api/v1/export/", **bearer),
        web.call("GET", "/api/v1/messages/"),
        web.call("GET", "/api/v1/nowhere/"),
        web.call("GET", "/healthz/live"),
        web.call("GET", "/healthz/ready"),
    ]
    assert [answer.status for answer in answers] == [201, 200, 200, 401, 404, 200, 200]
    assert message.items() <= answers[1].json()["results"][0].items()
    for answer in answers:
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/api/v1/config/", "/healthz/live", "/api/v1/nowhere/"])
def test_head_is_get_without_its_body(web: Web, path: str) -> None:
    got, head = web.call("GET", path), web.call("HEAD", path)
    assert head.body == b""
    same = ("content-type", "content-length", "cache-control")
    assert (head.status, *map(head.headers.get, same)) == (got.status, *map(got.headers.get, same))


def test_a_body_in_chunks_is_refused(web: Web) -> None:
    [answer] = web.raw(post("Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n"))
    assert (answer.status, answer.code) == (411, "length_required")


def test_without_a_length_there_is_no_body(web: Web, bearer: dict[str, str]) -> None:
    line = "POST /api/v1/messages/ HTTP/1.1"
    token = f"Authorization: {bearer['Authorization']}"
    [answer] = web.raw(request(line, token, "Content-Type: application/json"))
    assert (answer.status, answer.code) == (400, "invalid_fields")
    assert not Message.objects.exists()


def test_a_body_of_the_limit_is_read_and_one_byte_more_is_not(web: Web, bearer: dict[str, str]) -> None:
    body = b'{"session_token": 5}'
    assert web.call("POST", "/api/v1/sessions/", body.ljust(LIMIT)).code == "invalid_fields"
    answer = web.call("POST", "/api/v1/sessions/", body.ljust(LIMIT + 1))
    assert (answer.status, answer.code) == (413, "body_too_large")


@pytest.mark.parametrize("length", [LIMIT + 1, 10**10, 10**17])
def test_a_length_beyond_the_limit_is_refused_before_the_body_comes(web: Web, length: int) -> None:
    start = time.monotonic()
    [answer] = web.raw(post(f"Content-Length: {length}"))
    assert (answer.status, answer.code) == (413, "body_too_large")
    assert time.monotonic() - start < 1


def test_requests_sent_at_once_are_answered_in_their_order(web: Web) -> None:
    answers = web.raw(GET + post("Content-Length: 2", body=b"{}") + GET.replace(b"config", b"nowhere"), answers=3)
    assert [answer.status for answer in answers] == [200, 201, 404]


def test_a_body_that_trickles_in_is_read_whole(web: Web) -> None:
    with web.connect() as peer:
        peer.sendall(post("Content-Length: 30"))
        for byte in b'{"language_preference": "en"}\n':
            peer.sendall(bytes((byte,)))
            time.sleep(0.01)
        [answer] = read_answers(peer, 1)
    assert (answer.status, answer.json()["language_preference"]) == (201, "en")


def test_a_body_cut_short_changes_nothing(web: Web, bearer: dict[str, str]) -> None:
    head = ("PATCH /api/v1/sessions/current/ HTTP/1.1", f"Authorization: {bearer['Authorization']}")
    with web.connect() as peer:
        length = ("Content-Type: application/json", "Content-Length: 25")
        peer.sendall(request(*head, *length, body=b'{"is_crisis_mode": true}'))
        peer.shutdown(socket.SHUT_WR)
        assert [answer.status for answer in read_answers(peer, 1)] in ([], [400])
    assert web.call("GET", "/api/v1/sessions/current/", **bearer).json()["is_crisis_mode"] is False


@pytest.mark.parametrize(
    "data",
    [
        request("GET /api/v1/%0d%0aX-Evil:%201/ HTTP/1.1"),
        request("GET /api/v1/config/?%0d%0aX-Evil:1 HTTP/1.1"),
        request("GET /api/v1/config/ HTTP/1.1", "Accept-Language: en\nX-Evil: 1"),
        request("GET /api/v1/config/ HTTP/1.1", "Accept-Language: vi\r\n X-Evil: 1"),
        request("GET /api/v1/nowhere/ HTTP/1.1", "Accept-Language: en%0d%0aX-Evil: 1"),
        request("GET /api/v1/config/ HTTP/1.1", "Accept: \x00"),
        request("GET /api/v1/config/ HTTP/1.1", "Origin: https://x\rX-Evil: 1"),
        request("GET /api/v1/config/ HTTP/1.1", "X-Request-Id: X-Evil"),
        request("GET /api/v1/config/ HTTP/1.1", "X-Forwarded-Host: X-Evil", "X-Forwarded-Proto: X-Evil"),
        request("GET /api/v1/config/\tX-Evil HTTP/1.1"),
        request("X-EVIL /api/v1/config/ HTTP/1.1"),
        b"GET /api/v1/config/ HTTP/1.1\r\nHost: x-evil\r\n\r\n",
        b"GET http://x-evil/api/v1/config/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=lambda data: ascii(data)[2:60],
)
def test_nothing_sent_becomes_a_header_or_comes_back(web: Web, data: bytes) -> None:
    for answer in web.raw(data):
        assert "x-evil" not in {name.lower() for name in answer.headers}
        assert "x-evil" not in repr(answer).lower()
        assert answer.status < 500


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: x-chunked",),
        ("Content-Length : 2",),
        ("Content-Length: +2",),
        ("Content-Length: 2, 2",),
        ("Content-Length: -2",),
    ],
    ids=str,
)
def test_a_second_request_cannot_hide_in_the_body_of_the_first(web: Web, headers: tuple[str, ...]) -> None:
    """Where two readers could see the end of a body in two places, the connection ends there."""
    answers = web.raw(post(*headers, body=b"{}" + request("DELETE /api/v1/smuggled/ HTTP/1.1")), answers=3)
    assert [answer.status for answer in answers] in ([], [400], [411])


def test_slow_clients_do_not_stall_the_others(web: Web) -> None:
    with ExitStack() as open_ones:
        for number in range(40):
            peer = open_ones.enter_context(closing(web.connect()))
            half = post("Content-Length: 1000", body=b'{"') if number % 2 else GET[:30]
            peer.sendall(half)
        time.sleep(0.3)
        for _ in range(5):
            start = time.monotonic()
            assert web.call("GET", "/api/v1/config/").status == 200
            assert web.call("POST", "/api/v1/sessions/", {}).status == 201
            assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("GET /api/v1/messages/ HTTP/1.1", f"Authorization: Bearer cbln_{'é' * 43}"), 401),
        (request("GET /api/v1/config/ HTTP/1.1", "Accept-Language: " + "a-" * 3000), 200),
        (request("GET /api/v1/config/ HTTP/1.1", "Accept: " + "a/b," * 3000), 406),
        (post("Content-Length: 2", "User-Agent: ÿþ", "X-Forwarded-For: ÿþ", body=b"{}"), 201),
        (request("OPTIONS /api/v1/config/ HTTP/1.1", "Origin: http://[", "Access-Control-Request-Method: GET"), 200),
        (request("GET /api/v1/safety/resources/?" + "x=1&" * 2000 + " HTTP/1.1"), 400),
        (request("GET /api/v1/safety/resources/?language=%FF HTTP/1.1"), 400),
        (request("GET /api/v1/%ff%fe/ HTTP/1.1"), 404),
        (request("GET /%00 HTTP/1.1"), 404),
        (request("GET /static/..%2f..%2fconfig/settings.py HTTP/1.1"), 404),
        (request("GET /admin/ HTTP/1.1", "Cookie: sessionid=é%00"), 302),
        (request("OPTIONS * HTTP/1.1"), 404),
    ],
    ids=lambda value: ascii(value)[2:60],
)
def test_odd_requests_get_a_plain_answer_and_leave_no_fault_behind(web: Web, data: bytes, status: int) -> None:
    [answer] = web.raw(data)
    assert answer.status == status
    assert b"Traceback" not in web.log
