"""Recovery phrases: 16 bytes as 12 everyday words, in Vietnamese or English (bit layout of BIP-39).

The entropy alone is keyed on, so that a phrase restores a conversation whichever language it is written in.
Vietnamese entries have two syllables; they are read with or without diacritics and the space between.
"""

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from cbln.errors import PhraseError
from cbln.keys import ENTROPY_BYTES

LANGUAGES = ("vi", "en")
WORDS = 12
_BITS_PER_WORD = 11
_CHECKSUM_BITS = 4
_D_WITHOUT_STROKE = str.maketrans("đð", "dd")  # đ has no decomposition; ð is what some keyboards send for it
_SEPARATORS = re.compile(r"[\W\d_]+")


def fold(text: str) -> str:
    """Lower case without diacritics (đ as d), from any Unicode normal form, single spaces: " Bánh  MÌ" → "banh mi"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(bare.casefold().translate(_D_WITHOUT_STROKE).split())


@cache
def wordlist(language: str) -> tuple[str, ...]:
    """The 2,048 entries of `vi` or `en`, in order; ValueError for another language."""
    if language not in LANGUAGES:
        raise ValueError("no such word list")
    words = tuple((files("cbln") / "wordlists" / f"{language}.txt").read_text("utf-8").split("\n"))
    return tuple(unicodedata.normalize("NFC", word) for word in words if word)


@cache
def _index(language: str) -> dict[str, int]:
    """From the folded entry, inner space removed, to its number."""
    return {fold(word).replace(" ", ""): number for number, word in enumerate(wordlist(language))}


def encode(entropy: bytes, language: str = "vi") -> list[str]:
    """The 12 words of 16 bytes."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"entropy is {ENTROPY_BYTES} bytes")
    bits = int.from_bytes(entropy, "big") << _CHECKSUM_BITS | _checksum(entropy)
    words = wordlist(language)
    return [words[bits >> shift & 0x7FF] for shift in range(_BITS_PER_WORD * (WORDS - 1), -1, -_BITS_PER_WORD)]


def decode(phrase: str) -> bytes:
    """The 16 bytes of a phrase in either language, however typed or numbered; PhraseError says what is wrong, where."""
    tokens = _SEPARATORS.sub(" ", fold(phrase)).split()
    for language in LANGUAGES:
        for numbers in _readings(tokens, language):
            bits = _join(numbers)
            entropy = (bits >> _CHECKSUM_BITS).to_bytes(ENTROPY_BYTES, "big")
            if bits & 0xF == _checksum(entropy):
                return entropy
    raise _diagnose(tokens)


def complete(prefix: str, language: str = "vi", limit: int = 8) -> list[str]:
    """The first entries that begin with what was typed so far, diacritics and spaces aside; none for nothing."""
    wanted = _SEPARATORS.sub("", fold(prefix))
    if not wanted:
        return []
    matches = [number for folded, number in _index(language).items() if folded.startswith(wanted)]
    return [wordlist(language)[number] for number in matches[:limit]]


def _checksum(entropy: bytes) -> int:
    return hashlib.sha256(entropy).digest()[0] >> 4


def _join(numbers: list[int]) -> int:
    bits = 0
    for number in numbers:
        bits = bits << _BITS_PER_WORD | number
    return bits


def _readings(tokens: list[str], language: str) -> Iterator[list[int]]:
    """Every way to read all the tokens (24 at most) as 12 entries; nearly always one or none."""
    if not WORDS <= len(tokens) <= 2 * WORDS:
        return
    index = _index(language)
    stack: list[tuple[int, list[int]]] = [(0, [])]
    while stack:
        start, numbers = stack.pop()
        if start == len(tokens) and len(numbers) == WORDS:
            yield numbers
        if len(numbers) == WORDS:
            continue
        for size in (1, 2):  # the longer reading is on top of the stack and tried first
            number = index.get("".join(tokens[start : start + size])) if start + size <= len(tokens) else None
            if number is not None:
                stack.append((start + size, [*numbers, number]))


def _greedy(tokens: list[str], language: str) -> tuple[int, int | None, int]:
    """(words read, token where reading stopped or None, tokens known) when every word is taken as long as possible."""
    index, start, words, unknown, known = _index(language), 0, 0, None, 0
    while start < len(tokens):
        size = next((n for n in (2, 1) if "".join(tokens[start : start + n]) in index and start + n <= len(tokens)), 0)
        if not size and unknown is None:
            unknown = start
        words += unknown is None
        known += size
        start += size or 1
    return words, unknown, known


def _diagnose(tokens: list[str]) -> PhraseError:
    language = max(LANGUAGES, key=lambda name: _greedy(tokens, name)[2])
    words, unknown, _known = _greedy(tokens, language)
    if unknown is None:
        return PhraseError("checksum" if words == WORDS else "word_count", count=words)
    typed = tokens[unknown] if language == "en" else "".join(tokens[unknown : unknown + 2])
    near = difflib.get_close_matches(typed, _index(language), n=5, cutoff=0.6)
    suggestions = [wordlist(language)[_index(language)[folded]] for folded in near]
    count = round(len(tokens) / (1 if language == "en" else 2))
    return PhraseError("unknown_word", count=count, position=words + 1, suggestions=suggestions)
