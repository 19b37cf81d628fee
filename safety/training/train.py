"""Trains the learned model from data/corpus/: reproducible to the byte, no dependency, a few minutes on one core."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from safety.detection.detector import Detector
from safety.detection.model import Model, pack_gaps

from .corpus import Message
from .solver import Document, association, fit

ALPHABET = "".join(chr(code) for code in range(35, 127) if chr(code) not in "\\&<>")
ZERO = 31
STEPS = 31
SHARES = (1.0, 1.0, 1.0, 0.5, 0.4)
SCALE_LENGTH = 1024
SCALE_ONE = 1 << 14


class Settings(NamedTuple):
    """What was tried, see docs/adr/0003-detection-model.md; ``keep`` is the number of features kept.

    ``background_cost`` multiplies C for lines of everyday chat (files bg…).
    """

    cost: float = 3.0
    epochs: int = 12
    min_df: int = 2
    keep: int = 40000
    background_cost: float = 3.0


class Dataset(NamedTuple):
    """Documents with dense feature numbers; ``hashes[feature]`` is (block, hash)."""

    messages: list[Message]
    documents: list[Document]
    hashes: list[tuple[int, int]]


class Scorer(NamedTuple):
    """A trained tier before it is packed: kept weights by feature number and bias."""

    weights: list[float]
    bias: float


def vectorize(messages: Sequence[Message], detector: Detector) -> Dataset:
    """Features of every message with dense numbers in order of first appearance."""
    numbers: dict[tuple[int, int], int] = {}
    documents = []
    for message in messages:
        features = detector.features(detector.analyse(message.text))
        blocks = []
        for block, found in enumerate(features):
            ids = [numbers.setdefault((block, value), len(numbers)) for value in found]
            blocks.append((ids, factor(block, len(ids))))
        documents.append(Document(tuple(blocks)))
    return Dataset(list(messages), documents, list(numbers))


def factor(block: int, count: int) -> float:
    """The factor of a block with ``count`` features, exactly as the packed model has it."""
    return scale_table()[block][min(count, SCALE_LENGTH - 1)] / SCALE_ONE


def scale_table() -> list[list[int]]:
    """round(share * 2^14 / sqrt(n)) per block for n = 0..1023 (index 0 unused)."""
    if not _SCALE:
        _SCALE.extend(
            [0] + [int(share * SCALE_ONE / math.sqrt(n) + 0.5) for n in range(1, SCALE_LENGTH)] for share in SHARES
        )
    return _SCALE


_SCALE: list[list[int]] = []


def is_offer(message: Message) -> int | None:
    """Label of the offer tier: medium and above."""
    return int(message.level >= 2)


def is_alarm(message: Message) -> int | None:
    """Label of the alarm tier: high and critical; medium is no example either way."""
    return None if message.level == 2 else int(message.level >= 3)


TIERS: tuple[tuple[str, Callable[[Message], int | None]], ...] = (("offer", is_offer), ("alarm", is_alarm))


def train_tier(dataset: Dataset, tier: int, settings: Settings, left_out: frozenset[str] = frozenset()) -> Scorer:
    """Fit one tier on all authors but those left out."""
    documents, labels, costs = [], [], []
    for message, document in zip(dataset.messages, dataset.documents, strict=True):
        label = TIERS[tier][1](message)
        if label is None or message.author in left_out:
            continue
        documents.append(document)
        labels.append(label)
        costs.append(settings.cost * (settings.background_cost if message.author.startswith("bg") else 1.0))
    ratios = association(documents, labels, len(dataset.hashes), settings.min_df)
    weights, bias = fit(documents, labels, costs, ratios, settings.epochs)
    return Scorer(weights, bias)


def quantize(
    dataset: Dataset, scorers: Sequence[Scorer], settings: Settings
) -> tuple[list[int], list[float], list[list[int]]]:
    """The kept features, one step size per tier, and their integer weights.

    Kept are those of largest weight times block share over both tiers; the step lets 1 in 1,000 weights clip.
    """
    strength = [
        (-max(abs(scorer.weights[f]) for scorer in scorers) * SHARES[block], f)
        for f, (block, _) in enumerate(dataset.hashes)
    ]
    kept = sorted(f for weight, f in sorted(strength)[: settings.keep] if weight < 0)
    steps, rows = [], []
    for scorer in scorers:
        sizes = sorted((abs(scorer.weights[f]) for f in kept), reverse=True)
        step = sizes[len(sizes) // 1000] / STEPS if sizes else 1.0
        steps.append(step)
        rows.append([max(-STEPS, min(STEPS, round_half_up(scorer.weights[f] / step))) for f in kept])
    return kept, steps, rows


def round_half_up(value: float) -> int:
    """Nearest integer, halves up."""
    return int(value + 0.5) if value >= 0 else -int(-value + 0.5)


def pack(dataset: Dataset, scorers: Sequence[Scorer], settings: Settings) -> dict[str, Any]:
    """The model of the bundle with thresholds 0. Of features that share a hash the stronger one stays."""
    kept, steps, rows = quantize(dataset, scorers, settings)
    by_hash: dict[int, tuple[int, ...]] = {}
    for place, feature in enumerate(kept):
        value = dataset.hashes[feature][1]
        weights = tuple(row[place] for row in rows)
        old = by_hash.get(value)
        if any(weights) and (old is None or max(map(abs, weights)) > max(map(abs, old))):
            by_hash[value] = weights
    hashes = sorted(by_hash)
    units = [max(1, round_half_up(SCALE_ONE / step / 1000)) for step in steps]
    return {
        "alphabet": ALPHABET,
        "english": [0, 0],
        "zero": ZERO,
        "scale": scale_table(),
        "gaps": pack_gaps(hashes, ALPHABET),
        "tiers": [
            {
                "name": TIERS[tier][0],
                "bias": round_half_up(scorer.bias / steps[tier] * SCALE_ONE),
                "unit": units[tier],
                "weights": "".join(ALPHABET[by_hash[value][tier] + ZERO] for value in hashes),
            }
            for tier, scorer in enumerate(scorers)
        ],
    }


class LeftOut(NamedTuple):
    """An author's messages with both decision values (thousandths) by ``model``, trained without that author."""

    messages: list[Message]
    scores: list[tuple[int, int]]
    english: list[bool]
    model: dict[str, Any]


def cross_validate(
    dataset: Dataset, settings: Settings, authors: Sequence[str], detector: Detector
) -> Iterator[LeftOut]:
    """Leave each author out in turn; scored by the packed integer model itself, thresholds 0."""
    for author in authors:
        scorers = [train_tier(dataset, tier, settings, frozenset((author,))) for tier in (0, 1)]
        packed = pack(dataset, scorers, settings)
        model = Model(packed)
        messages = [message for message in dataset.messages if message.author == author]
        analyses = [detector.analyse(message.text) for message in messages]
        scores = [detector.scores(model, analysis, detector.features(analysis)) for analysis in analyses]
        english = [detector.is_english(analysis.words) for analysis in analyses]
        yield LeftOut(messages, scores, english, packed)


def with_thresholds(model: Mapping[str, Any], thresholds: Sequence[int], english: Sequence[int]) -> dict[str, Any]:
    """A packed model of thresholds 0 with others, in thousandths; ``english`` are those of English texts."""
    tiers = [
        {**tier, "bias": tier["bias"] - threshold * tier["unit"]}
        for tier, threshold in zip(model["tiers"], thresholds, strict=True)
    ]
    apart = [threshold - other for threshold, other in zip(thresholds, english, strict=True)]
    return {**model, "tiers": tiers, "english": apart}


def threshold_at(values: Sequence[int], rate: float) -> int:
    """The smallest threshold that at most ``rate`` of ``values`` exceed."""
    ranked = sorted(values, reverse=True)
    return ranked[min(int(rate * len(ranked)), len(ranked) - 1)] if ranked else 0
