import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from safety.models import TrainingData
from safety.services import training
from safety.tests.keys import CANARY

type NewExample = Callable[..., TrainingData]


@pytest.fixture
def verify(new_staff: Any, new_example: NewExample) -> Callable[..., None]:
    binh = new_staff("verifier", username="binh")

    def make(count: int, text: str = "câu", **groups: str) -> None:
        for number in range(count):
            new_example(f"{text} {number}", level="high", **groups)
        TrainingData.objects.update(is_verified=True, verified_by=binh, verified_at=timezone.now())

    return make


def test_only_verified_active_rows_are_written(verify: Any, new_example: NewExample, capsys: Any) -> None:
    verify(2)
    new_example(CANARY)
    call_command("export_training_data")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(line["text"] for line in lines) == ["câu 0", "câu 1"]
    assert set(lines[0]) == {
        "text", "lang", "level", "sentiment", "emotion_tags", "source", "age_group", "school_type", "location",
    }  # fmt: skip


def test_a_group_of_nineteen_refuses_the_whole_export_and_one_of_twenty_does_not(verify: Any, capsys: Any) -> None:
    group = {"age_group": "13_15", "school_type": "lower_secondary", "location": "centre"}
    verify(5)
    verify(19, CANARY, **group)
    with pytest.raises(CommandError, match="single people out"):
        call_command("export_training_data")
    output = capsys.readouterr()
    assert output.out == ""
    assert "13_15 · lower_secondary · centre: 19 rows" in output.err
    assert CANARY not in output.err
    verify(1, **group)
    call_command("export_training_data")
    assert len(capsys.readouterr().out.splitlines()) == 25


def test_without_groups_nobody_is_singled_out(verify: Any, capsys: Any) -> None:
    verify(1, age_group="under_13")
    call_command("export_training_data", without_groups=True)
    assert "age_group" not in json.loads(capsys.readouterr().out)


def test_a_wrong_key_is_said_without_words(verify: Any, settings: Any, capsys: Any) -> None:
    verify(1, CANARY)
    settings.FIELD_KEYS = ""
    with pytest.raises(CommandError) as refusal:
        call_command("export_training_data")
    assert CANARY not in str(refusal.value) + capsys.readouterr().out


def test_rows_come_in_no_order_of_time(verify: Any) -> None:
    verify(30)
    texts = [json.loads(line)["text"] for line in training.export_rows()]
    assert texts != [f"câu {number}" for number in range(30)]
