"""One JSON line a record, holding nothing of a request.

Third parties put paths, headers, SQL values and whole requests into their messages and exception texts. So a message
is written
only where it comes from a logger known to speak of the machine alone; of every other record the place it was written
at,
and of every exception its type and the lines it passed, never its text.
"""

import json
import logging
import traceback
from datetime import UTC, datetime

# Loggers whose messages speak of start-up, connections and schedules. celery.app.trace is not among them: it writes
# exception texts.
_OPEN = ("celery.worker", "celery.beat", "celery.bootsteps", "celery.apps", "kombu", "_granian", "granian", "cbln")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class PrivateFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if _is_open(record.name):
            line["event"] = record.getMessage()
            line |= {
                key: value
                for key, value in vars(record).items()
                if record.name.startswith("cbln") and key not in _STANDARD
            }
        else:
            line["place"] = f"{record.module}:{record.lineno}"
            if record.name == "celery.app.trace":
                # The task's name is ours; arguments, results and error texts beside it are not written.
                line["task"] = getattr(record, "data", {}).get("name")
        if record.exc_info and record.exc_info[1]:
            line["exception"] = describe_exception(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def _is_open(name: str) -> bool:
    return any(name == open_name or name.startswith(open_name + ".") for open_name in _OPEN)


def describe_exception(error: BaseException) -> list[str]:
    """Type and `file:line function` of each frame, causes first; no text, no values."""
    chain: list[BaseException] = []
    next_one: BaseException | None = error
    while next_one is not None and not any(next_one is known for known in chain):  # two can cause each other
        chain.append(next_one)
        next_one = next_one.__cause__ or (None if next_one.__suppress_context__ else next_one.__context__)
    lines = []
    for each in reversed(chain):
        lines.append(f"{type(each).__module__}.{type(each).__qualname__}")
        lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(each.__traceback__)]
    return lines
