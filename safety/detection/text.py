"""Steps 1 and 2: characters to tokens, by tables alone.

Offsets are Unicode code points of the original text, end exclusive. Nothing here asks the platform what a letter
is: Python 3.11 and Node 20 disagree on 99 code points for NFKC and on 14,049 for ``\\w``.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Token(NamedTuple):
    """One syllable, word, number or emoji.

    ``letters`` keeps the quality marks (ă â đ ê ô ơ ư), ``tone`` is '' or one combining tone mark, ``folded`` has
    neither, ``gap`` is the raw text since the previous token, ``tone_at`` the letter the tone was typed after.
    An emoji has empty ``letters`` and its own character in ``emoji``.
    """

    letters: str
    tone: str
    folded: str
    start: int
    end: int
    gap: str
    tone_at: int
    emoji: str


class Tokenizer:
    """Tokens of a text by the tables of a bundle (``chars``, ``compose``, ``fold``, ``tones``, ``emoji``)."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self.chars: dict[str, str] = {}
        for output, sources in tables["chars"]:
            self.chars.update(dict.fromkeys(sources, output))
        self.compose: dict[str, str] = dict(tables["compose"])
        self.fold: dict[str, str] = dict(tables["fold"])
        self.tones = frozenset(tables["tones"])
        self.quality = frozenset(tables["quality"])
        self.emoji = frozenset(char for char, _ in tables["emoji"])

    def folded(self, letters: str) -> str:
        """Letters without their quality marks, same length."""
        fold = self.fold
        return "".join([fold.get(letter, letter) for letter in letters])

    def __call__(self, text: str) -> list[Token]:
        """All tokens in order; linear in len(text), never raises on any str."""
        draft = Draft(self, text)
        chars, emoji = self.chars, self.emoji
        for index, char in enumerate(text):
            mapped = chars.get(char)
            if mapped:
                draft.add(mapped, index)
            elif mapped is None:
                draft.close(index)
                if char in emoji:
                    draft.add_emoji(char, index)
        draft.close(len(text))
        return draft.tokens


class Draft:
    """The token being read, and those read so far."""

    def __init__(self, tables: Tokenizer, text: str) -> None:
        self.tables, self.text = tables, text
        self.tokens: list[Token] = []
        self.letters: list[str] = []
        self.tone, self.tone_at, self.start, self.last_end = "", 0, 0, 0

    def add(self, mapped: str, index: int) -> None:
        """Letters and marks of one character; a mark before any letter is dropped, so is a second tone."""
        letters, tables = self.letters, self.tables
        for symbol in mapped:
            if symbol in tables.quality:
                if letters:
                    letters[-1] = tables.compose.get(letters[-1] + symbol, letters[-1])
            elif symbol in tables.tones:
                if letters and not self.tone:
                    self.tone, self.tone_at = symbol, len(letters)
            else:
                if not letters:
                    self.start = index
                letters.append(symbol)

    def close(self, index: int) -> None:
        """End the token before the character at ``index``, if one is open."""
        if self.letters:
            joined = "".join(self.letters)
            gap = self.text[self.last_end : self.start]
            folded = self.tables.folded(joined)
            self.tokens.append(Token(joined, self.tone, folded, self.start, index, gap, self.tone_at, ""))
            self.last_end, self.letters, self.tone = index, [], ""

    def add_emoji(self, char: str, index: int) -> None:
        """An emoji is a token of its own."""
        gap = self.text[self.last_end : index]
        self.tokens.append(Token("", "", "", index, index + 1, gap, 0, char))
        self.last_end = index + 1
