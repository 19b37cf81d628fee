import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from safety.services.seed import seed
from safety.tests.keys import CANARY


def run(tmp_path: Path, capsys: Any, *lines: str, **options: Any) -> list[dict[str, Any]]:
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join(lines))
    call_command("detect", str(file), **options)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_line_in_is_one_line_out_with_exactly_these_keys(tmp_path: Path, capsys: Any) -> None:
    lines = ['{"id": "a", "text": "em muốn chết"}', "", '{"id": 7, "text": ""}']
    found = run(tmp_path, capsys, *lines, shipped=True)
    assert [list(line) for line in found] == [["id", "level", "category", "rules", "bundle_version"]] * 2
    assert [line["id"] for line in found] == ["a", 7]
    assert found[0]["level"] in ("high", "critical")
    assert found[1]["level"] == "none"


@pytest.mark.django_db
def test_it_uses_the_published_release_if_there_is_one(tmp_path: Path, capsys: Any) -> None:
    seed()
    assert run(tmp_path, capsys, '{"id": 1, "text": "chào"}')[0]["bundle_version"] == "1"


@pytest.mark.parametrize("line", ["x", "[]", '{"id": 1}', '{"id": 1, "text": 5}', '{"text": "x"}'])
def test_a_wrong_line_is_named_and_not_repeated(tmp_path: Path, capsys: Any, line: str) -> None:
    with pytest.raises(CommandError, match="line 2") as refusal:
        run(tmp_path, capsys, json.dumps({"id": 1, "text": CANARY}), line, shipped=True)
    assert CANARY not in str(refusal.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("detect", str(tmp_path / "none.jsonl"), shipped=True)
