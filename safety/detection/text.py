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
        out: list[Token] = []
        chars, emoji = self.chars, self.emoji
        letters: list[str] = []
        tone, tone_at, start, last_end = "", 0, 0, 0
        for index, char in enumerate(text):
            mapped = chars.get(char)
            if mapped == "":
                continue
            if mapped is not None:
                for symbol in mapped:
                    if symbol in self.tones:
                        if letters and not tone:
                            tone, tone_at = symbol, len(letters)
                    elif symbol in self.quality:
                        if letters:
                            letters[-1] = self.compose.get(letters[-1] + symbol, letters[-1])
                    else:
                        if not letters:
                            start = index
                        letters.append(symbol)
                continue
            if letters:
                out.append(self._token(letters, tone, tone_at, start, index, text[last_end:start]))
                last_end, letters, tone = index, [], ""
            if char in emoji:
                out.append(Token("", "", "", index, index + 1, text[last_end:index], 0, char))
                last_end = index + 1
        if letters:
            out.append(self._token(letters, tone, tone_at, start, len(text), text[last_end:start]))
        return out

    def _token(self, letters: list[str], tone: str, tone_at: int, start: int, end: int, gap: str) -> Token:
        joined = "".join(letters)
        return Token(joined, tone, self.folded(joined), start, end, gap, tone_at, "")
