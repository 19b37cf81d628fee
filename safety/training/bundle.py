"""Assembles the bundle from the files of data/: tables, rules, lexicon, concepts and, once trained, the model."""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safety.detection.bundle import canonical

from .tables import build_tables

DATA = Path(__file__).parent.parent / "data"
COLUMNS = [
    "id", "kind", "keyword", "category", "severity", "language", "is_exact_match", "is_case_sensitive", "is_ambiguous",
    "fold",
]  # fmt: skip


def read_lexicon(path: Path = DATA / "lexicon.csv") -> list[dict[str, Any]]:
    """Active rows of a lexicon CSV, typed, in file order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [typed_row(row) for row in csv.DictReader(file) if row["is_active"] == "true"]


def typed_row(row: Mapping[str, str]) -> dict[str, Any]:
    """One CSV row with booleans and the flags spelled out."""
    flags = row["flags"].split()
    return {
        "id": int(row["id"]),
        "kind": row["kind"],
        "keyword": row["keyword"],
        "category": row["category"],
        "severity": row["severity"],
        "language": row["language"],
        "is_exact_match": row["is_exact_match"] == "true",
        "is_case_sensitive": row["is_case_sensitive"] == "true",
        "is_ambiguous": "amb" in flags,
        "fold": "never" if "nofold" in flags else "auto",
    }


def read_concepts(path: Path = DATA / "concepts.csv") -> list[list[Any]]:
    """[name, category or '', [phrase, …]] per concept, in file order, phrases without repetition."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            [row["concept"], row["category"], list(dict.fromkeys(row["phrases"].split("|")))]
            for row in csv.DictReader(file)
        ]


def build_bundle(
    lexicon: Iterable[Mapping[str, Any]] | None = None, model: Mapping[str, Any] | None = None, version: str = ""
) -> dict[str, Any]:
    """A bundle; ``lexicon`` rows default to data/lexicon.csv, ``version`` to a digest of the content.

    A row needs the keys of COLUMNS; ids may be int or str, rows keep their order.
    """
    rows = list(lexicon) if lexicon is not None else read_lexicon()
    bundle: dict[str, Any] = {
        "format": 1,
        "tables": build_tables(),
        "rules": json.loads((DATA / "rules.json").read_text(encoding="utf-8")),
        "lexicon": {"columns": COLUMNS, "rows": [[row[column] for column in COLUMNS] for row in rows]},
        "concepts": read_concepts(),
        "model": model,
    }
    bundle["version"] = version or "d" + hashlib.sha256(canonical(bundle)).hexdigest()[:12]
    return bundle
