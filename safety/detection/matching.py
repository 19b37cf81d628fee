"""Step 5: phrases over a lattice, under the diacritic-subset rule.

Phrases live in a trie whose labels are folded syllables or class names such as ``<SELF>``; from each position the trie
is walked along every edge. This is Aho-Corasick's trie without failure links: depth is bounded by the longest phrase
and the visited states by ``max_states``, so the whole stays linear, and alternatives cost one edge instead of a copy
of the text. Searches inside tokens and without spaces use Aho-Corasick proper.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import ahocorasick

from .lattice import DESPACED, INSIDE, PLAIN, Edge, Lattice, LatticeBuilder, Run, Syllable


class Entry(NamedTuple):
    """One compiled phrase: ``path`` holds syllables, or a str for a class such as '<NUM>'."""

    ident: int | str
    kind: str
    category: str
    severity: str
    text: str
    path: tuple[Syllable | str, ...]
    is_exact: bool
    is_case_sensitive: bool
    is_ambiguous: bool
    fold_never: bool


class Hit(NamedTuple):
    """``entry`` indexes the matcher's entries; positions count tokens; ``view`` indexes VIEWS (the most evasive one);
    ``bare`` is true when the text lacks marks the entry has."""

    entry: int
    start: int
    end: int
    view: int
    bare: bool


type Path = tuple[Path, Edge] | None


class Matcher:
    """Compiled phrases; call with a lattice and class spans to get hits sorted by (start, -end, entry)."""

    def __init__(self, entries: Sequence[Entry], builder: LatticeBuilder, rules: Mapping[str, Any]) -> None:
        self.entries = entries
        self.fold = builder.tokenizer.fold
        self.max_states = int(rules["max_states"])
        self.max_emoji = int(rules["max_emoji"])
        self.min_solid = int(rules["min_solid"])
        self.children: list[dict[str, int]] = [{}]
        self.ends: list[list[int]] = [[]]
        self.inside = ahocorasick.Automaton()
        self.despaced = ahocorasick.Automaton()
        inside: dict[str, list[int]] = {}
        despaced: dict[str, list[int]] = {}
        for index, entry in enumerate(entries):
            builder.learn([step.folded for step in entry.path if isinstance(step, Syllable)])
            self._insert(entry, index)
            solid = "".join([step.folded for step in entry.path if isinstance(step, Syllable)])
            if not entry.is_exact and len(entry.path) == 1 and len(solid) >= int(rules["min_inside"]):
                inside.setdefault(solid, []).append(index)
            whole = all(isinstance(step, Syllable) for step in entry.path)
            if entry.kind == "signal" and whole and len(entry.path) > 1 and len(solid) >= int(rules["min_despaced"]):
                despaced.setdefault(solid, []).append(index)
        self.has_inside, self.has_despaced = bool(inside), bool(despaced)
        for automaton, words in ((self.inside, inside), (self.despaced, despaced)):
            for word, indexes in words.items():
                automaton.add_word(word, (len(word), tuple(indexes)))
            automaton.make_automaton()

    def _insert(self, entry: Entry, index: int) -> None:
        node = 0
        for step in entry.path:
            label = step.folded if isinstance(step, Syllable) else step
            following = self.children[node].get(label)
            if following is None:
                following = len(self.children)
                self.children[node][label] = following
                self.children.append({})
                self.ends.append([])
            node = following
        if node:
            self.ends[node].append(index)

    def __call__(self, lattice: Lattice, text: str, classes: Mapping[int, Sequence[Edge]]) -> list[Hit]:
        best: dict[tuple[int, int, int], Hit] = {}
        root = self.children[0]
        for start in range(lattice.size):
            for edge in (*lattice.edges[start], *classes.get(start, ())):
                if edge.syllable.folded in root:
                    self._walk(lattice, start, classes, best)
                    break
        self._search_inside(lattice, best)
        self._search_despaced(lattice, best)
        hits = [hit for hit in best.values() if self._case_fits(hit, lattice, text)]
        hits.sort(key=lambda hit: (hit.start, -hit.end, hit.entry))
        return hits

    def _walk(
        self, lattice: Lattice, start: int, classes: Mapping[int, Sequence[Edge]], best: dict[tuple[int, int, int], Hit]
    ) -> None:
        stack: list[tuple[int, int, Path]] = [(0, start, None)]
        states = 0
        while stack and states < self.max_states:
            states += 1
            node, position, path = stack.pop()
            children = self.children[node]
            if path and position - path[1].to < self.max_emoji and self._is_emoji(lattice, position):
                stack.append((node, position + 1, path))
            for edge in (*lattice.edges[position], *classes.get(position, ())):
                following = children.get(edge.syllable.folded)
                if following is None:
                    continue
                longer: Path = (path, edge)
                for index in self.ends[following]:
                    if edge.to <= lattice.size:
                        self._offer(index, start, edge.to, longer, best)
                if self.children[following]:
                    stack.append((following, edge.to, longer))

    def _is_emoji(self, lattice: Lattice, position: int) -> bool:
        return position < lattice.size and lattice.tokens[position].emoji != ""

    def _offer(self, index: int, start: int, end: int, path: Path, best: dict[tuple[int, int, int], Hit]) -> None:
        entry = self.entries[index]
        view, bare = PLAIN, False
        for step in reversed(entry.path):
            if path is None:
                return
            path, edge = path
            view = max(view, edge.view)
            if isinstance(step, Syllable):
                fit = marks_fit(edge.syllable, step, self.fold)
                if fit == 0 or (fit == 1 and entry.fold_never):
                    return
                bare = bare or fit == 1
        keep(best, Hit(index, start, end, view, bare))

    def _search_inside(self, lattice: Lattice, best: dict[tuple[int, int, int], Hit]) -> None:
        if not self.has_inside:
            return
        for position, token in enumerate(lattice.tokens):
            for _, (_, indexes) in self.inside.iter(token.folded):
                for index in indexes:
                    keep(best, Hit(index, position, position + 1, INSIDE, False))

    def _search_despaced(self, lattice: Lattice, best: dict[tuple[int, int, int], Hit]) -> None:
        if not self.has_despaced:
            return
        for run in lattice.runs:
            glued = run.end - run.start > 1
            for last, (length, indexes) in self.despaced.iter(run.folded):
                for index in indexes if glued or length >= self.min_solid else ():
                    if self._despaced_fits(run, last + 1 - length, self.entries[index]):
                        keep(best, Hit(index, run.start, run.end, DESPACED, True))

    def _despaced_fits(self, run: Run, at: int, entry: Entry) -> bool:
        """Letters and typed tones of the run agree with the entry that starts at letter ``at``."""
        for step in entry.path:
            assert isinstance(step, Syllable)  # noqa: S101 - only plain phrases are in this automaton
            end = at + len(step.folded)
            tones = [tone for where, tone in run.tones if at < where <= end]
            typed = Syllable(step.folded, run.letters[at:end], tones[0] if tones else "")
            if entry.fold_never or len(tones) > 1 or marks_fit(typed, step, self.fold) == 0:
                return False
            at = end
        return True

    def _case_fits(self, hit: Hit, lattice: Lattice, text: str) -> bool:
        entry = self.entries[hit.entry]
        if not entry.is_case_sensitive:
            return True
        return text[lattice.tokens[hit.start].start : lattice.tokens[hit.end - 1].end] == entry.text


def keep(best: dict[tuple[int, int, int], Hit], hit: Hit) -> None:
    """Of equal spans of one entry the plainest view wins, then the better marked."""
    key = (hit.entry, hit.start, hit.end)
    if key not in best or (hit.view, hit.bare) < (best[key].view, best[key].bare):
        best[key] = hit


def marks_fit(typed: Syllable, entry: Syllable, fold: Mapping[str, str]) -> int:
    """0: another word; 1: the typed marks are a proper subset of the entry's; 2: the same marks."""
    if typed.tone != entry.tone and typed.tone:
        return 0
    if typed.letters == entry.letters:
        return 2 if typed.tone == entry.tone else 1
    for a, b in zip(typed.letters, entry.letters, strict=False):
        if a != b and fold.get(b) != a:
            return 0
    return 1


def compile_entries(rows: Iterable[Mapping[str, Any]], builder: LatticeBuilder) -> list[Entry]:
    """Entries of lexicon rows; a row whose keyword has no letters is left out."""
    entries = []
    for row in rows:
        path: list[Syllable | str] = []
        for word in str(row["keyword"]).split(" "):
            if word.startswith("<") and word.endswith(">"):
                path.append(word)
            else:
                path.extend(builder.syllables(word))
        if path:
            entries.append(
                Entry(
                    row["id"],
                    row["kind"],
                    row["category"],
                    row["severity"],
                    str(row["keyword"]),
                    tuple(path),
                    bool(row["is_exact_match"]),
                    bool(row["is_case_sensitive"]),
                    bool(row["is_ambiguous"]),
                    row["fold"] == "never",
                )
            )
    return entries
