"""The staff test bench: what the detector says of messages, and why. Nothing that is pasted is kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django.utils import timezone

from safety.detection import Detection, Detector
from safety.detection.bundle import canonical
from safety.names import name_of
from safety.services.releases import build_bundle, current_release

MAX_MESSAGES = 200
MAX_CHARACTERS = 2000


@dataclass(frozen=True)
class Segment:
    """A stretch of a message; `rules` are numbers (from 1) of the reasons whose spans cover it."""

    text: str
    rules: tuple[int, ...]


@dataclass(frozen=True)
class Trial:
    detection: Detection
    category: Any
    segments: list[Segment]
    reasons: list[dict[str, Any]]


@lru_cache(maxsize=2)
def _compiled(content: bytes) -> Detector:
    return Detector(json.loads(content))


def draft_detector() -> Detector:
    """With the lexicon as it is in the table now, as the next release would have it."""
    return _compiled(canonical(build_bundle(version=0, not_after=timezone.now().replace(hour=0, minute=0, second=0))))


def published_detector() -> Detector | None:
    release = current_release()
    return None if release is None else _compiled(bytes(release.bundle))


def split_messages(text: str) -> list[str]:
    """One message a line, the empty ones left out, at most MAX_MESSAGES of MAX_CHARACTERS."""
    lines = [line.strip() for line in text.splitlines()]
    return [line[:MAX_CHARACTERS] for line in lines if line][:MAX_MESSAGES]


def try_messages(messages: Sequence[str], detector: Detector) -> list[Trial]:
    keywords = {entry.ident: entry.text for entry in detector.matcher.entries}
    trials = []
    for text in messages:
        detection = detector.detect(text)
        reasons = [_reason(rule, text, keywords) for rule in detection.rules]
        trials.append(
            Trial(
                detection,
                name_of(detection.category),
                segments(text, [rule["span"] for rule in detection.rules]),
                reasons,
            )
        )
    return trials


def _reason(rule: dict[str, Any], text: str, keywords: dict[Any, str]) -> dict[str, Any]:
    """The rule with words for its ids: the keyword's, and that of what suppressed it."""
    start, end = rule["span"]
    name, _, ident = (rule["suppressed_by"] or "").partition(":")
    suppressor = keywords.get(int(ident)) if ident.isdigit() else None
    return rule | {
        "keyword": keywords.get(rule["keyword_id"]),
        "text": text[start:end],
        "rule": name_of(rule["rule"]),
        "view": name_of(rule["view"]),
        "suppressed_name": name_of(name),
        "suppressor": suppressor,
    }


def segments(text: str, spans: Sequence[Sequence[int]]) -> list[Segment]:
    """The text cut at every start and end of a span (code points, end exclusive)."""
    cuts = sorted({0, len(text), *(place for span in spans for place in span)})
    return [
        Segment(
            text[start:end],
            tuple(number for number, (low, high) in enumerate(spans, 1) if low <= start and end <= high),
        )
        for start, end in pairwise(cuts)
    ]
