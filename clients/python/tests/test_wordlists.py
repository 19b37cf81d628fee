"""The word lists: what a phrase written down today needs to be typed back without doubt in ten years."""

import hashlib
import re
import unicodedata
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from cbln.phrase import fold

FOLDER = Path(__file__).parents[1] / "cbln" / "wordlists"
# Read as bytes and decoded by hand: opening as text would hide CR line ends.
VI = (FOLDER / "vi.txt").read_bytes().decode("utf-8").removesuffix("\n").split("\n")
EN = (FOLDER / "en.txt").read_bytes().decode("utf-8").removesuffix("\n").split("\n")
FOLDED = [fold(entry) for entry in VI]

ENGLISH_SHA256 = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
BASE_LETTERS = set("abcdđeghiklmnopqrstuvxy")
# Breve, circumflex and horn make letters; grave, acute, tilde, hook and dot below make tones.
MARKS = set("\u0306\u0302\u031b\u0300\u0301\u0303\u0309\u0323")

# Once the marks are gone these are read as sex, insults, death, wounds, weapons or drugs, whatever was meant.
DENIED_SYLLABLES = """
    benh bia bom bu buoi buon cac cak chet chich cu cut dam dao deo diem dit du ghet giet hiep khoc liem lol lon loz me
    mong mu ngheo nghien ngu nung rach ruou sat sung thuoc vu xac xoac
"""
# Harmless with their marks, grim or rude without.
DENIED_ENTRIES = """
    be tac, bo roi, chan doi, chay mau, co don, con buom, con chim, danh dau, dau bung, dau dau, dau long, di cau,
    di tau, hon da, lo lang, lo so, mat day, mat ngu, nhay cau, nhay day, nhay lau, so hai, tay cat, that co,
    thang dien, tram cam, treo co, tu hai, tu tu, tu van, tuyet vong, xep hinh
"""


@pytest.mark.parametrize("words", [VI, EN], ids=["vi", "en"])
def test_a_list_has_2048_entries_that_are_all_different(words: list[str]) -> None:
    assert len(words) == 2048
    assert len(set(words)) == 2048


def test_the_english_list_is_the_one_of_bip_39() -> None:
    assert hashlib.sha256((FOLDER / "en.txt").read_bytes()).hexdigest() == ENGLISH_SHA256


def test_every_entry_is_nfc_and_lower_case() -> None:
    assert [entry for entry in VI if entry != unicodedata.normalize("NFC", entry).lower()] == []


def test_every_entry_is_two_syllables_of_vietnamese_letters_and_one_space() -> None:
    allowed = BASE_LETTERS | MARKS
    for entry in VI:
        syllables = entry.split(" ")
        assert len(syllables) == 2, entry
        for syllable in syllables:
            assert syllable, entry
            assert set(unicodedata.normalize("NFD", syllable)) <= allowed, entry


def test_the_list_is_sorted_without_diacritics() -> None:
    assert [pair for pair in pairwise(FOLDED) if pair[0] >= pair[1]] == []
    assert all(entry.isascii() for entry in FOLDED)


def test_entries_differ_without_diacritics_and_without_the_space() -> None:
    assert len(set(FOLDED)) == 2048
    assert len({entry.replace(" ", "") for entry in FOLDED}) == 2048


@pytest.mark.parametrize("forms", [FOLDED, [entry.replace(" ", "") for entry in FOLDED]], ids=["spaced", "joined"])
def test_one_wrong_missing_or_added_letter_never_gives_another_entry(forms: list[str]) -> None:
    # Two forms are one letter apart exactly when they meet under the same wildcard.
    wildcards = defaultdict(set)
    for form in forms:
        for i in range(len(form) + 1):
            wildcards[f"{form[:i]}*{form[i:]}"].add(form)
            if i < len(form):
                wildcards[f"{form[:i]}*{form[i + 1 :]}"].add(form)
    assert [met for met in wildcards.values() if len(met) > 1] == []


def test_the_two_syllables_swapped_never_give_another_entry() -> None:
    swapped = {" ".join(reversed(entry.split())) for entry in FOLDED if len(set(entry.split())) == 2}
    assert swapped & set(FOLDED) == set()


def test_no_entry_reads_badly_without_diacritics() -> None:
    syllables = set(DENIED_SYLLABLES.split())
    assert [entry for entry in FOLDED if syllables & set(entry.split())] == []
    assert {" ".join(entry.split()) for entry in DENIED_ENTRIES.split(",")} & set(FOLDED) == set()


def test_no_two_neighbours_in_a_phrase_read_as_suicide() -> None:
    # "tu tu" (tự tử) would need an entry that ends in tu before one that begins so.
    assert [entry for entry in FOLDED if entry.endswith(" tu")] == []


def test_no_entry_has_a_syllable_spelt_with_either_i_or_y() -> None:
    disputed = re.compile(r"\b(?:[hklmst]|qu)[iìíỉĩịyỳýỷỹỵ]\b")
    assert [entry for entry in VI if disputed.search(entry) and "mì" not in entry.split()] == []
