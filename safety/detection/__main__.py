"""``python -m safety.detection FILE.jsonl``: {id, text} lines in, {id, level, category, rules, bundle_version} out.

``-`` reads standard input. A bad line is reported as ``line N: …`` on standard error, the others are still answered;
the exit status is then 1. Texts are never repeated in an error.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TextIO

from .bundle import load_bundle
from .detector import Detector


def parse_line(line: str) -> tuple[str | int, str]:
    """The id and text of one line; ValueError says what is wrong without quoting the text."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("not valid JSON") from None
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    for key in ("id", "text"):
        if key not in row:
            raise ValueError(f'"{key}" is missing')
    if not isinstance(row["id"], str | int) or isinstance(row["id"], bool):
        raise ValueError('"id" is neither a string nor an integer')
    if not isinstance(row["text"], str):
        raise ValueError('"text" is not a string')
    return row["id"], row["text"]


def detect_lines(detector: Detector, lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
    """(line number, answer or None, error) per non-empty line; numbers start at 1."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            ident, text = parse_line(line)
        except ValueError as error:
            yield number, None, str(error)
            continue
        found = detector.detect(text).as_dict()
        yield number, {key: ident if key == "id" else found[key] for key in FIELDS}, ""


FIELDS = ("id", "level", "category", "rules", "bundle_version")


def run(source: str, out: TextIO, errors: TextIO) -> int:
    """Answer every line of ``source`` (a path or '-'); the number of bad lines decides the exit status."""
    detector = Detector(load_bundle())
    bad = 0
    with nullcontext(sys.stdin) if source == "-" else Path(source).open(encoding="utf-8", newline="\n") as lines:
        for number, answer, error in detect_lines(detector, lines):
            if answer is None:
                bad += 1
                errors.write(f"line {number}: {error}\n")
            else:
                out.write(json.dumps(answer, ensure_ascii=True, separators=(",", ":")) + "\n")
    return 1 if bad else 0


def main(arguments: list[str]) -> int:
    """The command line."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        return run(arguments[0], sys.stdout, sys.stderr)
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{arguments[0]}: {error.__class__.__name__}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
