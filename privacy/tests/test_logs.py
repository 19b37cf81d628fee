"""Records as third parties really write them: a canary in every part of one, and nothing of it in the line."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery

from privacy.logs import PrivateFormatter, describe_exception

CANARY = "c4n4ry"
type Written = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def written() -> Iterator[Written]:
    """The lines written since the last look, as objects."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(PrivateFormatter())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)

    def look() -> list[dict[str, Any]]:
        lines = stream.getvalue().splitlines()
        stream.seek(0)
        stream.truncate()
        return [json.loads(line) for line in lines]

    yield look
    root.removeHandler(handler)
    root.setLevel(level)


def fail(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize(
    "name", ["django.request", "django.security.DisallowedHost", "psycopg", "cblnx", "celeryx", ""]
)
def test_a_third_party_says_where_and_never_what(written: Written, name: str) -> None:
    logger = logging.getLogger(name)
    try:
        fail(CANARY)
    except ValueError:
        logger.exception("%s " + CANARY, CANARY, extra={CANARY: CANARY, "request": CANARY}, stack_info=True)
    [line] = written()
    assert CANARY not in json.dumps(line)
    assert line.keys() == {"at", "level", "logger", "place", "exception"}
    assert line["level"] == "error"
    assert line["place"].startswith("test_logs:")
    assert line["exception"][0] == "builtins.ValueError"
    assert line["exception"][-1].endswith(" fail")


def test_arguments_that_do_not_fit_are_not_shown_instead(capsys: pytest.CaptureFixture[str]) -> None:
    """Python's handlers print a record they cannot format, arguments and all. Pytest's raise: so none of them here."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PrivateFormatter())
    for name in ("django.request", "kombu"):
        handler.handle(logging.makeLogRecord({"name": name, "msg": "%d " + CANARY, "args": (CANARY,)}))
    [line] = stream.getvalue().splitlines()
    assert json.loads(line)["logger"] == "django.request"
    assert CANARY not in line
    assert capsys.readouterr().err == ""


def test_our_own_records_show_their_words_and_extras(written: Written) -> None:
    logging.getLogger("cbln.request").info("answered %s", "well", extra={"route": "api/v1/x/", "ms": 1.5, "odd": {1}})
    [line] = written()
    assert line["event"] == "answered well"
    assert (line["route"], line["ms"], line["odd"]) == ("api/v1/x/", 1.5, "{1}")
    assert "place" not in line
    assert not {"msg", "args", "pathname", "process", "threadName", "message"} & line.keys()


@pytest.mark.parametrize("name", ["celery.worker.consumer", "celery.beat", "kombu.connection", "_granian", "granian"])
def test_machinery_shows_its_words_and_no_extras(written: Written, name: str) -> None:
    logging.getLogger(name).warning("lost %s", "broker", extra={"data": CANARY})
    [line] = written()
    assert line["event"] == "lost broker"
    assert CANARY not in json.dumps(line)


def test_a_failing_task_shows_its_name_only(written: Written) -> None:
    app = Celery(set_as_current=False)

    @app.task(name="room.tasks.fails")  # type: ignore[untyped-decorator]  # celery has no types
    def fails(word: str) -> None:
        fail(word)

    fails.apply(args=[CANARY], kwargs={}, task_id=CANARY)
    lines = [line for line in written() if line["logger"] == "celery.app.trace"]
    assert lines
    assert CANARY not in json.dumps(lines)
    assert {line["task"] for line in lines} == {"room.tasks.fails"}
    assert lines[-1]["exception"][0] == "builtins.ValueError"


def test_a_chain_of_exceptions_shows_types_and_places_causes_first(written: Written) -> None:
    try:
        try:
            try:
                fail(CANARY)
            except ValueError as error:
                raise KeyError(CANARY) from error
        except KeyError:
            raise RuntimeError(CANARY)  # noqa: B904 - a context without a cause
    except RuntimeError:
        logging.getLogger("django").exception(CANARY)
    [line] = written()
    assert CANARY not in json.dumps(line)
    types = [part for part in line["exception"] if part.startswith("builtins.")]
    assert types == ["builtins.ValueError", "builtins.KeyError", "builtins.RuntimeError"]


def test_a_suppressed_context_is_not_shown() -> None:
    def hide() -> None:
        try:
            fail(CANARY)
        except ValueError:
            raise KeyError(CANARY) from None

    with pytest.raises(KeyError) as caught:
        hide()
    types = [part for part in describe_exception(caught.value) if part.startswith("builtins.")]
    assert types == ["builtins.KeyError"]


def test_exceptions_that_cause_each_other_end(written: Written) -> None:
    first, second = ValueError(CANARY), KeyError(CANARY)
    first.__cause__, second.__cause__ = second, first
    try:
        raise first
    except ValueError:
        logging.getLogger("django").exception(CANARY)
    [line] = written()
    assert [part for part in line["exception"] if part.startswith("builtins.")] == [
        "builtins.KeyError",
        "builtins.ValueError",
    ]


def test_an_exception_handled_long_ago_is_not_there(written: Written) -> None:
    assert sys.exc_info() == (None, None, None)
    logging.getLogger("django").error("no exception", exc_info=True)
    assert "exception" not in written()[0]
