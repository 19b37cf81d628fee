"""Shared by the detection tests: the shipped bundle, its detector, and a finder for one keyword."""

from collections.abc import Callable
from typing import Any

import pytest

from safety.detection import Detector, load_bundle
from safety.detection.text import Tokenizer

type Finder = Callable[..., int | None]


@pytest.fixture(scope="session")
def bundle() -> dict[str, Any]:
    return load_bundle()


@pytest.fixture(scope="session")
def detector(bundle: dict[str, Any]) -> Detector:
    return Detector(bundle)


@pytest.fixture(scope="session")
def tokenizer(bundle: dict[str, Any]) -> Tokenizer:
    return Tokenizer(bundle["tables"])


def keyword_row(ident: int | str, kind: str, keyword: str, **changes: Any) -> list[Any]:
    """A lexicon row in the order of the bundle's columns."""
    values: dict[str, Any] = {
        "id": ident, "kind": kind, "keyword": keyword, "category": "suicide", "severity": "high", "language": "vi",
        "is_exact_match": True, "is_case_sensitive": False, "is_ambiguous": False, "fold": "auto",
    }  # fmt: skip
    return list((values | changes).values())


@pytest.fixture(scope="session")
def with_rows(bundle: dict[str, Any]) -> Callable[[list[list[Any]]], Detector]:
    """A detector without model whose lexicon is exactly the rows given."""

    def build(rows: list[list[Any]]) -> Detector:
        lexicon = {"columns": bundle["lexicon"]["columns"], "rows": rows}
        return Detector(bundle | {"lexicon": lexicon, "model": None})

    return build


@pytest.fixture(scope="session")
def find(with_rows: Callable[[list[list[Any]]], Detector]) -> Finder:
    """View through which a lone keyword is found in a text over its whole or part, or None."""

    def finder(keyword: str, text: str, **changes: Any) -> int | None:
        hits = with_rows([keyword_row(1, "signal", keyword, **changes)]).analyse(text).hits
        return hits[0].view if hits else None

    return finder
