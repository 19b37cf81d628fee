"""Steps 6 to 9: which signals stand after allow phrases, negation and context, and what level they make.

All positions are token positions. A suppressed or lowered signal is kept, with the reason, for staff to see.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .lattice import EVASIVE, VIEWS, Lattice
from .matching import Entry, Hit

LEVELS = ("none", "low", "medium", "high", "critical")


class Finding(NamedTuple):
    """A signal after the modifiers: ``level`` indexes LEVELS, ``suppressed_by`` says who lowered it ('' = nobody)."""

    hit: Hit
    level: int
    rule: str
    suppressed_by: str


class RuleEngine:
    """Applies the rules of a bundle (``rules`` dict) to hits over a lattice."""

    def __init__(self, rules: Mapping[str, Any], entries: Sequence[Entry], clause: str) -> None:
        self.entries = entries
        self.clause = frozenset(clause)
        self.window = int(rules["ambiguity_window"])
        self.negation_window = int(rules["negation_window"])
        self.victim_window = int(rules["victim_window"])
        self.urgency_window = int(rules["urgency_window"])
        self.victim_categories = frozenset(rules["victim_categories"])

    def __call__(self, hits: Sequence[Hit], lattice: Lattice) -> list[Finding]:
        """Findings in the order of ``hits``; linear in hits times the (bounded) context windows."""
        context: dict[str, list[Hit]] = {}
        allow: list[Hit] = []
        signals: list[Hit] = []
        for hit in hits:
            kind = self.entries[hit.entry].kind
            if kind == "signal":
                signals.append(hit)
            elif kind == "allow":
                allow.append(hit)
            else:
                context.setdefault(self.entries[hit.entry].category, []).append(hit)
        places = {name: Places(found, lattice.size) for name, found in context.items()}
        allowed = Places(allow, lattice.size)
        clauses = self._clauses(lattice)
        return [self._judge(hit, allowed, places, clauses) for hit in signals]

    def _clauses(self, lattice: Lattice) -> list[int]:
        """Clause number of each token: a new clause starts after a gap with a clause mark."""
        numbers, number = [], 0
        for token in lattice.tokens:
            if any(char in self.clause for char in token.gap):
                number += 1
            numbers.append(number)
        return numbers

    def _judge(self, hit: Hit, allowed: "Places", places: Mapping[str, "Places"], clauses: list[int]) -> Finding:
        entry = self.entries[hit.entry]
        level = LEVELS.index(entry.severity)
        mask = allowed.covering(hit)
        if mask is not None:
            return Finding(hit, 0, "allow", f"allow:{self.entries[mask.entry].ident}")
        if (
            entry.is_ambiguous
            and hit.view not in EVASIVE
            and not self._near(hit, places, ("desire", "self"), self.window)
        ):
            return Finding(hit, 0, "ambiguous", "no desire or first person near")
        negator = self._negator(hit, places, clauses)
        if negator is not None:
            if self._after(hit, places, "contrast"):
                return Finding(
                    hit, min(level, 2), "negation before a contrast", f"negation:{self.entries[negator.entry].ident}"
                )
            return Finding(hit, 0, "negation", f"negation:{self.entries[negator.entry].ident}")
        wish = self._near(hit, places, ("wish",), 3)
        quote = places.get("quote")
        if quote is not None and not wish:
            return Finding(hit, min(level, 1), "quote", f"quote:{self.entries[quote.hits[0].entry].ident}")
        if entry.category in self.victim_categories and not self._near(
            hit, places, ("self", "victim"), self.victim_window
        ):
            return Finding(hit, min(level, 1), "victim", "no victim word near")
        if (
            level == 3
            and entry.category == "suicide"
            and self._near(hit, places, ("urgent", "means"), self.urgency_window)
        ):
            return Finding(hit, 4, "signal with urgency or means", "")
        return Finding(hit, level, "signal", "")

    def _near(self, hit: Hit, places: Mapping[str, "Places"], names: Sequence[str], window: int) -> bool:
        return any(name in places and places[name].near(hit.start, hit.end, window) for name in names)

    def _after(self, hit: Hit, places: Mapping[str, "Places"], name: str) -> bool:
        return name in places and places[name].near(hit.end, hit.end + self.window, 0)

    def _negator(self, hit: Hit, places: Mapping[str, "Places"], clauses: list[int]) -> Hit | None:
        """The negator that governs the hit: in its clause, in the window, odd in number, no pseudo-negator over it."""
        pseudo, contrast = places.get("pseudo_neg"), places.get("contrast")
        governing: list[Hit] = []
        before = places.get("negator")
        for found in before.within(hit.start - self.negation_window, hit.start) if before else ():
            if clauses[found.start] != clauses[hit.start] or (pseudo and pseudo.covering(found)):
                continue
            if contrast and contrast.near(found.end, hit.start, 0):
                continue
            if not governing or found.start >= governing[-1].end:
                governing.append(found)
        if len(governing) % 2 == 1:
            return governing[-1]
        after = places.get("negator_after")
        for found in after.within(hit.end, hit.end + 3) if after and not governing else ():
            if clauses[found.start] == clauses[hit.end - 1] and not (pseudo and pseudo.covering(found)):
                return found
        return None


class Places:
    """Hits of one kind with lookup by position: constant time per token asked about."""

    def __init__(self, hits: Sequence[Hit], size: int) -> None:
        self.hits = hits
        self.at: list[list[Hit]] = [[] for _ in range(size + 1)]
        self.longest = max((hit.end - hit.start for hit in hits), default=0)
        for hit in hits:
            self.at[hit.start].append(hit)

    def within(self, low: int, high: int) -> list[Hit]:
        """Hits that lie inside [low, high), in order."""
        return [
            hit for start in range(max(low, 0), min(high, len(self.at))) for hit in self.at[start] if hit.end <= high
        ]

    def near(self, low: int, high: int, window: int) -> bool:
        """Is a hit overlapping [low - window, high + window)?"""
        first, last = low - window, high + window
        for start in range(max(first - self.longest, 0), min(last, len(self.at))):
            if any(hit.end > first for hit in self.at[start]):
                return True
        return False

    def covering(self, hit: Hit) -> Hit | None:
        """The first hit that contains ``hit``, or overlaps it and is longer."""
        length = hit.end - hit.start
        for start in range(max(hit.start - self.longest, 0), min(hit.end, len(self.at))):
            for found in self.at[start]:
                contains = found.start <= hit.start and found.end >= hit.end
                if contains or (found.end > hit.start and found.end - found.start > length):
                    return found
        return None


def describe(finding: Finding, entry: Entry, span: tuple[int, int]) -> dict[str, Any]:
    """The finding as it leaves the engine: span in code points of the original text, end exclusive."""
    return {
        "keyword_id": entry.ident,
        "span": list(span),
        "view": VIEWS[finding.hit.view],
        "rule": finding.rule,
        "suppressed_by": finding.suppressed_by or None,
    }
