"""The lexicon as rows, as CSV and as a part of a bundle."""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from safety.models import BlockedKeyword
from safety.models.keywords import MIN_INSIDE_LETTERS
from safety.training.bundle import COLUMNS as BUNDLE_COLUMNS

SEED_FILE = Path(__file__).parent.parent / "data" / "lexicon.csv"
COLUMNS = (
    "keyword",
    "kind",
    "category",
    "severity",
    "language",
    "is_exact_match",
    "is_case_sensitive",
    "fold",
    "is_ambiguous",
    "is_active",
    "note",
)
KEY = ("language", "kind", "category", "keyword")
_REQUIRED = ("keyword", "kind", "category", "severity", "language")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
MAX_ROWS = 20_000
BATCH = 1000
_LOCK = 0x5AFE01


def bundle_lexicon(keywords: Iterable[BlockedKeyword]) -> dict[str, Any]:
    """The lexicon part of a bundle: {columns, rows}."""
    return {
        "columns": list(BUNDLE_COLUMNS),
        "rows": [[getattr(word, column) for column in BUNDLE_COLUMNS] for word in keywords],
    }


@dataclass
class Import:
    """What a CSV would do or did. `errors` are (line number in the file, what is wrong); with any, nothing changes."""

    errors: list[tuple[int, str]] = field(default_factory=list)
    added: list[BlockedKeyword] = field(default_factory=list)
    changed: list[BlockedKeyword] = field(default_factory=list)
    unchanged: int = 0


def export_keywords() -> str:
    """The whole lexicon as CSV, in a form `import_keywords` takes back."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for word in BlockedKeyword.objects.order_by("id").iterator():
        writer.writerow(_as_text(getattr(word, column)) for column in COLUMNS)
    return out.getvalue()


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@transaction.atomic
def import_keywords(*, text: str, staff: Any, is_dry_run: bool, adds_only: bool = False) -> Import:
    """Take a CSV in: rows are found by language, kind, category and keyword; found ones get the file's other columns.

    All or nothing: with one bad row nothing is changed, and every bad row is named. `adds_only` leaves known rows as
    staff have them. Never deletes: what is not in the file stays.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    result = Import()
    known = {tuple(getattr(word, name) for name in KEY): word for word in BlockedKeyword.objects.order_by("id")}
    seen: dict[tuple[str, ...], int] = {}
    for line, row in _rows(text, result):
        values = _values(row, line, result)
        if values is None:
            continue
        key = tuple(values[name] for name in KEY)
        if key in seen:
            result.errors.append((line, _("The same keyword is in line %d already.") % seen[key]))
            continue
        seen[key] = line
        _merge(known.get(key), values, staff, adds_only, result)
    if not result.errors and not is_dry_run:
        _store(result, staff)
    return result


def _rows(text: str, result: Import) -> Iterable[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = reader.fieldnames or []
        if missing := [name for name in _REQUIRED if name not in header]:
            result.errors.append((1, _("These columns are missing: %s") % ", ".join(missing)))
            return
        for count, row in enumerate(reader):
            if count >= MAX_ROWS:
                result.errors.append((reader.line_num, _("A file may have %d rows.") % MAX_ROWS))
                return
            yield reader.line_num, row
    except csv.Error:
        result.errors.append((reader.line_num, _("From here on this is not CSV: a quote or a line end is wrong.")))


def _values(row: dict[Any, Any], line: int, result: Import) -> dict[str, Any] | None:
    """The checked columns of a row; None, and an error, if one is wrong."""
    if None in row or None in row.values():
        result.errors.append((line, _("There are too many or too few columns.")))
        return None
    values: dict[str, Any] = {name: row[name].strip() for name in COLUMNS if name in row}
    if "flags" in row:  # the spelling of the first lexicons
        values.setdefault("is_ambiguous", "true" if "amb" in row["flags"] else "false")
        values.setdefault("fold", "never" if "nofold" in row["flags"] else "auto")
    try:
        for name in values:
            if name.startswith("is_"):
                values[name] = _boolean(name, values[name])
        word = BlockedKeyword(**values)
        word.full_clean(validate_unique=False, validate_constraints=False)
        _check_rules(word)
    except ValidationError as error:
        result.errors.append((line, _describe(error)))
        return None
    return {name: getattr(word, name) for name in values}


def _boolean(name: str, text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValidationError({name: _("true or false")}) from None


def _check_rules(word: BlockedKeyword) -> None:
    """The table's CHECK constraints, without a query for each of ten thousand rows."""
    for constraint in BlockedKeyword._meta.constraints:
        if constraint.name in _RULES and not _RULES[constraint.name](word):
            raise ValidationError(force_str(constraint.get_violation_error_message()))


_RULES: dict[str, Callable[[BlockedKeyword], bool]] = {
    "keywords_only_signals_are_severe": lambda word: word.kind == "signal" or word.severity == "none",
    "keywords_inside_words_are_long": lambda word: word.is_exact_match or len(word.keyword) >= MIN_INSIDE_LETTERS,
}


def _describe(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())


def _merge(
    existing: BlockedKeyword | None, values: dict[str, Any], staff: Any, adds_only: bool, result: Import
) -> None:
    if existing is None:
        result.added.append(BlockedKeyword(created_by=staff, **values))
        return
    changes = {name: value for name, value in values.items() if getattr(existing, name) != value}
    if adds_only or not changes:
        result.unchanged += 1
        return
    for name, value in changes.items():
        setattr(existing, name, value)
    result.changed.append(existing)


def _store(result: Import, staff: Any) -> None:
    bulk_create_with_history(result.added, BlockedKeyword, batch_size=BATCH, default_user=staff)
    if result.changed:
        bulk_update_with_history(result.changed, BlockedKeyword, [*COLUMNS], batch_size=BATCH, default_user=staff)


def seed_keywords() -> int:
    """Add what the shipped lexicon has and the table has not; what staff changed stays. Returns how many were added.

    Raises ValueError if the shipped file is wrong.
    """
    result = import_keywords(text=SEED_FILE.read_text(), staff=None, is_dry_run=False, adds_only=True)
    if result.errors:
        raise ValueError(f"{SEED_FILE.name}: {result.errors[:3]}")
    return len(result.added)
