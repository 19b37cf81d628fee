"""What a keyword would change on the evaluation messages, before it is saved."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.utils import timezone

from safety.detection import Detection, Detector, load_bundle
from safety.detection.matching import Matcher, compile_entries
from safety.models import BlockedKeyword
from safety.services.lexicon import COLUMNS, bundle_lexicon
from safety.services.releases import build_bundle
from safety.training.corpus import CORPUS, Message, read_corpus, read_messages

DEV_SET = CORPUS.parent / "dev_ours.jsonl"
CRISIS_LEVEL = 2  # messages labelled medium or above are ones to offer help to
MAX_EXAMPLES = 20


@dataclass
class Effect:
    """Messages whose tier (nothing, offer, alarm) the change moves. Each list holds (message, before, after)."""

    digest: str = ""
    messages: int = 0
    false_alarms: list[tuple[Message, str, str]] = field(default_factory=list)
    caught: list[tuple[Message, str, str]] = field(default_factory=list)
    missed: list[tuple[Message, str, str]] = field(default_factory=list)
    calmed: list[tuple[Message, str, str]] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """A keyword that fires on messages labelled harmless is not taken."""
        return bool(self.false_alarms)


@lru_cache(maxsize=1)
def evaluation_messages() -> list[Message]:
    """The development set and the corpus: labelled, half of them deliberate look-alikes, none of a real user."""
    return [*read_messages(DEV_SET), *read_corpus()]


def _with_change(word: BlockedKeyword) -> tuple[Detector, Detector, list[BlockedKeyword]]:
    """Detectors before and after `word` (saved or not) is as it is now, and the versions of it to look for."""
    stored = list(BlockedKeyword.objects.active())
    before = next((other for other in stored if other.pk == word.pk), None) if word.pk else None
    word_id = word.pk or 2**31 - 1
    changed = [other for other in stored if other.pk != word_id]
    versions = [before] if before else []
    if word.is_active:
        after = BlockedKeyword(**{name: getattr(word, name) for name in COLUMNS}, id=word_id)
        changed = sorted([*changed, after], key=lambda other: other.pk)
        versions.append(after)
    bundle = build_bundle(version=0, not_after=timezone.now())
    new = bundle | {"lexicon": bundle_lexicon(changed)}
    return Detector(bundle), Detector(new), versions


def preview(word: BlockedKeyword) -> Effect:
    """How the detector's tiers move on the evaluation messages if `word` is saved as it is.

    Only messages in which the keyword, as it was or as it is, is found are detected anew. Its syllables may also let
    the engine repair other words' spelling; that far this does not look.
    """
    old, new, versions = _with_change(word)
    effect = Effect(digest=digest(word), messages=len(evaluation_messages()))
    for message in _found_in(versions, new):
        before, after = old.detect(message.text), new.detect(message.text)
        _compare(effect, message, before, after)
    return effect


def digest(word: BlockedKeyword) -> str:
    """Names exactly this state of the keyword, so that what was looked at is what is saved."""
    values = json.dumps([word.pk, *(getattr(word, name) for name in COLUMNS)], ensure_ascii=False)
    return hashlib.sha256(values.encode()).hexdigest()[:32]


def _found_in(versions: list[BlockedKeyword], detector: Detector) -> Iterator[Message]:
    rows = bundle_lexicon(versions)
    named = [dict(zip(rows["columns"], row, strict=True)) for row in rows["rows"]]
    if any("<" in word.keyword for word in versions):  # classes of concepts are found by the whole engine alone
        yield from evaluation_messages()
        return
    rules: Any = build_rules()
    matcher = Matcher(compile_entries(named, detector.builder), detector.builder, rules)
    for message in evaluation_messages():
        if matcher(detector.builder(message.text), message.text, {}):
            yield message


@lru_cache(maxsize=1)
def build_rules() -> Any:
    return load_bundle()["rules"]


def _tier(detection: Detection) -> int:
    return detection.is_offer + detection.is_alarm


def _compare(effect: Effect, message: Message, before: Detection, after: Detection) -> None:
    change = _tier(after) - _tier(before)
    if not change:
        return
    is_crisis = message.level >= CRISIS_LEVEL
    if change > 0:
        found = effect.caught if is_crisis else effect.false_alarms
    else:
        found = effect.missed if is_crisis else effect.calmed
    found.append((message, before.level, after.level))
