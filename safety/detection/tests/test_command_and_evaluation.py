"""``python -m safety.detection``, the figures of safety.evaluation, and training on a slice."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from safety import evaluation
from safety.detection import Detection, Detector
from safety.detection.__main__ import detect_lines, run
from safety.detection.bundle import SHIPPED, canonical
from safety.training.__main__ import train_detector
from safety.training.corpus import Message, read_corpus
from safety.training.train import Settings, cross_validate, pack, threshold_at, train_tier, vectorize


def test_lines_are_answered_and_bad_ones_named_by_number(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        '{"id": 1, "text": "chào"}\n\nnot json: em muốn chết\n{"id": 2}\n{"id": "x", "text": 5}\n', encoding="utf-8"
    )
    out, errors = io.StringIO(), io.StringIO()
    assert run(str(source), out, errors) == 1
    (answer,) = [json.loads(line) for line in out.getvalue().splitlines()]
    assert list(answer) == ["id", "level", "category", "rules", "bundle_version"]
    assert errors.getvalue().splitlines() == [
        "line 3: not valid JSON",
        'line 4: "text" is missing',
        'line 5: "text" is not a string',
    ]


def test_a_text_with_a_lone_surrogate_is_answered(detector: Detector) -> None:
    ((_, answer, error),) = detect_lines(detector, ['{"id": "a", "text": "\\ud800"}'])
    assert answer is not None
    assert error == ""


def message(ident: str, text: str, level: int) -> Message:
    return Message(ident, text, "vi", "explicit", level, "suicide", "x")


def answering(levels: dict[str, str]) -> evaluation.Detect:
    def detect(text: str) -> Detection:
        return Detection(levels.get(text, "none"), 0, "none", [], "v")

    return detect


def test_wilson_intervals_match_a_known_case() -> None:
    share, low, high = evaluation.wilson(8, 10)
    assert (share, round(low or 0, 3), round(high or 0, 3)) == (0.8, 0.490, 0.943)
    assert evaluation.wilson(0, 0) == (None, None, None)


def test_a_report_counts_both_tiers() -> None:
    messages = [message("a", "1", 4), message("b", "2", 2), message("c", "3", 0), message("d", "4", 1)]
    report = evaluation.evaluate(answering({"1": "high", "2": "low", "3": "medium"}), messages)
    assert (report.total.offer_recall.hits, report.total.offer_recall.total) == (1, 2)
    assert (report.total.false_offers.hits, report.total.false_offers.total) == (1, 2)
    assert (report.total.alarm_recall.hits, report.total.false_alarms.hits) == (1, 0)
    assert json.loads(json.dumps(report.as_dict()))["results"]["a"] == "high"


def test_regressions_are_named_by_id() -> None:
    messages = [message("a", "1", 4), message("b", "2", 0)]
    lists = evaluation.regressions({"a": "critical", "b": "none"}, {"a": "none", "b": "high"}, messages)
    assert lists == {"missed": ["a"], "alarm_missed": ["a"], "false_offers": ["b"], "false_alarms": ["b"]}


def test_mining_proposes_only_phrases_no_harmless_message_has() -> None:
    missed = [message("a", "đem trả hết sách rồi", 3), message("b", "em trả hết sách rồi nha", 3)]
    harmless = [message("c", "em trả hết tiền", 0)]
    proposals = evaluation.mine(answering({}), [*missed, *harmless])
    assert [p.catches for p in proposals] == [["a", "b"]]
    assert all(p.phrase not in evaluation.phrases(harmless[0].text, 5) for p in proposals)


def test_the_gate_refuses_a_worse_bundle() -> None:
    messages = [message("a", "1", 4), message("b", "2", 0)]
    good = evaluation.evaluate(answering({"1": "high"}), messages)
    bad = evaluation.evaluate(answering({"2": "high"}), messages)
    assert evaluation.gate(good, good) == []
    assert [reason.split(":")[0] for reason in evaluation.gate(good, bad)] == [
        "offer_recall", "alarm_recall", "critical_offered", "false_offers", "false_alarms",
    ]  # fmt: skip


def test_background_comments_are_read_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "comments.tsv"
    path.write_text("id\ttext\n1\txin chào\n2\tx\n", encoding="utf-8")
    assert evaluation.background_rates(answering({"x": "medium"}), path)["offered"].hits == 1


def small_model(detector: Detector) -> dict[str, Any]:
    settings = Settings(epochs=2, keep=500)
    dataset = vectorize(read_corpus()[::60], detector)
    scorers = [train_tier(dataset, tier, settings) for tier in (0, 1)]
    return pack(dataset, scorers, settings)


def test_training_twice_on_a_slice_gives_the_same_bytes(detector: Detector) -> None:
    assert canonical(small_model(detector)) == canonical(small_model(detector))


@pytest.mark.skipif("CBLN_SLOW" not in os.environ, reason="trains for half a minute; run with CBLN_SLOW=1")
def test_a_full_training_run_gives_the_shipped_bytes(tmp_path: Path) -> None:
    assert train_detector(target=tmp_path) == SHIPPED.read_bytes()


def test_cross_validation_scores_only_authors_left_out(detector: Detector) -> None:
    dataset = vectorize([m for m in read_corpus() if m.author in ("a1", "d1")][::20], detector)
    (part,) = cross_validate(dataset, Settings(epochs=1, keep=200), ["a1"], detector)
    assert {m.author for m in part.messages} == {"a1"}


@pytest.mark.parametrize(("rate", "threshold"), [(0.0, 4), (0.5, 2)])
def test_the_threshold_lets_the_rate_through(rate: float, threshold: int) -> None:
    assert threshold_at([1, 2, 3, 4], rate) == threshold


@pytest.mark.parametrize(
    ("text", "is_english"),
    [("i don't want to be here", True), ("song hay khong cung nhu nhau", False), ("em không muốn sống nữa", False)],
)
def test_english_is_told_by_its_commonest_words(detector: Detector, text: str, is_english: bool) -> None:
    assert detector.is_english(detector.analyse(text).words) is is_english
