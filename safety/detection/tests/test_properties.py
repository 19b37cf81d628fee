"""What holds for every text: no exception, spans inside, linear time, equal results; and what holds for the bundle."""

import gzip
import json
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safety.detection import Detector
from safety.detection.bundle import SHIPPED, canonical
from safety.detection.model import pack_gaps, unpack_gaps

PIECES = st.sampled_from(
    [
        "muốn",
        "chết",
        " ",
        "t.ự",
        "k",
        "\u0301",
        "\u200b",
        "\ud800",
        "😭",
        "*",
        ".",
        "ch3t",
        "𝓬",
        "kms",
        "\n",
        "không",
        "aaaa",
    ]
)
TEXTS = st.one_of(st.text(st.characters()), st.lists(PIECES, max_size=60).map("".join))
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@RELAXED
@given(text=TEXTS)
def test_detect_never_raises_and_spans_lie_inside(detector: Detector, text: str) -> None:
    found = detector.detect(text)
    assert 0 <= found.score <= 1000
    for rule in found.rules:
        start, end = rule["span"]
        assert 0 <= start < end <= len(text)
    json.dumps(found.as_dict())


@RELAXED
@given(text=TEXTS)
def test_the_same_text_gives_the_same_answer(detector: Detector, text: str) -> None:
    assert detector.detect(text) == detector.detect(text)


def test_lone_surrogates_only_separate(detector: Detector) -> None:
    assert detector.detect("\ud800").level == "none"


def calls(detector: Detector, text: str) -> int:
    """How many functions, Python's and C's, one detection calls."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        detector.detect(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "unit",
    ["a ", "\u0301", "a\u0301", "t.ự ", "m u o n ", "muốn chết ", "*", "c*t ", "k ", "😭", "không ", "a", "1!", "kms "],
)
def test_hostile_long_texts_take_linear_time(detector: Detector, unit: str) -> None:
    """Counted in calls, which are the same on every machine, not in seconds."""
    text = (unit * 16000)[:16000]
    assert calls(detector, text) <= 5 * calls(detector, text[:4000])


def test_the_bundle_and_the_model_keep_within_their_limits(bundle: dict[str, Any]) -> None:
    assert len(gzip.compress(SHIPPED.read_bytes(), 9, mtime=0)) <= 250 * 1024
    assert len(gzip.compress(canonical(bundle["model"]), 9, mtime=0)) <= 120 * 1024


def test_the_bundle_is_canonical_and_without_floats(bundle: dict[str, Any]) -> None:
    assert canonical(bundle) + b"\n" == SHIPPED.read_bytes()


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical({"a": [1, {"b": 0.5}]})


@given(values=st.sets(st.integers(0, 100000)))
def test_gaps_unpack_to_what_was_packed(values: set[int]) -> None:
    alphabet = "abcdefgh"
    ascending = sorted(values)
    assert unpack_gaps(pack_gaps(ascending, alphabet), {c: i for i, c in enumerate(alphabet)}) == ascending


def test_an_everyday_message_costs_few_calls(detector: Detector) -> None:
    """Time is measured by `manage.py safety_report`; this only notices a step that grows."""
    text = ("hôm nay mình đi học về muộn, mẹ nấu canh chua ngon lắm mà mình buồn ngủ quá " * 4)[:300]
    assert calls(detector, text) <= 12_000
