"""``python -m safety.training.vectors``: writes vectors/detection_vectors.json for pytest and the browser.

Inputs: the dev set, every active lexicon row, every 12th corpus message and 1,200 fuzzed strings (seeded). Each vector
is [text, level, score, category, rules] with rules as [keyword_id, start, end, view, rule, suppressed_by]. Texts with
lone surrogates are written as JSON escapes.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from safety.detection import Detector, load_bundle

from .bundle import DATA
from .corpus import read_corpus, read_messages
from .solver import Order

VECTORS = Path(__file__).parent.parent / "vectors" / "detection_vectors.json"
FUZZED = 1200
PIECES = (
    "muốn", "chết", "tự", "tử", "em", "con", "không", "k", "hok", "t.ự", "t.ử", "ch3t", "c*t", "m.u.ố.n",
    "c h ế t",
    "tu tu", "từ từ", "hoà", "hòa", "cười", "đói", "😭",
    "💊", "🔪", "\u200b", "\u0301", "\u0302", "\u0323", "\u031b",
    "ｍｕốｎ", "сhết", "kill", "myself", "kms", "want", "to", "die", "laughing", "homework", "tonight",
    "tối nay", "phim",
    ".", ",", "!", "?", "…", "\n", "  ", "*", "-", "_", "@", "$", "1", "0", "chếtttt", "muonchet", "\ud800", "\udfff",
    "\U0001d4de", "İ", "ﬁ", "ß", "đ", "Đ", "nhưng", "but", "not", "don't", "dont", "rạch", "tay", "dượng", "đánh",
    "\u0000", "\ufeff", "🙂\u200d\u2642", "①", "½", "ậ", "ậ", "aaa", "…", "<SELF>", "\u2028", "\x85", "٣", "中",
)  # fmt: skip


def fuzzed(count: int) -> list[str]:
    """Strings of 1 to 14 pieces, some letters doubled or cut; the same on every machine."""
    order = Order(7)
    texts = []
    for _ in range(count):
        words = [PIECES[order.below(len(PIECES))] for _ in range(1 + order.below(14))]
        text = ("" if order.below(5) == 0 else " ").join(words)
        if order.below(4) == 0:
            at = order.below(len(text))
            text = text[:at] + text[at : at + 1] * order.below(4) + text[at + 1 :]
        texts.append(text)
    return texts


def inputs(bundle: dict[str, Any]) -> list[str]:
    """All input texts without repetition, in a fixed order."""
    keyword = bundle["lexicon"]["columns"].index("keyword")
    texts = [message.text for message in read_messages(DATA / "dev_ours.jsonl")]
    texts += [row[keyword] for row in bundle["lexicon"]["rows"]]
    texts += [message.text for message in read_corpus()[::12]]
    texts += fuzzed(FUZZED)
    return list(dict.fromkeys(texts))


def vector(detector: Detector, text: str) -> list[Any]:
    """The expected output for one text, compact."""
    found = detector.detect(text)
    rules = [
        [rule["keyword_id"], *rule["span"], rule["view"], rule["rule"], rule["suppressed_by"]] for rule in found.rules
    ]
    return [text, found.level, found.score, found.category, rules]


def build_vectors() -> str:
    """The file's content: one vector a line, so that a change is a readable diff."""
    bundle = load_bundle()
    detector = Detector(bundle)
    lines = [json.dumps(vector(detector, text), ensure_ascii=True, separators=(",", ":")) for text in inputs(bundle)]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    head = json.dumps({"bundle_version": bundle["version"], "sha256": digest})
    return head[:-1] + ', "vectors": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    VECTORS.write_text(build_vectors(), encoding="utf-8")
    sys.stdout.write(f"{VECTORS}: {VECTORS.stat().st_size} bytes\n")
