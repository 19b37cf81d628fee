"""The detector: a bundle in, for each text a level with its reasons out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .lattice import JOINED, LEET, REPEAT, WILDCARD, Edge, Lattice, LatticeBuilder, Syllable
from .matching import Entry, Hit, Matcher, compile_entries
from .model import BLOCKS, Features, Model, Word, character_hashes, extract
from .rules import LEVELS, Finding, RuleEngine, describe
from .text import Tokenizer

REPAIRS = frozenset((REPEAT, LEET, JOINED, WILDCARD))


@dataclass(frozen=True, slots=True)
class Detection:
    """What was noticed. ``level`` is one of LEVELS, ``score`` 0..1000 grows with it, ``rules`` explain it.

    Help is offered from medium on; high and critical raise the alarm.
    """

    level: str
    score: int
    category: str
    rules: list[dict[str, Any]]
    bundle_version: str

    @property
    def is_offer(self) -> bool:
        """Is help offered (medium and above)?"""
        return self.level in LEVELS[2:]

    @property
    def is_alarm(self) -> bool:
        """Is the supportive panel opened (high and critical)?"""
        return self.level in LEVELS[3:]

    def as_dict(self) -> dict[str, Any]:
        """The same as a JSON-able dict."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything steps 1 to 5 found in a text; also what the model is trained on."""

    lattice: Lattice
    hits: list[Hit]
    words: list[Word]
    concepts: list[tuple[str, int, int]]


class Detector:
    """Compiled once from a bundle; ``detect`` is pure, thread-safe and never raises on a str."""

    def __init__(self, bundle: Mapping[str, Any]) -> None:
        tables, rules = bundle["tables"], bundle["rules"]
        self.version = str(bundle["version"])
        self.builder = LatticeBuilder(tables, rules, Tokenizer(tables))
        self.concept_matcher = Matcher(
            compile_entries(concept_rows(bundle["concepts"]), self.builder), self.builder, rules
        )
        active = [lexicon_row(bundle["lexicon"], row) for row in bundle["lexicon"]["rows"]]
        self.matcher = Matcher(compile_entries(active, self.builder), self.builder, rules)
        self.engine = RuleEngine(rules, self.matcher.entries, tables["clause"])
        self.preferred = {
            key: self.builder.teencode[key][0] for key, _, is_preferred in tables["teencode"] if is_preferred
        }
        self.categories: dict[str, str] = {name: category for name, category, _ in bundle["concepts"] if category}
        self.rule_scores: list[int] = rules["level_scores"]
        self.self_concept = str(rules["self_concept"])
        self.no_self_doubt = int(rules["no_self_doubt"])
        self.no_risk_doubt = int(rules["no_risk_doubt"])
        self.alarm_doubt = int(rules["alarm_doubt"])
        self.critical_margin = int(rules["critical_margin"])
        self.model = Model(bundle["model"]) if bundle.get("model") else None
        self.sizes: Mapping[str, int] = rules["features"]
        self.known = {folded: character_hashes(folded, self.sizes) for folded in self.builder.vocabulary}
        self.english = frozenset(tables["english"])
        self.english_share = int(rules["english_share"])

    def analyse(self, text: str) -> Analysis:
        """Steps 1 to 5: lattice, lexicon hits, the reading for the model and the concepts met."""
        lattice = self.builder(text)
        found = self.concept_matcher(lattice, text, {})
        classes: dict[int, list[Edge]] = {}
        concepts: set[tuple[str, int, int]] = set()
        for hit in found:
            name = self.concept_matcher.entries[hit.entry].category
            if (name, hit.start, hit.end) not in concepts:
                classes.setdefault(hit.start, []).append(Edge(hit.end, Syllable(f"<{name}>", "", ""), hit.view))
            if not hit.bare or hit.end - hit.start > 1:
                concepts.add((name, hit.start, hit.end))
        for position, token in enumerate(lattice.tokens):
            if token.folded and all(char in "0123456789" for char in token.folded):
                classes.setdefault(position, []).append(Edge(position + 1, Syllable("<NUM>", "", ""), 0))
        hits = self.matcher(lattice, text, classes)
        return Analysis(lattice, hits, self.reading(lattice), sorted(concepts, key=lambda c: (c[1], -c[2], c[0])))

    def reading(self, lattice: Lattice) -> list[Word]:
        """One syllable sequence for the model: repairs first, then preferred teencode, else what was typed."""
        words: list[Word] = []
        at = 0
        while at < lattice.size:
            token = lattice.tokens[at]
            repairs = [e for e in lattice.edges[at] if e.view in REPAIRS and e.to <= lattice.size]
            if token.emoji:
                words.append(Word(token.emoji, token.emoji, at, at + 1))
                at += 1
                continue
            alternative = self.preferred.get(token.letters + token.tone)
            if repairs:
                end, syllables = repairs[0].to, [repairs[0].syllable]
            else:
                end, syllables = at + 1, alternative or [Syllable(token.folded, token.letters, token.tone)]
            words.extend(Word(s.folded, s.letters + s.tone, at, end) for s in syllables)
            at = end
        return words

    def features(self, analysis: Analysis) -> Features:
        """Step 10's hashed features of an analysis."""
        return extract(analysis.words, analysis.concepts, self.sizes, self.known)

    def is_english(self, words: Sequence[Word]) -> bool:
        """Is at least every fifth word of the reading (``english_share``) one of the English words of the tables?"""
        known = 0
        for word in words:
            if word.marked in self.english:
                known += 1
        return known * self.english_share >= len(words)

    def scores(self, model: Model, analysis: Analysis, features: Features) -> tuple[int, int]:
        """Both tiers' scores in thousandths.

        English has thresholds of its own; other texts lose a doubt if nobody speaks of themselves or no risk is named.
        """
        offer, alarm = model.score(features)
        if self.is_english(analysis.words):
            return offer + model.english[0], alarm + model.english[1]
        names = {name for name, _, _ in analysis.concepts}
        doubt = 0 if self.self_concept in names else self.no_self_doubt
        if not any(name in self.categories for name in names):
            doubt += self.no_risk_doubt
        return offer - doubt, alarm - doubt

    def detect(self, text: str) -> Detection:
        """The level of a text with its reasons; spans are code points, end exclusive."""
        analysis = self.analyse(text)
        findings = self.engine(analysis.hits, analysis.lattice)
        level, category = self._rule_level(findings)
        score = self.rule_scores[level]
        rules = [
            describe(
                finding,
                self.matcher.entries[finding.hit.entry],
                self._span(analysis, finding.hit.start, finding.hit.end),
            )
            for finding in findings
        ]
        if self.model is not None and analysis.words:
            features = self.features(analysis)
            offer_score, alarm_score = self.scores(self.model, analysis, features)
            model_level, model_score = self._model_level(offer_score, alarm_score)
            if level >= 3 and alarm_score < -self.alarm_doubt:
                level, score = 2, self.rule_scores[2]
            if model_level >= 2:
                rules.extend(self._explain(self.model, features, analysis, model_level))
            if model_level > level:
                category = category if level >= 2 else self._category(analysis)
            level, score = max(level, model_level), max(score, model_score)
        return Detection(LEVELS[level], score, category if level else "none", rules, self.version)

    def _rule_level(self, findings: Sequence[Finding]) -> tuple[int, str]:
        """Highest level and its category; of equal levels the earliest finding names it."""
        level, category = 0, "none"
        for finding in findings:
            if finding.level > level:
                level, category = finding.level, self.matcher.entries[finding.hit.entry].category
        return level, category

    def _model_level(self, offer: int, alarm: int) -> tuple[int, int]:
        """Level by the two tiers; far beyond the alarm threshold it is critical."""
        if alarm > 0:
            level = 4 if alarm > self.critical_margin else 3
            return level, min(self.rule_scores[level] + alarm // 20, 1000)
        if offer > 0:
            return 2, min(self.rule_scores[2] + offer // 20, self.rule_scores[3] - 1)
        return 0, max(min(self.rule_scores[1] + offer // 20, self.rule_scores[2] - 1), 0)

    def _explain(self, model: Model, features: Features, analysis: Analysis, level: int) -> list[dict[str, Any]]:
        tier = 1 if level >= 3 else 0
        return [
            {
                "keyword_id": None,
                "span": list(self._span(analysis, start, end)),
                "view": "model",
                "rule": block,
                "suppressed_by": None,
            }
            for start, end, block in model.strongest(features, tier, 3)
        ]

    def _category(self, analysis: Analysis) -> str:
        """The category most concepts speak for; ties go to the alphabet; 'suicide' if none does."""
        votes: dict[str, int] = {}
        for name, _, _ in analysis.concepts:
            category = self.categories.get(name)
            if category:
                votes[category] = votes.get(category, 0) + 1
        return min(votes, key=lambda category: (-votes[category], category)) if votes else "suicide"

    def _span(self, analysis: Analysis, start: int, end: int) -> tuple[int, int]:
        tokens = analysis.lattice.tokens
        return tokens[start].start, tokens[end - 1].end


def concept_rows(concepts: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Concept classes [name, category, [phrase, …]] as rows for the matcher."""
    base = {
        "kind": "concept",
        "severity": "none",
        "is_exact_match": True,
        "is_case_sensitive": False,
        "is_ambiguous": False,
    }
    return [
        base | {"id": name, "category": name, "keyword": phrase, "fold": "auto"}
        for name, _, phrases in concepts
        for phrase in phrases
    ]


def lexicon_row(lexicon: Mapping[str, Any], row: Sequence[Any]) -> dict[str, Any]:
    """A compact lexicon row as a dict by the column names of the bundle."""
    return dict(zip(lexicon["columns"], row, strict=True))


__all__ = ["BLOCKS", "Analysis", "Detection", "Detector", "Entry"]
