import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from safety.models import BlockedKeyword
from safety.services import lexicon
from safety.services.lexicon import Import, import_keywords

HEADER = "keyword,kind,category,severity,language,is_exact_match,is_case_sensitive,fold,is_ambiguous,is_active,note"
pytestmark = pytest.mark.django_db


def load(*lines: str, is_dry_run: bool = False, staff: Any = None) -> Import:
    return import_keywords(text="\n".join((HEADER, *lines)), staff=staff, is_dry_run=is_dry_run)


def row(keyword: str, **changes: str) -> str:
    values = dict(
        zip(HEADER.split(","), f"{keyword},signal,suicide,high,vi,true,false,auto,false,true,".split(","), strict=True)
    )
    return ",".join((values | changes).values())


def test_a_dry_run_says_what_would_change_and_changes_nothing() -> None:
    result = load(row("chán sống"), is_dry_run=True)
    assert ([word.keyword for word in result.added], result.errors) == (["chán sống"], [])
    assert not BlockedKeyword.objects.exists()


def test_rows_are_added_changed_and_left_alone(new_staff: Any) -> None:
    an = new_staff(username="an")
    load(row("một hai"), row("ba bốn"), staff=an)
    result = load(row("một hai"), row("ba bốn", severity="critical"), row("năm sáu"), staff=an)
    assert (len(result.added), len(result.changed), result.unchanged) == (1, 1, 1)
    word = BlockedKeyword.objects.get(keyword="ba bốn")
    assert (word.severity, word.created_by) == ("critical", an)
    assert [(entry.severity, entry.history_user) for entry in word.history.all()] == [("critical", an), ("high", an)]


def test_ten_thousand_rows_with_bad_ones_name_each_and_change_nothing() -> None:
    lines = [row(f"từ khoá số {number}") for number in range(10_000)]
    bad = {
        5: row("a", severity="deadly"),
        77: row("b", kind="allow"),
        500: "only,three,columns",
        1234: row("=cmd()"),
        4000: row("từ khoá số 3999"),
        7000: row("abc", is_exact_match="false"),
        8000: row("c", is_active="maybe"),
        9000: row("x" * 201),
        9998: row(""),
    }
    for number, line in bad.items():
        lines[number] = line
    result = load(*lines)
    assert [line for line, _ in result.errors] == [number + 2 for number in bad]
    assert all(reason for _, reason in result.errors)
    assert not BlockedKeyword.objects.exists()


def test_ten_thousand_good_rows_are_taken() -> None:
    assert len(load(*(row(f"từ khoá số {number}") for number in range(10_000))).added) == 10_000
    assert BlockedKeyword.objects.count() == BlockedKeyword.history.count() == 10_000


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", f'{HEADER}\n"never closed', "\0"])
def test_what_is_not_such_a_file_is_refused(text: str) -> None:
    result = import_keywords(text=text, staff=None, is_dry_run=False)
    assert result.errors
    assert not BlockedKeyword.objects.exists()


def test_an_export_comes_back_unchanged_and_opens_in_a_spreadsheet() -> None:
    lexicon.seed_keywords()
    exported = lexicon.export_keywords()
    result = import_keywords(text="\ufeff" + exported, staff=None, is_dry_run=False)
    assert (result.added, result.changed, result.errors) == ([], [], [])
    assert result.unchanged == BlockedKeyword.objects.count()
    assert not [line for line in csv.reader(io.StringIO(exported)) if line[0].startswith(("=", "+", "-", "@"))]


def test_seeding_again_keeps_what_staff_changed() -> None:
    assert lexicon.seed_keywords() > 400
    BlockedKeyword.objects.filter(keyword="viết di thư").update(is_active=False, severity="low")
    assert lexicon.seed_keywords() == 0
    assert not BlockedKeyword.objects.get(keyword="viết di thư").is_active


def test_the_commands_do_the_same(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "words.csv"
    file.write_text(f"{HEADER}\n{row('chán sống')}\n")
    call_command("import_keywords", file, dry_run=True)
    assert "1 would be added" in capsys.readouterr().out
    call_command("import_keywords", file)
    call_command("export_keywords")
    assert row("chán sống") in capsys.readouterr().out
    file.write_text(f"{HEADER}\n{row('x', severity='y')}\n")
    with pytest.raises(CommandError, match="1 bad rows"):
        call_command("import_keywords", file)
    assert "line 2" in capsys.readouterr().err
