"""Steps 3 and 4: every way a stretch of tokens may be read, as edges between token positions.

Position i stands before token i. An edge says "from here to there the text may read as this syllable, seen through
this view". Teencode and repairs add edges beside the plain one, they never replace it. Alternatives of several
syllables run through extra positions numbered from len(tokens) + 1 on.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from .text import Token, Tokenizer

PLAIN, EMOJI, TEENCODE, REPEAT, RESPELL, LEET, JOINED, WILDCARD, INSIDE, DESPACED = range(10)
VIEWS = ("plain", "emoji", "teencode", "repeat", "respell", "leet", "joined", "wildcard", "inside", "despaced")
EVASIVE = frozenset((LEET, JOINED, WILDCARD, DESPACED))


class Syllable(NamedTuple):
    """One syllable of an entry or an edge: folded form, letters with quality marks, tone mark or ''."""

    folded: str
    letters: str
    tone: str


class Edge(NamedTuple):
    """A reading from one position to ``to``; ``view`` is an index into VIEWS."""

    to: int
    syllable: Syllable
    view: int


class Run(NamedTuple):
    """Tokens ``start``..``end`` glued by separators inside words, or one long token: text for the despaced search."""

    start: int
    end: int
    letters: str
    folded: str
    tones: tuple[tuple[int, str], ...]
    view: int


class Lattice(NamedTuple):
    """Edges per position and the runs to search without spaces; ``size`` is the number of real tokens."""

    tokens: list[Token]
    edges: list[list[Edge]]
    runs: list[Run]
    size: int


class LatticeBuilder:
    """Builds lattices; ``vocabulary`` holds the folded syllables any entry uses: repairs must land in it."""

    def __init__(self, tables: Mapping[str, Any], rules: Mapping[str, Any], tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.vocabulary: set[str] = set()
        self.by_length: dict[int, list[str]] = {}
        self.teencode = {key: [self.syllables(alt) for alt in alts] for key, alts, _ in tables["teencode"]}
        self.emoji = {char: [self.syllables(alt) for alt in alts] for char, alts in tables["emoji"]}
        self.respell: list[tuple[str, str, str]] = [tuple(rule) for rule in tables["respell"]]
        self.leet: dict[str, list[str]] = {char: list(options) for char, options in tables["leet"]}
        self.spaces = frozenset(tables["spaces"])
        self.max_piece = int(rules["max_piece"])
        self.min_despaced_token = int(rules["min_despaced_token"])
        self.max_patterns = int(rules["max_patterns"])

    def syllables(self, phrase: str) -> list[Syllable]:
        """The syllables of a phrase from a table or a keyword."""
        return [Syllable(t.folded, t.letters, t.tone) for t in self.tokenizer(phrase)]

    def learn(self, folded: Sequence[str]) -> None:
        """Add folded syllables to the vocabulary."""
        for syllable in folded:
            if syllable not in self.vocabulary:
                self.vocabulary.add(syllable)
                self.by_length.setdefault(len(syllable), []).append(syllable)

    def __call__(self, text: str) -> Lattice:
        tokens = self.tokenizer(text)
        size = len(tokens)
        edges: list[list[Edge]] = [[] for _ in range(size + 1)]
        runs: list[Run] = []
        for index, token in enumerate(tokens):
            if token.emoji:
                self._readings(edges, index, self.emoji[token.emoji], EMOJI)
                continue
            edges[index].append(Edge(index + 1, Syllable(token.folded, token.letters, token.tone), PLAIN))
            alternatives = self.teencode.get(token.letters + token.tone)
            if alternatives:
                self._readings(edges, index, alternatives, TEENCODE)
            if token.folded not in self.vocabulary:
                self._repair(edges, runs, index, token)
        self._glue(edges, runs, tokens)
        return Lattice(tokens, edges, runs, size)

    def _readings(self, edges: list[list[Edge]], index: int, readings: list[list[Syllable]], view: int) -> None:
        for reading in readings:
            at = index
            for syllable in reading[:-1]:
                edges.append([])
                edges[at].append(Edge(len(edges) - 1, syllable, view))
                at = len(edges) - 1
            if reading:
                edges[at].append(Edge(index + 1, reading[-1], view))

    def _repair(self, edges: list[list[Edge]], runs: list[Run], index: int, token: Token) -> None:
        """Readings of a token no entry knows: repeated letters, teenage spelling, digits for letters."""
        seen = {token.folded}
        for view, letters in self._spellings(token.letters):
            folded = self.tokenizer.folded(letters)
            if folded in seen:
                continue
            seen.add(folded)
            if folded in self.vocabulary:
                edges[index].append(Edge(index + 1, Syllable(folded, letters, token.tone), view))
            elif view == REPEAT and letters in self.teencode:
                self._readings(edges, index, self.teencode[letters], TEENCODE)
        if len(token.folded) >= self.min_despaced_token:
            tones = ((token.tone_at, token.tone),) if token.tone else ()
            runs.append(Run(index, index + 1, token.letters, token.folded, tones, DESPACED))

    def _spellings(self, letters: str) -> list[tuple[int, str]]:
        found = [(REPEAT, once) for once in collapse(letters)]
        base = found[-1][1] if found else letters
        if len(base) <= self.max_piece * 3:
            for where, old, new in self.respell:
                if where == "^" and base.startswith(old):
                    found.append((RESPELL, new + base[len(old) :]))
                elif where == "$" and base.endswith(old):
                    found.append((RESPELL, base[: len(base) - len(old)] + new))
            found.extend((LEET, plain) for shape in dict.fromkeys((letters, base)) for plain in self._unleet(shape))
        return found

    def _unleet(self, letters: str) -> list[str]:
        """Readings of digits and signs between letters, only where a letter is present; at most two."""
        if not any(char in self.leet for char in letters) or all(char in self.leet for char in letters):
            return []
        return [
            "".join([self.leet[c][min(n, len(self.leet[c]) - 1)] if c in self.leet else c for c in letters])
            for n in (0, 1)
        ]

    def _glue(self, edges: list[list[Edge]], runs: list[Run], tokens: list[Token]) -> None:
        """Stretches typed with a sign between letters (t.ự), or as single letters with spaces (c h ế t)."""
        index, patterns = 0, 0
        while index < len(tokens):
            end = self._run_end(tokens, index, spaced=False)
            if end - index >= 2:
                patterns += self._add_glued(edges, runs, tokens[index:end], index, patterns < self.max_patterns)
            else:
                end = self._run_end(tokens, index, spaced=True)
                if end - index >= 3:
                    self._add_glued(edges, runs, tokens[index:end], index, False)
            index = max(end, index + 1)

    def _run_end(self, tokens: list[Token], index: int, *, spaced: bool) -> int:
        """First position after the run that starts at ``index``."""
        limit = 1 if spaced else self.max_piece
        end = index
        while end < len(tokens):
            token = tokens[end]
            if token.emoji or len(token.letters) > limit:
                break
            if end > index and not (token.gap == " " if spaced else self._is_sign(token.gap)):
                break
            end += 1
        return end

    def _is_sign(self, gap: str) -> bool:
        return len(gap) == 1 and gap not in self.spaces

    def _add_glued(self, edges: list[list[Edge]], runs: list[Run], piece: list[Token], index: int, wild: bool) -> bool:
        """Readings of glued tokens as one syllable, and the run for the despaced search; True if * was tried."""
        end = index + len(piece)
        letters = "".join([t.letters for t in piece])
        tones, at = [], 0
        for token in piece:
            if token.tone:
                tones.append((at + token.tone_at, token.tone))
            at += len(token.letters)
        runs.append(Run(index, end, letters, self.tokenizer.folded(letters), tuple(tones), DESPACED))
        if len(tones) > 1:
            return False
        tone = tones[0][1] if tones else ""
        edges[index].extend(Edge(end, reading, view) for view, reading in self._glued_readings(piece, letters, tone))
        stars = wild and all(t.gap == "*" for t in piece[1:])
        if stars:
            self._wildcard(edges, piece, index, tone)
        return stars

    def _glued_readings(self, piece: list[Token], letters: str, tone: str) -> list[tuple[int, Syllable]]:
        """(view, syllable) readings in the vocabulary: as typed or else repaired, then with signs read as letters."""
        spellings = [(JOINED, letters)]
        if self.tokenizer.folded(letters) not in self.vocabulary:
            spellings = self._spellings(letters)
        if any(t.gap in self.leet for t in piece[1:]):
            filled = piece[0].letters + "".join([t.gap + t.letters for t in piece[1:]])
            spellings += [(LEET, plain) for plain in dict.fromkeys(self._unleet(filled))]
        folded = [(view, self.tokenizer.folded(plain), plain) for view, plain in spellings]
        return [(view, Syllable(flat, plain, tone)) for view, flat, plain in folded if flat in self.vocabulary]

    def _wildcard(self, edges: list[list[Edge]], piece: list[Token], index: int, tone: str) -> None:
        """``ch*t``: each * is one letter; needs two typed letters and a vocabulary syllable."""
        pattern = "*".join([t.folded for t in piece])
        if len(pattern) - pattern.count("*") < 2:
            return
        for known in self.by_length.get(len(pattern), ()):
            if all(p in ("*", k) for p, k in zip(pattern, known, strict=True)):
                edges[index].append(Edge(index + len(piece), Syllable(known, known, tone), WILDCARD))


def collapse(letters: str) -> list[str]:
    """Runs of three or more equal letters cut to two and to one, a doubled last letter cut to one."""
    ones, twos = [letters[:1]], [letters[:1]]
    run, long_run = 1, False
    for before, char in pairwise(letters):
        run = run + 1 if char == before else 1
        long_run = long_run or run >= 3
        if run <= 2:
            twos.append(char)
        if run == 1:
            ones.append(char)
    if long_run:
        return ["".join(twos), "".join(ones)]
    if len(letters) >= 3 and letters[-1] == letters[-2]:
        return [letters[:-1]]
    return []
