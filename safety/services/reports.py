"""How good the detector is: figures, regressions, and what to learn from, for `manage.py safety_report`."""

import json
from typing import Any

from django.template.loader import render_to_string

from safety import evaluation
from safety.detection import Detector, load_bundle
from safety.evaluation import Proposal, Report, Slice
from safety.models import LexiconRelease, TrainingData
from safety.services.preview import evaluation_messages
from safety.services.releases import current_release
from safety.training.corpus import CORPUS, LEVELS, Message

UNSEEN = CORPUS.parent / "unseen_authors.json"
CAVEAT = "Messages written by language models, not yet checked by native counsellors."
IN_SAMPLE = (
    "The model has learnt from most of these messages: what it does with authors it never saw is below, if measured."
)
# (attribute of a Slice, what it is, whether more is better)
RATES = (
    ("offer_recall", "offered help, of those in danger", True),
    ("critical_offered", "offered help, of the critical", True),
    ("alarm_recall", "alarm raised, of high and critical", True),
    ("offer_precision", "in danger, of those offered help", True),
    ("false_offers", "offered help, of the harmless", False),
    ("false_alarms", "alarm raised, of the harmless", False),
)


def report(bundle: dict[str, Any]) -> Report:
    return evaluation.evaluate(Detector(bundle).detect, evaluation_messages())


def current_bundle() -> dict[str, Any]:
    """The published release's, else the shipped one."""
    release = current_release()
    bundle: dict[str, Any] = load_bundle() if release is None else json.loads(bytes(release.bundle))
    return bundle


def bundle_of(version: int) -> dict[str, Any] | None:
    """Of any release, published or prepared."""
    release = LexiconRelease.objects.filter(version=version).first()
    return None if release is None else json.loads(bytes(release.bundle))


def unseen() -> list[Slice]:
    """Figures on authors left out of training, as training wrote them; empty if it did not."""
    if not UNSEEN.exists():
        return []
    return evaluation.report_levels(json.loads(UNSEEN.read_text()), evaluation_messages())


def compare(before: Report, after: Report) -> dict[str, Any]:
    """{regressions: ids that got worse, by kind; refusals: reasons the release gate refuses `after`}."""
    return {
        "regressions": evaluation.regressions(before.results, after.results, evaluation_messages()),
        "refusals": evaluation.gate(before, after),
    }


def mine_verified(bundle: dict[str, Any]) -> list[Proposal]:
    """Phrases that would catch verified examples the detector misses, without a new false alarm; for staff to take or
    leave one by one. Opens sealed examples: FieldKeysError without the key."""
    verified = [
        Message(
            f"t{row.pk}", row.open_content(), row.language, "verified", LEVELS.index(row.crisis_level), "", "verified"
        )
        for row in TrainingData.objects.verified().iterator(chunk_size=500)
    ]
    # The evaluation messages lend their harmless half; their misses are another matter (the corpus is trained on).
    harmless = [message for message in evaluation_messages() if message.level < 2]
    return evaluation.mine(Detector(bundle).detect, [*verified, *harmless])


def as_text(found: Report, against: dict[str, Any] | None) -> str:
    lines = [f"bundle {found.bundle_version}, {found.total.messages} messages", CAVEAT, IN_SAMPLE, ""]
    for title, slices in sections(found):
        lines.append(title)
        lines += [_line(part) for part in slices]
        lines.append("")
    times = found.milliseconds
    lines.append(f"milliseconds a message: p50 {times['p50']:.2f}, p95 {times['p95']:.2f}, most {times['max']:.2f}")
    if against is not None:
        for kind, ids in against["regressions"].items():
            lines.append(f"{kind}: {len(ids)} {' '.join(ids[:20])}")
        lines += [f"REFUSED {reason}" for reason in against["refusals"]] or ["The release gate passes."]
    return "\n".join(lines)


def sections(found: Report) -> list[tuple[str, list[Slice]]]:
    shown = [("all", [found.total]), ("by language", found.by_lang), ("by group", found.by_group)]
    return [*shown, *([("authors left out of training", left_out)] if (left_out := unseen()) else [])]


def _line(part: Slice) -> str:
    rates = [f"{label} {spell(getattr(part, name))}" for name, label, _ in RATES if getattr(part, name).total]
    return f"  {part.name} ({part.messages}): " + "; ".join(rates)


def spell(rate: evaluation.Rate) -> str:
    """`.853 [.841–.864]`, the share with its 95 % Wilson interval; a dash for nothing measured."""
    if rate.share is None or rate.low is None or rate.high is None:
        return "—"
    return f"{rate.share:.3f} [{rate.low:.3f}–{rate.high:.3f}]"


def as_json(found: Report, against: dict[str, Any] | None) -> str:
    body = found.as_dict() | {"caveat": CAVEAT, "unseen_authors": [_as_dict(part) for part in unseen()]}
    return json.dumps(body | {"against": against}, ensure_ascii=False, indent=1)


def _as_dict(part: Slice) -> dict[str, Any]:
    shares = {name: [getattr(part, name).hits, getattr(part, name).total] for name, _, _ in RATES}
    return {"name": part.name, "messages": part.messages} | shares


def as_html(found: Report, against: dict[str, Any] | None) -> str:
    """One page that needs nothing else: charts are SVG, with their figures in a table beside each."""
    charts = [
        {"title": title, "rows": [_chart_row(part, name, label) for part in slices for name, label, _ in RATES]}
        for title, slices in sections(found)
    ]
    context = {"report": found, "charts": charts, "against": against, "caveat": CAVEAT, "in_sample": IN_SAMPLE}
    return render_to_string("safety/report.html", context)


def _chart_row(part: Slice, name: str, label: str) -> dict[str, Any]:
    rate = getattr(part, name)
    width = 400
    low, share, high = (round(width * (value or 0), 1) for value in (rate.low, rate.share, rate.high))
    return {
        "part": part.name,
        "label": label,
        "spelled": spell(rate),
        "count": f"{rate.hits}/{rate.total}",
        "is_measured": rate.share is not None,
        "low": str(low),
        "span": str(round(high - low, 1)),
        "share": str(share),
    }
