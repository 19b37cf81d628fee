"""Steps 1 to 5 on their own: characters, tokens, readings and the diacritic-subset rule."""

import unicodedata
from typing import Any

import pytest

from safety.detection.lattice import DESPACED, JOINED, LEET, PLAIN, REPEAT, RESPELL, TEENCODE, WILDCARD
from safety.detection.text import Tokenizer

from .conftest import Finder


def canonical(tokenizer: Tokenizer, text: str) -> list[str]:
    return [token.letters + token.tone for token in tokenizer(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hoà", "hòa"),
        ("thuỷ", "thủy"),
        ("MUỐN CHẾT", "muốn chết"),
        ("muốn chết", unicodedata.normalize("NFD", "muốn chết")),
        ("ｍｕốｎ", "muốn"),
        ("m\u200bu\u00adốn", "muốn"),
        ("сhết", "chết"),  # Cyrillic с
        ("𝓬𝓱ế𝓽", "chết"),
        ("don’t", "dont"),
        ("Đ", "đ"),
    ],
)
def test_different_spellings_give_the_same_tokens(tokenizer: Tokenizer, one: str, other: str) -> None:
    assert canonical(tokenizer, one) == canonical(tokenizer, other)


def test_offsets_are_code_points_of_the_original_text(tokenizer: Tokenizer) -> None:
    text = "😭 \u200bmuo\u0302\u0301n 𝓬hết"
    spans = [text[token.start : token.end] for token in tokenizer(text)]
    assert spans == ["😭", "muo\u0302\u0301n", "𝓬hết"]


def test_letters_outside_the_tables_separate(tokenizer: Tokenizer) -> None:
    assert canonical(tokenizer, "ab中cd") == ["ab", "cd"]


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("tự tử", PLAIN),
        ("tu tu", PLAIN),
        ("tự tu", PLAIN),
        ("t.ự t.ử", JOINED),
        ("t-ự t-ử", JOINED),
        ("t ự t ử", DESPACED),
        ("tựtửtự", None),
        ("tựửtử", None),
        ("từ từ", None),
        ("tứ tử", None),
        ("tư tử", PLAIN),
        ("tựựự tử", REPEAT),
    ],
)
def test_tu_tu_matches_by_the_diacritic_subset_rule(find: Finder, text: str, view: int | None) -> None:
    assert find("tự tử", text) == view


@pytest.mark.parametrize(
    ("keyword", "text", "view"),
    [
        ("không muốn sống", "k muốn sống", TEENCODE),
        ("không muốn sống", "hok mún sốg", TEENCODE),
        ("ngoài đường", "ngoài đườg", RESPELL),
        ("muốn chết", "mún chết", TEENCODE),
        ("muốn chết", "muốn ch3t", TEENCODE),
        ("tự rạch", "tự r4ch", LEET),
        ("muốn chết", "muốn ch*t", WILDCARD),
        ("muốn chết", "muốn c.h.ế.t", JOINED),
        ("muốn chết", "m u ố n   c h ế t", JOINED),
        ("muốn chết", "muonchet", DESPACED),
        ("muốn chết", "muốn 😭 chết", PLAIN),
        ("muốn chết", "muốn. chết", PLAIN),
        ("kill myself", "kms", TEENCODE),
        ("kill myself", "k1ll myself", LEET),
        ("kill myself", "k!ll myself", LEET),
    ],
)
def test_evasions_are_seen_through_their_view(find: Finder, keyword: str, text: str, view: int) -> None:
    assert find(keyword, text) == view


def test_an_entry_that_must_not_fold_needs_every_mark(find: Finder) -> None:
    assert find("tự tử", "tu tu", fold="never") is None
    assert find("tự tử", "tự tử", fold="never") == PLAIN


def test_a_keyword_inside_a_token_is_found_only_when_it_is_not_exact(find: Finder) -> None:
    assert find("suicid", "parasuicidal") is None
    assert find("suicid", "parasuicidal", is_exact_match=False) is not None


def test_a_case_sensitive_keyword_needs_the_same_letters(find: Finder) -> None:
    assert find("SH", "sh", is_case_sensitive=True) is None
    assert find("SH", "SH", is_case_sensitive=True) == PLAIN


def test_a_class_in_a_keyword_stands_for_its_phrases(find: Finder) -> None:
    assert find("<NUM> viên", "12 viên") == PLAIN
    assert find("<HYPER> muốn chết", "đói muốn chết") == PLAIN


def test_tables_are_data(bundle: dict[str, Any]) -> None:
    outputs = dict(bundle["tables"]["chars"])
    assert "ạ" not in outputs[""]
    assert bundle["tables"]["fold"]
