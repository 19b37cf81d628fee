"""How well a detector does, as numbers for ``manage.py safety_report`` (text, JSON, HTML) and for the release gate.

Everything takes plain callables and messages; nothing here knows Django. Figures of the shipped corpus are in sample:
honest ones come from leaving whole authors out (safety.training). Quote them with their intervals and with "written by
language models, not yet checked by native counsellors".
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safety.detection import Detection
from safety.training.corpus import LEVELS, Message

type Detect = Callable[[str], Detection]
"""Anything that answers as Detector.detect does."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``hits`` of ``total`` with its 95 % Wilson interval (Wilson, JASA 22, 1927); all shares 0..1, None if empty."""

    hits: int
    total: int
    share: float | None = field(init=False)
    low: float | None = field(init=False)
    high: float | None = field(init=False)

    def __post_init__(self) -> None:
        share, low, high = wilson(self.hits, self.total)
        for name, value in (("share", share), ("low", low), ("high", high)):
            object.__setattr__(self, name, value)


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float | None, float | None, float | None]:
    """Share, lower and upper end of the Wilson score interval; three None for an empty total."""
    if not total:
        return None, None, None
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    return share, max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Slice:
    """Rates of one part of a set. Crisis is medium and above; an alarm answers high or critical."""

    name: str
    messages: int
    offer_recall: Rate
    offer_precision: Rate
    critical_offered: Rate
    alarm_recall: Rate
    alarm_precision: Rate
    false_offers: Rate
    false_alarms: Rate


@dataclass(frozen=True, slots=True)
class Report:
    """Slices by language, group and author, milliseconds per message, and what each id got."""

    bundle_version: str
    total: Slice
    by_lang: list[Slice]
    by_group: list[Slice]
    by_author: list[Slice]
    milliseconds: dict[str, float]
    results: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """JSON-able form; ``results`` (id → level) is what regressions() compares with."""
        return asdict(self)


def summarize(name: str, pairs: Sequence[tuple[Message, int]]) -> Slice:
    """Rates over (message, level found as index of LEVELS)."""
    crisis = [(m, found) for m, found in pairs if m.level >= 2]
    severe = [(m, found) for m, found in pairs if m.level >= 3]
    harmless = [(m, found) for m, found in pairs if m.level < 2]
    offered = [(m, found) for m, found in pairs if found >= 2]
    alarmed = [(m, found) for m, found in pairs if found >= 3]
    critical = [found for m, found in crisis if m.level == 4]
    return Slice(
        name=name,
        messages=len(pairs),
        offer_recall=Rate(sum(found >= 2 for _, found in crisis), len(crisis)),
        offer_precision=Rate(sum(m.level >= 2 for m, _ in offered), len(offered)),
        critical_offered=Rate(sum(found >= 2 for found in critical), len(critical)),
        alarm_recall=Rate(sum(found >= 3 for _, found in severe), len(severe)),
        alarm_precision=Rate(sum(m.level >= 2 for m, _ in alarmed), len(alarmed)),
        false_offers=Rate(sum(found >= 2 for _, found in harmless), len(harmless)),
        false_alarms=Rate(sum(found >= 3 for _, found in harmless), len(harmless)),
    )


def evaluate(detect: Detect, messages: Iterable[Message]) -> Report:
    """Run every message once and report; time is process time per call."""
    pairs, times, version = [], [], ""
    for message in messages:
        before = time.process_time()
        found = detect(message.text)
        times.append(1000 * (time.process_time() - before))
        pairs.append((message, LEVELS.index(found.level)))
        version = found.bundle_version
    return Report(
        bundle_version=version,
        total=summarize("all", pairs),
        by_lang=slices(pairs, lambda message: message.lang),
        by_group=slices(pairs, lambda message: message.group),
        by_author=slices(pairs, lambda message: message.author),
        milliseconds=percentiles(times),
        results={message.id: LEVELS[level] for message, level in pairs},
    )


def report_levels(levels: Mapping[str, str], messages: Iterable[Message]) -> list[Slice]:
    """Slices (all, then by language) of stored results, such as data/unseen_authors.json; unknown ids are left out."""
    pairs = [(message, LEVELS.index(levels[message.id])) for message in messages if message.id in levels]
    return [summarize("all", pairs), *slices(pairs, lambda message: message.lang)]


def slices(pairs: Sequence[tuple[Message, int]], key: Callable[[Message], str]) -> list[Slice]:
    """One slice per value of ``key``, sorted by name."""
    parts: dict[str, list[tuple[Message, int]]] = {}
    for pair in pairs:
        parts.setdefault(key(pair[0]), []).append(pair)
    return [summarize(name, parts[name]) for name in sorted(parts)]


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """p50, p95 and max of times in milliseconds; empty for no times."""
    ranked = sorted(times)
    if not ranked:
        return {}
    return {"p50": ranked[len(ranked) // 2], "p95": ranked[int(0.95 * len(ranked))], "max": ranked[-1]}


def regressions(
    before: Mapping[str, str], after: Mapping[str, str], messages: Iterable[Message]
) -> dict[str, list[str]]:
    """Ids that got worse against stored results (id → level).

    ``missed``: crisis offered help before, not now; ``alarm_missed``: high or critical alarmed before, not now;
    ``false_offers`` and ``false_alarms``: harmless, quiet before, not now. Ids unknown to either side are left out.
    """
    lists: dict[str, list[str]] = {"missed": [], "alarm_missed": [], "false_offers": [], "false_alarms": []}
    for message in messages:
        if message.id not in before or message.id not in after:
            continue
        old, new = LEVELS.index(before[message.id]), LEVELS.index(after[message.id])
        for tier, lost, gained in ((2, "missed", "false_offers"), (3, "alarm_missed", "false_alarms")):
            if message.level >= tier and old >= tier > new:
                lists[lost].append(message.id)
            if message.level < 2 and new >= tier > old:
                lists[gained].append(message.id)
    return lists


def gate(before: Report | None, after: Report, *, slack: float = 0.01) -> list[str]:
    """Reasons to refuse a bundle: a rate worse than the last release's by more than ``slack``."""
    if before is None:
        return []
    reasons = []
    for name, sign in (
        ("offer_recall", 1),
        ("alarm_recall", 1),
        ("critical_offered", 1),
        ("false_offers", -1),
        ("false_alarms", -1),
    ):
        old, new = getattr(before.total, name).share, getattr(after.total, name).share
        if old is not None and new is not None and sign * (old - new) > slack:
            reasons.append(f"{name}: {old:.3f} → {new:.3f}")
    return reasons


def background_rates(detect: Detect, path: Path) -> dict[str, Rate]:
    """Share of real comments (TSV with a header: id, text; such as ViHOS, not shipped) offered help and alarmed."""
    levels = []
    for line in path.read_text(encoding="utf-8").split("\n")[1:]:
        _, tab, text = line.partition("\t")
        if tab:
            levels.append(LEVELS.index(detect(text).level))
    return {
        "offered": Rate(sum(level >= 2 for level in levels), len(levels)),
        "alarmed": Rate(sum(level >= 3 for level in levels), len(levels)),
    }


@dataclass(frozen=True, slots=True)
class Proposal:
    """A phrase that would catch missed messages, and the ids it catches; by design it is in no harmless message."""

    phrase: str
    catches: list[str]


def mine(
    detect: Detect, messages: Sequence[Message], *, longest: int = 5, least: int = 2, limit: int = 50
) -> list[Proposal]:
    """Phrases of 2 to ``longest`` words in at least ``least`` missed crises and in no harmless message.

    Greedy: each next phrase is the one that catches most misses not yet caught; ties by length, then alphabet.
    For staff to accept one by one, never automatically.
    """
    harmless: set[str] = set()
    missed: dict[str, set[str]] = {}
    for message in messages:
        found = phrases(message.text, longest)
        if message.level < 2:
            harmless |= found
        elif LEVELS.index(detect(message.text).level) < 2:
            for phrase in found:
                missed.setdefault(phrase, set()).add(message.id)
    candidates = {phrase: ids for phrase, ids in missed.items() if len(ids) >= least and phrase not in harmless}
    caught: set[str] = set()
    proposals: list[Proposal] = []
    while candidates and len(proposals) < limit:
        phrase = min(candidates, key=lambda p: (-len(candidates[p] - caught), len(p), p))
        fresh = candidates.pop(phrase) - caught
        if len(fresh) < least:
            break
        caught |= fresh
        proposals.append(Proposal(phrase, sorted(fresh)))
    return proposals


def phrases(text: str, longest: int) -> set[str]:
    """All runs of 2 to ``longest`` words in lower case, punctuation dropped."""
    words = "".join(char if char.isalnum() else " " for char in text.lower()).split()
    return {
        " ".join(words[start : start + size])
        for size in range(2, longest + 1)
        for start in range(len(words) - size + 1)
    }
