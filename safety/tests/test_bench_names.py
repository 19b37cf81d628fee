"""Every term the engine may explain itself with has words for staff."""

import csv

from safety.detection.lattice import VIEWS
from safety.detection.model import BLOCKS
from safety.names import NAMES
from safety.training.bundle import DATA


def test_every_view_and_block_has_a_name() -> None:
    assert set(VIEWS) | set(BLOCKS) <= NAMES.keys()


def test_every_category_of_the_shipped_lexicon_has_a_name() -> None:
    with (DATA / "lexicon.csv").open(encoding="utf-8") as file:
        signals = {row["category"] for row in csv.DictReader(file) if row["kind"] == "signal"}
    assert signals <= NAMES.keys()
