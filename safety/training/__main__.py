"""``python -m safety.training``: trains the model and writes data/model.json and data/bundle.json, byte for byte the same.

``--cross-validate`` leaves each author out in turn, prints the curve per language and sets the thresholds anew;
without it the thresholds of the stored model's ``calibration`` are kept.
"""

import argparse
import json
import sys
from pathlib import Path

from safety.detection.bundle import canonical
from safety.detection.detector import Detector

from .bundle import DATA, build_bundle
from .corpus import Message, read_corpus
from .train import Settings, cross_validate, pack, threshold_at, train_tier, vectorize

OFFER_RATE, ALARM_RATE = 0.07, 0.015
CALIBRATION = DATA / "calibration.json"


def calibrate(scored: list[tuple[Message, float, float]]) -> dict[str, int]:
    """Thresholds in thousandths at which unseen authors' none and low messages reach the target rates."""
    harmless = [(offer, alarm) for message, offer, alarm in scored if message.level < 2 and not is_background(message.author)]
    return {
        "offer": int(1000 * threshold_at([offer for offer, _ in harmless], OFFER_RATE)),
        "alarm": int(1000 * threshold_at([alarm for _, alarm in harmless], ALARM_RATE)),
    }


def is_background(author: str) -> bool:
    """Files of everyday chat, one sided by design, say nothing of the trade-off: never used to calibrate."""
    return author.startswith("bg")


def train_detector(*, corpus: Path | None = None, target: Path = DATA, recalibrate: bool = False) -> bytes:
    """Train, write the bundle under ``target`` and return its bytes. What ``manage.py train_detector`` calls.

    ``recalibrate`` leaves every author out in turn (minutes), otherwise data/calibration.json holds the thresholds.
    """
    detector = Detector(build_bundle())
    messages = read_corpus(corpus) if corpus else read_corpus()
    dataset = vectorize(messages, detector)
    settings = Settings()
    if recalibrate:
        authors = sorted({message.author for message in messages if not is_background(message.author)})
        thresholds = calibrate(cross_validate(dataset, settings, authors))
        (target / "calibration.json").write_bytes(canonical(thresholds) + b"\n")
    else:
        thresholds = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    scorers = [train_tier(dataset, tier, settings) for tier in (0, 1)]
    model = pack(dataset, scorers, [thresholds["offer"] / 1000, thresholds["alarm"] / 1000], settings)
    content = canonical(build_bundle(model=model)) + b"\n"
    (target / "bundle.json").write_bytes(content)
    return content


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m safety.training", description=__doc__)
    parser.add_argument("--cross-validate", action="store_true", help="leave each author out and set the thresholds anew")
    parser.add_argument("--target", type=Path, default=DATA, help="folder for bundle.json")
    options = parser.parse_args(arguments)
    content = train_detector(target=options.target, recalibrate=options.cross_validate)
    sys.stdout.write(f"{options.target / 'bundle.json'}: {len(content)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
