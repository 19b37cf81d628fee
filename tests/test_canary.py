"""A canary in every place a client can write to; then everything the server keeps is searched for it.

What may be found is the envelope's bytes, in the column made for them, and digests where a digest is what is kept.
"""

import json
import os
import random
import re
import string
import subprocess
import uuid
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import redis
from django.conf import settings
from django.db import connection

from embedded import postgres
from privacy.digests import new_token
from privacy.envelope import from_base64url, to_base64url
from tests.api import envelope, new_message
from tests.live import Web, web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live")]
LETTERS = string.ascii_lowercase
# fmt: off
HEADERS = (
    "Accept", "Accept-Language", "Authorization", "Content-Encoding", "Content-Type", "Cookie", "Forwarded", "From",
    "Host", "If-Match", "If-None-Match", "Origin", "Referer", "Traceparent", "User-Agent", "Via", "X-Forwarded-For",
    "X-Forwarded-Host", "X-HTTP-Method-Override", "X-Real-IP", "X-Request-Id", "X-Unknown",
)
# fmt: on


class Canaries:
    """A new word of small letters for each place, so that a find tells where it leaked from."""

    def __init__(self) -> None:
        self.prefix = "canary" + "".join(random.choices(LETTERS, k=8))
        self.places: list[str] = []
        encoded = [b64encode(b"x" * before + self.prefix.encode()) for before in range(3)]
        # Of base64 the characters that depend on the prefix alone, at each of the three alignments.
        self._traces = [text[4 * (before > 0) : -4] for before, text in enumerate(encoded)]

    def at(self, place: str) -> str:
        self.places.append(place)
        high, low = divmod(len(self.places) - 1, 26)
        return f"{self.prefix}{LETTERS[high]}{LETTERS[low]}z"

    def found_in(self, data: bytes) -> set[str]:
        """The places whose words are in `data`: as text in either case, as hex, as base64."""
        text = data.lower()
        prefix = self.prefix.encode()
        words = re.findall(prefix + b"([a-z]{2})z", text)
        words += [bytes.fromhex(word.decode()) for word in re.findall(prefix.hex().encode() + b"(.{4})7a", text)]
        places = {self.places[(high - 97) * 26 + low - 97] for high, low in words}
        return places | {"something in base64" for trace in self._traces if trace in data}


@pytest.fixture
def web(tmp_path: Path, transactional_db: None) -> Iterator[Web]:
    with web_server(tmp_path, LOG_LEVEL="DEBUG") as running:
        yield running


def sealed_by_a_careless_client(word: str) -> str:
    """An envelope whose ciphertext is the word itself: the server must keep just these bytes, and only there."""
    data = from_base64url(envelope())
    return to_base64url(data[:16] + word.encode().ljust(256, b"\0") + data[-16:])


def send_everywhere(web: Web, canaries: Canaries) -> dict[str, str]:
    """Valid and invalid, known and unknown: {where an envelope went: its base64url}."""
    at = canaries.at
    token = new_token()
    own = {"Authorization": f"Bearer {token}"}
    sent: list[int] = []

    def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = web.call(method, f"/api/v1/{path}", body, **own | headers)
        sent.append(answer.status)
        return answer

    opened = call("POST", "sessions/", {"session_token": token}, User_Agent=at("User-Agent of the creation"))
    assert opened.status == 201
    call("PATCH", "sessions/current/", {"shares_signals": True})
    kept = {"message": envelope(), "batch": envelope(), "context": envelope(), "feedback": envelope()}
    assert call("POST", "messages/", new_message(envelope=kept["message"])).status == 201
    assert call("POST", "messages/batch/", {"messages": [new_message(envelope=kept["batch"])]}).status == 201
    assert call("PUT", "context/", {"envelope": kept["context"]}, If_None_Match="*").status == 201
    assert call("PUT", "feedback/", {"envelope": kept["feedback"], "rating": 3}, If_None_Match="*").status == 201

    for name, good in bodies(token).items():
        path, method = name.split()[1], name.split()[0]
        for field in good:
            call(method, path, good | {field: at(f"{name}: {field}")}, If_None_Match="*")
            call(method, path, good | {field: [{at(f"{name}: key in {field}"): 1}]}, If_None_Match="*")
        call(method, path, good | {at(f"{name}: unknown key"): at(f"{name}: unknown value")})
        call(method, path, b'{"' + at(f"{name}: broken JSON").encode())
        call(method, path, b"\0" + at(f"{name}: no JSON").encode())
        call(method, path, json.dumps({"x": at(f"{name}: too long") * 12_000}).encode())
        call(method, path, json.dumps({"\0": at(f"{name}: NUL")}).encode())
        call(method, path, good, Content_Type=at(f"{name}: Content-Type"))
        call(method, path, good | {"messages": [new_message(role=at(f"{name}: deep"))]})
    for path in (
        "messages/",
        "sessions/current/",
        "config/",
        "safety/resources/",
        "export/",
        f"messages/{uuid.uuid4()}/",
    ):
        call("GET", f"{path}?{at('query key')}=1&limit={at('query value')}")
        call("GET", f"{path}?limit={at('known query key')}")
        call("GET", f"{path}{at('path')}/")
        call("GET", f"{path}%00{at('path with NUL')}")
        call("GET", f"{path}{quote('é' + at('path in Vietnamese'))}/")
        call(at("method").upper(), path)
        for header in HEADERS:
            call("GET", path, **{header: at(f"{header} of {path}")})
    web.raw(f"GET /{at('raw line')} HTTP/1.1\r\n{at('raw header')} x\r\n\r\n".encode())
    web.raw(f"{at('no HTTP')}\r\n\r\n".encode())
    web.raw(f"POST /api/v1/sessions/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {at('length')}\r\n\r\n".encode())
    for page in ("/admin/login/", "/api/docs/", "/healthz/ready", "/", "/static/", "/i18n/setlang/"):
        web.call("GET", f"{page}?next={at(f'query of {page}')}", Cookie=f"sessionid={at(f'cookie of {page}')}")
        web.call(
            "POST", page, f"username={at(f'form of {page}')}".encode(), Content_Type="application/x-www-form-urlencoded"
        )
    sign_in_with_a_wrong_password(web, at("staff name"), at("staff password"))
    donation = call("POST", "training-donations/", {"text": at("donation"), "language": "vi"})
    assert donation.status == 201
    assert set(sent) >= {200, 201, 400, 401, 404, 405, 413, 415}
    assert max(sent) < 500
    return kept


def sign_in_with_a_wrong_password(web: Web, name: str, password: str) -> None:
    page = web.call("GET", "/admin/login/")
    [token] = re.findall(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.body)
    fields = {"csrfmiddlewaretoken": token.decode(), "username": name, "password": password}
    cookie = page.headers["set-cookie"].split(";")[0]
    form = "application/x-www-form-urlencoded"
    answer = web.call("POST", "/admin/login/", urlencode(fields).encode(), Content_Type=form, Cookie=cookie)
    assert answer.status == 200
    assert name.encode() in answer.body


def bodies(token: str) -> dict[str, dict[str, Any]]:
    """For each call with a body, one with all its fields."""
    message = new_message() | {"expires_at": None, "model_used": "m", "processing_time_ms": 1, "sentiment_score": 0}
    message |= {"emotion_tags": ["sad"], "is_crisis_detected": False}
    return {
        "POST sessions/": {
            "language_preference": "vi",
            "lifetime_days": 1,
            "session_token": token,
            "proof_of_work": {},
        },
        "PATCH sessions/current/": {"language_preference": "vi", "lifetime_days": 1, "is_crisis_mode": True},
        "POST messages/": {
            name: value for name, value in message.items() if name not in ("model_used", "emotion_tags")
        },
        "POST messages/batch/": {"messages": [message]},
        "PUT context/": {"envelope": envelope(), "version": 9, "message_count": 1, "expires_at": None},
        "PUT feedback/": {"envelope": None, "version": 9, "rating": 1, "category": None},
        "POST training-donations/": {"language": "vi", "age_group": "13_15", "withdrawal_code": "x"},
        "POST training-donations/withdrawals/": {"withdrawal_code": "x"},
    }


def dump() -> bytes:
    """The database as pg_dump writes it: every row of every table, bytes as hex."""
    database = connection.settings_dict
    directory, _ = postgres.usable_binaries()
    command = [directory / "pg_dump", "--data-only", "-h", database["HOST"], "-U", database["USER"], database["NAME"]]
    environment = os.environ | {"PGPASSWORD": database["PASSWORD"], "PGPORT": str(database["PORT"] or 5432)}
    return subprocess.run(command, env=environment, check=True, capture_output=True).stdout


def cluster() -> tuple[Path, Path]:
    """Folders of the server's files: this database's, and the whole cluster's. Skips where they are elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        )
        folder, oid = cursor.fetchone()
    root = Path(folder)
    if not os.access(root / "base", os.R_OK):
        pytest.skip("the database server's files are not on this machine")
    return root / "base" / str(oid), root


def files_below(*folders: Path) -> bytes:
    return b"".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file())


def cache() -> bytes:
    """Keys and values of Valkey in every form it can hand them out."""
    client = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    return b"\n".join(key + b"=" + (client.dump(key) or b"") for key in client.scan_iter())


def test_no_word_of_a_client_is_anywhere_and_its_envelopes_are_only_where_they_belong(web: Web) -> None:
    canaries = Canaries()
    kept = send_everywhere(web, canaries)
    assert len(canaries.places) > 300
    own, root = cluster()
    dumped = dump()
    assert canaries.found_in(dumped) == set()
    assert canaries.found_in(files_below(own, root / "pg_wal")) == set()
    assert canaries.found_in(cache()) == set()
    assert b"request" in web.log
    assert canaries.found_in(web.log) == set()
    server_log = root.parent / "logs/postgres.log"
    assert canaries.found_in(server_log.read_bytes()) == set()
    for place, text in kept.items():
        table = {"context": "conversation_context", "feedback": "feedback"}.get(place, "messages")
        assert tables_with(dumped, from_base64url(text).hex()) == [table]
        for elsewhere in (cache(), web.log, server_log.read_bytes()):
            assert from_base64url(text) not in elsewhere
            assert text.encode() not in elsewhere


def tables_with(dumped: bytes, text: str) -> list[str]:
    """The tables of a dump, each as often as rows of it hold this text."""
    found, table = [], ""
    for line in dumped.decode().splitlines():
        if copy := re.match(r"COPY public\.(\w+) ", line):
            table = copy[1]
        found += [table] * line.count(text)
    return found


def test_shared_signals_are_in_messages_alone_and_end_with_the_consent(web: Web) -> None:
    canaries, token = Canaries(), new_token()
    own = {"Authorization": f"Bearer {token}"}
    web.call("POST", "/api/v1/sessions/", {"session_token": token})
    message = new_message(model_used=canaries.at("model"), emotion_tags=[canaries.at("tag")])
    assert web.call("POST", "/api/v1/messages/", message, **own).status == 409
    assert canaries.found_in(dump()) == set()
    web.call("PATCH", "/api/v1/sessions/current/", {"shares_signals": True}, **own)
    assert web.call("POST", "/api/v1/messages/", message, **own).status == 201
    dumped = dump()
    assert canaries.found_in(dumped) == {"model", "tag"}
    assert tables_with(dumped, canaries.prefix) == ["messages", "messages"]
    web.call("PATCH", "/api/v1/sessions/current/", {"shares_signals": False}, **own)
    assert canaries.found_in(dump()) == canaries.found_in(cache()) == canaries.found_in(web.log) == set()


def test_the_search_would_find_a_word(web: Web) -> None:
    canaries = Canaries()
    word = canaries.at("planted")
    token = new_token()
    own = {"Authorization": f"Bearer {token}"}
    web.call("POST", "/api/v1/sessions/", {"session_token": token})
    message = new_message(envelope=sealed_by_a_careless_client(word))
    assert web.call("POST", "/api/v1/messages/", message, **own).status == 201
    client = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    client.set("planted", word)
    folder, root = cluster()
    for data in (dump(), files_below(folder), files_below(root / "pg_wal"), cache()):
        assert canaries.found_in(data) == {"planted"}
    assert canaries.found_in(web.log) == set()
    for before in range(3):
        assert canaries.found_in(b64encode(b"?" * before + word.encode() + b"?")) == {"something in base64"}
