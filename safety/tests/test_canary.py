"""A canary is planted as a training example and goes through every door; then all places are searched for it."""

import io
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as live_settings
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from privacy.logs import PrivateFormatter
from safety.models import TrainingData
from safety.services import donations, field_keys
from safety.tests.keys import CANARY, FIRST_KEY, SECOND_KEY
from tests.api import Api

pytestmark = pytest.mark.django_db(transaction=True)
# As text, as hex and as base64 a dump or a log may carry it.
WORD = "4f1d9c"
TRACES = [CANARY.encode(), WORD.encode(), CANARY.encode().hex().encode(), WORD.encode().hex().encode()]


@pytest.fixture
def log() -> Any:
    """All that any logger says at any level, as the server writes it."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PrivateFormatter())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def found_in(data: bytes) -> list[bytes]:
    return [trace for trace in TRACES if trace in data]


def go_through_every_door(settings: Any, new_staff: Any, api: Api) -> None:
    """Donate, fail to donate, label, disagree, decide, look at each page, rotate, export refused by a missing key."""
    api.post("training-donations/", {"text": CANARY, "age_group": "13_15"})
    api.post("training-donations/", {"text": CANARY, "unknown": CANARY})
    api.post("training-donations/", {"text": CANARY * 99})
    api.call("POST", "training-donations/", raw=b'{"text": "' + CANARY.encode())
    donations.accept_donations()
    TrainingData.objects.update(is_active=True)
    row = TrainingData.objects.get()
    queue = reverse("admin:safety_queue")
    for name, stage, level in (("an", "label", "high"), ("binh", "second", "low"), ("chi", "third", "high")):
        client = Client()
        client.force_login(new_staff("verifier", username=name))
        assert CANARY in client.get(queue).content.decode()
        client.post(queue, {"row": row.pk, "stage": stage, "level": level})
        for page in ("change", "history"):
            client.get(reverse(f"admin:safety_trainingdata_{page}", args=[row.pk]))
    bench = Client()
    bench.force_login(new_staff("lexicon editor", username="dung"))
    bench.post(reverse("admin:safety_bench"), {"text": CANARY, "lexicon": "draft"})
    settings.FIELD_KEYS = f"{SECOND_KEY},{FIRST_KEY}"
    field_keys.rotate_field_keys()
    row.refresh_from_db()
    assert (row.is_verified, row.open_content()) == (True, CANARY)


def test_no_table_file_log_history_audit_or_cache_holds_the_words(
    settings: Any, new_staff: Any, api: Api, log: io.StringIO
) -> None:
    go_through_every_door(settings, new_staff, api)
    assert LogEntry.objects.count() == 3
    assert TrainingData.history.count() == 3
    assert found_in(_dump()) == []
    assert found_in(_data_files()) == []
    assert found_in(log.getvalue().encode()) == []
    assert found_in(_cache()) == []
    assert not re.search(r"\b(?:content_encrypted|encryption_iv)\b", _columns("training_data_history"))


def test_the_search_would_find_it(log: io.StringIO) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE canary AS SELECT %s::text AS words", [CANARY])
    logging.getLogger("cbln.test").warning(CANARY)
    cache.set("canary", CANARY)
    try:
        assert found_in(_dump())
        assert found_in(_data_files())
        assert found_in(_cache())
        assert found_in(log.getvalue().encode())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE canary")
        cache.delete("canary")


def _dump() -> bytes:
    """Every row of every table as text."""
    out = b""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - names from the catalogue
            out += "\n".join(row[0] for row in cursor.fetchall()).encode() + b"\n"
    return out


def _data_files() -> bytes:
    """The files of this database's tables and indexes and the WAL, where the server's folder can be read."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        )
        folder, oid = cursor.fetchone()
    root = Path(folder)
    if not root.is_dir():
        pytest.skip("the server's data folder is not on this machine")
    files = [*(root / "base" / str(oid)).iterdir(), *(path for path in (root / "pg_wal").iterdir() if path.is_file())]
    return b"".join(path.read_bytes() for path in files)


def _cache() -> bytes:
    """Keys and values of Valkey, whatever their type."""
    client = redis.Redis.from_url(live_settings.CACHES["default"]["LOCATION"])
    return b"\n".join(key + b"=" + (client.dump(key) or b"") for key in client.scan_iter())


def _columns(table: str) -> str:
    with connection.cursor() as cursor:
        return " ".join(column.name for column in connection.introspection.get_table_description(cursor, table))


def test_repr_and_serialisation_of_a_row_hold_no_words(new_example: Any) -> None:
    row = new_example(CANARY)
    out = io.StringIO()
    call_command("dumpdata", "safety", stdout=out)
    assert found_in((repr(row) + str(row) + repr(vars(row)) + out.getvalue()).encode()) == []
