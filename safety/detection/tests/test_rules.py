"""Steps 6 to 9: allow phrases, ambiguity, negation, context, level."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from safety.detection import Detection, Detector

from .conftest import keyword_row

CONTEXT = {
    "negator": ("không", "chưa"),
    "negator_after": ("đâu",),
    "pseudo_neg": ("không đùa", "không ai tin", "ở đâu"),
    "contrast": ("nhưng",),
    "desire": ("muốn", "định"),
    "self": ("em", "mình"),
    "wish": ("em muốn",),
    "quote": ("phim", "đề văn"),
    "urgent": ("tối nay",),
    "means": ("thuốc ngủ",),
    "victim": ("mẹ",),
}


@pytest.fixture(scope="module")
def judge(with_rows: Callable[[list[list[Any]]], Detector]) -> Callable[[str], Detection]:
    rows = [
        keyword_row(1, "signal", "muốn chết"),
        keyword_row(2, "signal", "tự tử", is_ambiguous=True),
        keyword_row(3, "signal", "đánh đập", category="violence"),
        keyword_row(4, "signal", "biến mất", severity="medium"),
        keyword_row(5, "signal", "không muốn sống"),
        keyword_row(10, "allow", "<HYPER> muốn chết", severity="none"),
        keyword_row(11, "allow", "chết rồi", severity="none"),
    ]
    for category, phrases in CONTEXT.items():
        rows += [keyword_row(f"{category}-{phrase}", "context", phrase, category=category) for phrase in phrases]
    return with_rows(rows).detect


def suppressors(found: Detection) -> Sequence[str | None]:
    return [rule["suppressed_by"] for rule in found.rules]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("em muốn chết", "high"),
        ("em muốn chết rồi", "high"),  # the allow phrase only touches it
        ("đói muốn chết", "none"),
        ("buồn muốn chết", "high"),
        ("em không muốn chết", "none"),
        ("em không muốn sống", "high"),
        ("không đùa em muốn chết", "high"),
        ("không, em muốn chết", "high"),
        ("không phải không muốn chết", "high"),  # two negators
        ("muốn chết đâu", "none"),
        ("muốn chết ở đâu cũng được", "high"),
        ("em không muốn chết nhưng mệt", "medium"),
        ("tự tử", "none"),
        ("em nghĩ tới tự tử", "high"),
        ("t.ự t.ử", "high"),
        ("từ từ em làm", "none"),
        ("trong phim nó tự tử, em khóc", "low"),
        ("trong phim có người muốn chết", "low"),
        ("xem phim xong em muốn chết", "high"),
        ("bị đánh đập", "low"),
        ("em bị đánh đập", "high"),
        ("mẹ bị đánh đập", "high"),
        ("tối nay em muốn chết", "critical"),
        ("em muốn chết, có thuốc ngủ", "critical"),
        ("muốn biến mất", "medium"),
        ("", "none"),
    ],
)
def test_the_level_follows_from_the_rules(judge: Callable[[str], Detection], text: str, level: str) -> None:
    assert judge(text).level == level


def test_a_suppressed_signal_is_kept_with_its_reason(judge: Callable[[str], Detection]) -> None:
    assert suppressors(judge("đói muốn chết")) == ["allow:10"]
    assert suppressors(judge("em không muốn chết")) == ["negation:negator-không"]


def test_a_finding_names_keyword_span_view_and_rule(judge: Callable[[str], Detection]) -> None:
    text = "thật, em muốn ch.ết"
    (rule,) = judge(text).rules
    assert text[slice(*rule["span"])] == "muốn ch.ết"
    assert (rule["keyword_id"], rule["view"], rule["rule"]) == (1, "joined", "signal")


def test_offer_and_alarm_are_two_tiers(judge: Callable[[str], Detection]) -> None:
    assert (judge("muốn biến mất").is_offer, judge("muốn biến mất").is_alarm) == (True, False)
    assert judge("em muốn chết").is_alarm


def test_a_new_keyword_of_staff_takes_effect_beside_the_model(bundle: dict[str, Any]) -> None:
    row = keyword_row("staff-1", "signal", "xà phòng cầu vồng", severity="medium")
    lexicon = {"columns": bundle["lexicon"]["columns"], "rows": [*bundle["lexicon"]["rows"], row]}
    assert not Detector(bundle).detect("mua xà phòng cầu vồng ở đâu").is_offer
    assert Detector(bundle | {"lexicon": lexicon}).detect("mua xà phòng cầu vồng ở đâu").is_offer
