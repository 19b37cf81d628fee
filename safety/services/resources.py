"""Hotlines from the shipped file."""

import csv
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from safety.models import CrisisResource
from safety.models.resources import VERIFIED_DAYS

SEED_FILE = Path(__file__).parent.parent / "data" / "resources.csv"
# National numbers, the only ones shown without a member of staff having telephoned. (level, order, audience vi, en)
NATIONAL = {
    "111": ("medium", 1, "trẻ em và người dưới 18 tuổi", "children and young people under 18"),
    "115": ("critical", 2, "cấp cứu y tế", "medical emergency"),
    "113": ("critical", 3, "nguy hiểm từ người khác", "danger from another person"),
}
_COSTS = {"free": "free", "free number range": "free", "free of charge for the support": "free"}


@transaction.atomic
def seed_resources() -> int:
    """Add the shipped hotlines that are not there by number; what staff changed stays. Returns how many were added."""
    with SEED_FILE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    known = set(CrisisResource.objects.values_list("number", flat=True))
    new = [_resource(row) for row in rows if row["number"] not in known]
    for resource in new:
        resource.full_clean()
        resource.save(force_insert=True)
    return len(new)


def _resource(row: dict[str, str]) -> CrisisResource:
    is_rejected = row["status"] == "reject"
    resource = CrisisResource(
        name="—" if is_rejected else row["name_vi"],
        name_en="" if is_rejected else row["name_en"],
        number=row["number"],
        languages=["vi"],
        audience=row["scope"],
        audience_en=row["scope"],
        hours=row["hours_as_published"],
        cost=_COSTS.get(row["cost_as_published"], "unknown"),
        source=row["source"],
        note=" ".join(filter(None, (row["status"] + ".", row["note"]))),
        is_rejected=is_rejected,
    )
    if row["number"] in NATIONAL and not is_rejected:
        level, order, audience, audience_en = NATIONAL[row["number"]]
        resource.minimum_level, resource.sort_order = level, order
        resource.audience, resource.audience_en = audience, audience_en
        resource.is_active, resource.verified_at = True, timezone.now()
        resource.expires_at = resource.verified_at + timedelta(days=VERIFIED_DAYS)
    return resource
