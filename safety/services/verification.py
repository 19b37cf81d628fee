"""The four-eyes queue: one labels, another agrees or says otherwise, a third decides between two opinions."""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from privacy.fields import this
from safety.models import TrainingData
from safety.models.keywords import SEVERITIES


class VerificationError(Exception):
    """A decision that cannot be taken. The text is for staff."""


def next_row(*, staff: Any, after: int = 0) -> TrainingData | None:
    """The next row this member of staff may decide on, behind `after`, else from the beginning."""
    rows = TrainingData.objects.open_to(staff).order_by("pk")
    return rows.filter(pk__gt=after).first() or rows.first()


def progress(*, staff: Any) -> dict[str, int]:
    """{verified, total, mine}: decided rows, all active rows, rows this member of staff can still decide on."""
    active = TrainingData.objects.filter(is_active=True)
    return {
        "verified": active.filter(is_verified=True).count(),
        "total": active.count(),
        "mine": TrainingData.objects.open_to(staff).count(),
    }


@transaction.atomic
def decide(*, pk: int, staff: Any, level: str, seen_stage: str) -> TrainingData:
    """Say what level row `pk` has. What that does depends on who spoke before: see TrainingData.stage.

    Of two who decide on the same stage at once the first is heard, the other gets VerificationError: `seen_stage` is
    the stage the page showed, and the row is locked while it is compared.
    """
    if level not in SEVERITIES:
        raise VerificationError(_("Choose one of the levels."))
    row = TrainingData.objects.undecided().filter(pk=pk).select_for_update(of=("self",)).first()
    if row is None or row.stage != seen_stage:
        raise VerificationError(_("Somebody else has just decided on this example. Here is the next one."))
    if staff.pk in (row.labelled_by_id, row.disputed_by_id):
        raise VerificationError(_("Another pair of eyes is needed: you have spoken on this example already."))
    if row.stage == "label":
        row.crisis_level, row.labelled_by = level, staff
    elif row.stage == "second" and level != row.crisis_level:
        row.disputed_level, row.disputed_by = level, staff
    else:
        row.crisis_level, row.is_verified = level, True
        row.verified_by, row.verified_at = staff, timezone.now()
    row.updated_at = this("day")
    row._history_user = staff
    changed = ["crisis_level", "labelled_by", "disputed_level", "disputed_by", "is_verified", "verified_by"]
    row.save(update_fields=[*changed, "verified_at", "updated_at"])
    return row


def recent_disagreements(*, limit: int = 20) -> list[TrainingData]:
    """The last verified rows on which opinions differed, for staff to talk about."""
    rows = TrainingData.objects.verified().filter(~Q(disputed_level=""))
    return list(rows.order_by("-verified_at")[:limit])
