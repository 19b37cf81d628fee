from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from safety.models import TrainingData
from safety.services import field_keys
from safety.tests.keys import CANARY, FIRST_KEY, SECOND_KEY

type NewExample = Callable[..., TrainingData]


@pytest.fixture
def rows(new_example: NewExample, settings: Any) -> list[TrainingData]:
    made = [new_example(f"{CANARY} {number}") for number in range(5)]
    settings.FIELD_KEYS = f"{SECOND_KEY},{FIRST_KEY}"
    return made


def test_a_dry_run_counts_and_changes_nothing(rows: list[TrainingData], capsys: Any) -> None:
    call_command("rotate_field_keys", dry_run=True)
    assert "5 rows would be" in capsys.readouterr().out
    assert field_keys.count_old() == 5


def test_every_row_opens_with_the_new_key_alone_afterwards(
    rows: list[TrainingData], settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(field_keys, "BATCH", 2)
    steps: list[tuple[int, int]] = []
    assert field_keys.rotate_field_keys(on_progress=lambda *step: steps.append(step)) == 5
    assert steps == [(2, 5), (4, 5), (5, 5)]
    settings.FIELD_KEYS = SECOND_KEY
    texts = sorted(row.open_content() for row in TrainingData.objects.all())
    assert texts == [f"{CANARY} {number}" for number in range(5)]
    assert field_keys.rotate_field_keys() == 0


def test_it_goes_on_where_it_was_stopped(rows: list[TrainingData], monkeypatch: Any) -> None:
    monkeypatch.setattr(field_keys, "BATCH", 2)

    def stop(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        field_keys.rotate_field_keys(on_progress=stop)
    assert field_keys.count_old() == 1
    assert field_keys.rotate_field_keys() == 1


def test_a_missing_key_stops_it_and_loses_nothing(rows: list[TrainingData], settings: Any) -> None:
    before = {row.pk: bytes(row.content_encrypted) for row in TrainingData.objects.all()}
    for ring in (SECOND_KEY, f"{SECOND_KEY},1:{SECOND_KEY[2:]}", ""):
        settings.FIELD_KEYS = ring
        with pytest.raises(CommandError) as refusal:
            call_command("rotate_field_keys")
        assert CANARY not in str(refusal.value)
    assert {row.pk: bytes(row.content_encrypted) for row in TrainingData.objects.all()} == before


def test_it_leaves_no_history(rows: list[TrainingData]) -> None:
    before = TrainingData.history.count()
    field_keys.rotate_field_keys()
    assert TrainingData.history.count() == before
