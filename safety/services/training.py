"""Training examples in and out."""

import json
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Count

from safety.models import TrainingData
from safety.models.training import MAX_TEXT_CHARACTERS

MIN_GROUP = 20
GROUPS = ("age_group", "school_type", "location")


class ExportRefusedError(Exception):
    """Some examples could be traced to few people. `groups` are (age, school, region, rows)."""

    def __init__(self, groups: list[tuple[str, str, str, int]]) -> None:
        super().__init__(f"{len(groups)} groups have fewer than {MIN_GROUP} rows.")
        self.groups = groups


@transaction.atomic
def add_example(
    *, text: str, language: str, source: str, staff: Any, source_id: str = "", level: str = "", **groups: Any
) -> TrainingData:
    """One example that staff write or import, labelled by them if `level` is given. Raises FieldKeysError."""
    row = TrainingData(source=source, source_id=source_id, language=language, **groups)
    if level:
        row.crisis_level, row.labelled_by = level, staff
    row.seal_content(text[:MAX_TEXT_CHARACTERS])
    row._history_user = staff
    row.save(force_insert=True)
    return row


def small_groups() -> list[tuple[str, str, str, int]]:
    """Combinations of age, school and region with fewer than MIN_GROUP verified rows. Rows that say none of the three
    single nobody out."""
    rows = TrainingData.objects.verified().exclude(age_group="", school_type="", location="")
    counts = rows.values_list(*GROUPS).annotate(rows=Count("pk")).filter(rows__lt=MIN_GROUP).order_by(*GROUPS)
    return [tuple(found) for found in counts]


def export_rows(*, without_groups: bool = False) -> Iterator[str]:
    """Verified rows as JSON lines. Raises ExportRefusedError before the first line, FieldKeysError at any.

    `without_groups` leaves age, school and region out, so that nothing is refused.
    """
    if not without_groups and (groups := small_groups()):
        raise ExportRefusedError(groups)
    return _lines(without_groups)


def _lines(without_groups: bool) -> Iterator[str]:
    # In order of the random uuid: the order of arrival would tell who came after whom.
    for row in TrainingData.objects.verified().order_by("row_uuid").iterator(chunk_size=500):
        entry: dict[str, Any] = {
            "text": row.open_content(),
            "lang": row.language,
            "level": row.crisis_level,
            "sentiment": row.sentiment,
            "emotion_tags": row.emotion_tags,
            "source": row.source,
        }
        if not without_groups:
            entry |= {name: getattr(row, name) for name in GROUPS}
        yield json.dumps(entry, ensure_ascii=False)
