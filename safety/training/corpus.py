"""The labelled messages: one file an author under data/corpus/, read in a fixed order."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

CORPUS = Path(__file__).parent.parent / "data" / "corpus"
LEVELS = ("none", "low", "medium", "high", "critical")


class Message(NamedTuple):
    """One labelled message; ``author`` is its file's name, the unit that is left out in evaluation."""

    id: str
    text: str
    lang: str
    group: str
    level: int
    category: str
    author: str


def read_messages(path: Path) -> list[Message]:
    """The messages of one JSONL file (ValueError or KeyError on a bad line)."""
    messages = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line:
            continue
        row = json.loads(line)
        messages.append(
            Message(
                row["id"],
                row["text"],
                row["lang"],
                row["group"],
                LEVELS.index(row["level"]),
                row["category"],
                path.stem,
            )
        )
    return messages


def read_corpus(folder: Path = CORPUS, authors: Sequence[str] = ()) -> list[Message]:
    """All messages of a folder of JSONL files, by file name then line; only ``authors`` if given."""
    paths = [path for path in sorted(folder.glob("*.jsonl")) if not authors or path.stem in authors]
    return [message for path in paths for message in read_messages(path)]
