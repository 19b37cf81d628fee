"""Step 10: the learned model. Hashed n-grams and concept classes, integer weights, one division by a table.

A feature is a string of code points hashed by FNV-1a (32 bits) and cut to ``bits`` bits. The kept hashes are stored as
gaps, their weights as one character each. A block's sum is multiplied by ``scale[block][min(n, last)]``, which is
round(share * 2^14 / sqrt(n)) for n distinct hashes. All numbers stay below 2^53, so that JavaScript agrees to the bit.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FNV_OFFSET, FNV_PRIME, MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
CHARS, FOLDED, MARKED, CONCEPTS, SEQUENCES = range(5)
BLOCKS = ("characters", "folded syllables", "marked syllables", "concepts", "concept sequences")


class Word(NamedTuple):
    """One syllable of the reading; ``start`` and ``end`` are token positions."""

    folded: str
    marked: str
    start: int
    end: int


type Features = list[dict[int, tuple[int, int]]]
"""Per block: hash → token span where it was first seen."""


def fnv(seed: int, text: str) -> int:
    """FNV-1a over code points, continuing from ``seed``."""
    for char in text:
        seed = ((seed ^ ord(char)) * FNV_PRIME) & MASK
    return seed


SEEDS = tuple(fnv(FNV_OFFSET, name) for name in ("c", "f", "m", "k", "s"))


def character_hashes(folded: str, sizes: Mapping[str, int]) -> list[int]:
    """Hashes of a word's substrings with a space at both ends, by place then length."""
    mask, low, high = (1 << sizes["bits"]) - 1, sizes["char_min"], sizes["char_max"]
    padded = [32, *[ord(char) for char in folded], 32]
    hashes = []
    for at in range(len(padded)):
        value = SEEDS[CHARS]
        for length, code in enumerate(padded[at : at + high], 1):
            value = ((value ^ code) * FNV_PRIME) & MASK
            if length >= low:
                hashes.append(value & mask)
    return hashes


def extract(
    words: Sequence[Word],
    concepts: Sequence[tuple[str, int, int]],
    sizes: Mapping[str, int],
    known: Mapping[str, Sequence[int]],
) -> Features:
    """Hashes of all features; ``concepts`` are (name, start, end) sorted by (start, -end, name).

    ``known`` holds character_hashes of words worked out beforehand: for speed alone.
    """
    mask = (1 << sizes["bits"]) - 1
    features: Features = [{}, {}, {}, {}, {}]
    chars = features[CHARS]
    for word in words:
        span = (word.start, word.end)
        for value in known.get(word.folded) or character_hashes(word.folded, sizes):
            if value not in chars:
                chars[value] = span
    _grams(words, [word.folded for word in words], FOLDED, sizes["word_max"], mask, features)
    _grams(words, [word.marked for word in words], MARKED, sizes["word_max"], mask, features)
    for name, start, end in concepts:
        features[CONCEPTS].setdefault(fnv(SEEDS[CONCEPTS], name) & mask, (start, end))
    _sequences(concepts, sizes["followers"], mask, features[SEQUENCES])
    return features


def _sequences(
    concepts: Sequence[tuple[str, int, int]], followers: int, mask: int, out: dict[int, tuple[int, int]]
) -> None:
    """Each concept that lies in no longer one, with the next few that start after its end."""
    widest = -1
    spans: list[tuple[str, int, int]] = []
    for name, start, end in concepts:
        if end > widest or (spans and spans[-1][1:] == (start, end)):
            spans.append((name, start, end))
            widest = max(widest, end)
    for at, (name, start, end) in enumerate(spans):
        found, before = 0, fnv(SEEDS[SEQUENCES], name + ">")
        for other, first, last in spans[at + 1 : at + 1 + 4 * followers]:
            if first >= end:
                out.setdefault(fnv(before, other) & mask, (start, last))
                found += 1
                if found == followers:
                    break


def _grams(
    words: Sequence[Word], forms: Sequence[str], block: int, longest: int, mask: int, features: Features
) -> None:
    out = features[block]
    codes = [[32, *[ord(char) for char in form]] for form in forms]
    for at in range(len(codes)):
        value = SEEDS[block]
        for last in range(at, min(at + longest, len(codes))):
            for code in codes[last]:
                value = ((value ^ code) * FNV_PRIME) & MASK
            if value & mask not in out:
                out[value & mask] = (words[at].start, words[last].end)


class Model:
    """Two linear scores, offer and alarm, in fixed point; above 0 means the tier is reached."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self.scale: list[list[int]] = model["scale"]
        self.tiers = [(tier["bias"], tier["unit"]) for tier in model["tiers"]]
        self.english: list[int] = model["english"]
        alphabet: str = model["alphabet"]
        place = {char: index for index, char in enumerate(alphabet)}
        hashes = unpack_gaps(model["gaps"], place)
        columns = [[place[char] - model["zero"] for char in tier["weights"]] for tier in model["tiers"]]
        self.weights = dict(zip(hashes, zip(*columns, strict=True), strict=True))

    def score(self, features: Features) -> list[int]:
        """Scores per tier (offer, alarm) in thousandths."""
        totals = [bias for bias, _ in self.tiers]
        for block, scale in zip(features, self.scale, strict=True):
            offer = alarm = 0
            for value in block:
                pair = self.weights.get(value)
                if pair:
                    offer += pair[0]
                    alarm += pair[1]
            factor = scale[min(len(block), len(scale) - 1)]
            totals[0] += offer * factor
            totals[1] += alarm * factor
        return [total // unit for total, (_, unit) in zip(totals, self.tiers, strict=True)]

    def strongest(self, features: Features, tier: int, count: int) -> list[tuple[int, int, str]]:
        """The token spans that speak most for the tier: (start, end, block name), by contribution then position."""
        spans: dict[tuple[int, int, str], int] = {}
        for name, block, scale in zip(BLOCKS, features, self.scale, strict=True):
            factor = scale[min(len(block), len(scale) - 1)]
            for value, (start, end) in block.items():
                pair = self.weights.get(value)
                if pair:
                    spans[start, end, name] = spans.get((start, end, name), 0) + pair[tier] * factor
        ranked = sorted((-weight, span) for span, weight in spans.items() if weight > 0)
        chosen: list[tuple[int, int, str]] = []
        for _, span in ranked:
            if all(span[1] <= other[0] or span[0] >= other[1] for other in chosen):
                chosen.append(span)
            if len(chosen) == count:
                break
        return chosen


def unpack_gaps(gaps: str, place: Mapping[str, int]) -> list[int]:
    """Ascending hashes from gaps: a character is its place, the last one means "so much, and more follows"."""
    most = len(place) - 1
    hashes, at = [], -1
    for char in gaps:
        step = place[char]
        at += step
        if step < most:
            at += 1
            hashes.append(at)
    return hashes


def pack_gaps(hashes: Sequence[int], alphabet: str) -> str:
    """The inverse of unpack_gaps for strictly ascending hashes."""
    most = len(alphabet) - 1
    out, at = [], -1
    for value in hashes:
        gap = value - at - 1
        out.append(alphabet[most] * (gap // most) + alphabet[gap % most])
        at = value
    return "".join(out)
