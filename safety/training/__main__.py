"""``python -m safety.training``: trains the model and writes data/bundle.json, byte for byte the same.

``--cross-validate`` first leaves each author out in turn: it sets the thresholds anew (data/calibration.json) and
writes what the whole detector found in messages of authors its model had not seen (data/unseen_authors.json).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safety.detection.bundle import canonical
from safety.detection.detector import Detector

from .bundle import DATA, build_bundle
from .corpus import read_corpus
from .train import (
    Dataset,
    LeftOut,
    Settings,
    cross_validate,
    pack,
    threshold_at,
    train_tier,
    vectorize,
    with_thresholds,
)

OFFER_RATE, ALARM_RATE = 0.07, 0.018


def calibrate(parts: Sequence[LeftOut]) -> list[int]:
    """Thresholds in thousandths at which unseen authors' none and low messages reach the target rates.

    The rates leave room below the goals (8 % and 2 %) for what the rules add.
    """
    harmless = [
        score for part in parts for message, score in zip(part.messages, part.scores, strict=True) if message.level < 2
    ]
    return [
        threshold_at([score[tier] for score in harmless], rate) for tier, rate in enumerate((OFFER_RATE, ALARM_RATE))
    ]


def is_background(author: str) -> bool:
    """Files of everyday chat, one sided by design, say nothing of the trade-off: never used to calibrate."""
    return author.startswith("bg")


def unseen_levels(parts: Sequence[LeftOut], thresholds: Sequence[int], bundle: dict[str, Any]) -> dict[str, str]:
    """id → level of the whole detector, each message judged by a model that never saw its author."""
    levels = {}
    for part in parts:
        detector = Detector(bundle | {"model": with_thresholds(part.model, thresholds)})
        levels.update({message.id: detector.detect(message.text).level for message in part.messages})
    return levels


def leave_authors_out(dataset: Dataset, settings: Settings, target: Path) -> list[int]:
    """Leave every author out, write calibration.json and unseen_authors.json, return the thresholds."""
    bundle = build_bundle()
    authors = sorted({message.author for message in dataset.messages if not is_background(message.author)})
    parts = list(cross_validate(dataset, settings, authors, Detector(bundle)))
    thresholds = calibrate(parts)
    (target / "calibration.json").write_bytes(canonical({"alarm": thresholds[1], "offer": thresholds[0]}) + b"\n")
    (target / "unseen_authors.json").write_bytes(canonical(unseen_levels(parts, thresholds, bundle)) + b"\n")
    return thresholds


def train_detector(*, corpus: Path | None = None, target: Path = DATA, recalibrate: bool = False) -> bytes:
    """Train, write the bundle under ``target`` and return its bytes. What ``manage.py train_detector`` calls.

    ``recalibrate`` leaves every author out in turn (minutes), else data/calibration.json holds the thresholds.
    """
    settings = Settings()
    dataset = vectorize(read_corpus(corpus) if corpus else read_corpus(), Detector(build_bundle()))
    if recalibrate:
        thresholds = leave_authors_out(dataset, settings, target)
    else:
        stored = json.loads((DATA / "calibration.json").read_text(encoding="utf-8"))
        thresholds = [stored["offer"], stored["alarm"]]
    scorers = [train_tier(dataset, tier, settings) for tier in (0, 1)]
    content = canonical(build_bundle(model=pack(dataset, scorers, thresholds, settings))) + b"\n"
    (target / "bundle.json").write_bytes(content)
    return content


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m safety.training", description=__doc__)
    parser.add_argument("--cross-validate", action="store_true", help="leave each author out, set the thresholds anew")
    parser.add_argument("--target", type=Path, default=DATA, help="folder for what is written")
    options = parser.parse_args(arguments)
    content = train_detector(target=options.target, recalibrate=options.cross_validate)
    sys.stdout.write(f"{options.target / 'bundle.json'}: {len(content)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
