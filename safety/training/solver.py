"""A linear support vector machine (squared hinge, L2) by dual coordinate descent; Hsieh et al., ICML 2008, algorithm 1.

Only + - * / and sqrt on doubles, in a fixed order: IEEE 754 makes the result the same to the bit everywhere. No sum(),
which adds differently since Python 3.12, no exp or log, which differ between C libraries.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Document(NamedTuple):
    """Feature numbers per block and the factor each block's features carry (share / sqrt(n))."""

    blocks: tuple[tuple[Sequence[int], float], ...]


class Order:
    """A shuffle of our own (xorshift32 and Fisher-Yates), so that no library version can change it."""

    def __init__(self, seed: int) -> None:
        self.state = seed or 1

    def below(self, limit: int) -> int:
        """The next number in [0, limit)."""
        state = self.state
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        self.state = state
        return state % limit

    def shuffle(self, items: list[int]) -> None:
        """Shuffle in place."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


def association(documents: Sequence[Document], labels: Sequence[int], size: int, min_df: int) -> list[float]:
    """Per feature |p - q| / (p + q), p and q its smoothed rates in the two classes; 0 below ``min_df`` documents."""
    counts = [[0] * size, [0] * size]
    totals = [0, 0]
    for document, label in zip(documents, labels, strict=True):
        side = counts[label]
        totals[label] += 1
        for block, _ in document.blocks:
            for feature in block:
                side[feature] += 1
    ratios = [0.0] * size
    for feature in range(size):
        negative, positive = counts[0][feature], counts[1][feature]
        if negative + positive >= min_df:
            p, q = (positive + 0.5) / totals[1], (negative + 0.5) / totals[0]
            ratios[feature] = abs(p - q) / (p + q)
    return ratios


def fit(
    documents: Sequence[Document], labels: Sequence[int], costs: Sequence[float], ratios: Sequence[float], epochs: int
) -> tuple[list[float], float]:
    """Weights per feature (already times its ratio) and bias; labels 0 or 1, ``costs`` is C per document."""
    squares = [ratio * ratio for ratio in ratios]
    weights, bias = [0.0] * len(ratios), 0.0
    alphas = [0.0] * len(documents)
    slack = [0.5 / cost for cost in costs]
    norms = [norm(document, squares) + slack[index] for index, document in enumerate(documents)]
    order, shuffler = list(range(len(documents))), Order(20261122)
    for _ in range(epochs):
        shuffler.shuffle(order)
        for index in order:
            sign = 1.0 if labels[index] else -1.0
            blocks = documents[index].blocks
            value = bias
            for block, factor in blocks:
                part = 0.0
                for feature in block:
                    part += weights[feature]
                value += part * factor
            gradient = sign * value - 1.0 + slack[index] * alphas[index]
            alpha = max(alphas[index] - gradient / norms[index], 0.0)
            step = (alpha - alphas[index]) * sign
            if step:
                alphas[index] = alpha
                bias += step
                for block, factor in blocks:
                    move = step * factor
                    for feature in block:
                        weights[feature] += move * squares[feature]
    return weights, bias


def norm(document: Document, squares: Sequence[float]) -> float:
    """x·x + 1 (the bias) for a document under the feature scaling."""
    total = 1.0
    for block, factor in document.blocks:
        part = 0.0
        for feature in block:
            part += squares[feature]
        total += part * factor * factor
    return total
