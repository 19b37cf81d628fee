import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from safety.models import TrainingData
from safety.services import verification
from safety.services.verification import VerificationError, decide

type NewExample = Callable[..., TrainingData]


@pytest.fixture
def staff(new_staff: Any) -> list[Any]:
    return [new_staff("verifier", username=name) for name in ("an", "binh", "chi")]


def test_one_labels_and_another_agrees(new_example: NewExample, staff: list[Any]) -> None:
    an, binh, _ = staff
    row = new_example()
    assert decide(pk=row.pk, staff=an, level="high", seen_stage="label").stage == "second"
    row = decide(pk=row.pk, staff=binh, level="high", seen_stage="second")
    assert (row.stage, row.crisis_level, row.labelled_by, row.verified_by) == ("verified", "high", an, binh)


def test_nobody_verifies_their_own_label(new_example: NewExample, staff: list[Any]) -> None:
    an, _, _ = staff
    row = new_example(staff=an, level="low")
    assert verification.next_row(staff=an) is None
    with pytest.raises(VerificationError):
        decide(pk=row.pk, staff=an, level="low", seen_stage="second")
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingData.objects.update(verified_by=an)


def test_a_third_decides_between_two_opinions(new_example: NewExample, staff: list[Any]) -> None:
    an, binh, chi = staff
    row = new_example(staff=an, level="low")
    assert decide(pk=row.pk, staff=binh, level="high", seen_stage="second").stage == "third"
    assert verification.next_row(staff=an) is verification.next_row(staff=binh) is None
    row = decide(pk=row.pk, staff=chi, level="high", seen_stage="third")
    assert (row.crisis_level, row.verified_by, row.is_verified) == ("high", chi, True)
    assert verification.recent_disagreements() == [row]


def test_the_queue_goes_round_and_skips(new_example: NewExample, staff: list[Any]) -> None:
    rows = [new_example(f"câu {number}") for number in range(3)]
    seen = [verification.next_row(staff=staff[0], after=after) for after in (0, rows[0].pk, rows[2].pk)]
    assert seen == [rows[0], rows[1], rows[0]]
    assert verification.progress(staff=staff[0]) == {"verified": 0, "total": 3, "mine": 3}


def test_what_is_withdrawn_or_unknown_cannot_be_decided(new_example: NewExample, staff: list[Any]) -> None:
    row = new_example(is_active=False)
    for pk in (row.pk, 10**9):
        with pytest.raises(VerificationError):
            decide(pk=pk, staff=staff[0], level="high", seen_stage="label")
    with pytest.raises(VerificationError):
        decide(pk=row.pk, staff=staff[0], level="deadly", seen_stage="label")


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_get_one_result(new_example: NewExample, new_staff: Any) -> None:
    author, an, binh = (new_staff(username=name) for name in ("author", "an", "binh"))
    row = new_example(staff=author, level="low")
    start, outcomes = threading.Barrier(2), []

    def run(person: Any, level: str) -> None:
        start.wait()
        try:
            decide(pk=row.pk, staff=person, level=level, seen_stage="second")
            outcomes.append(person.username)
        except VerificationError:
            outcomes.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=args) for args in ((an, "low"), (binh, "critical"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=lambda name: name == "late")[1] == "late"
    row.refresh_from_db()
    assert row.is_verified == ("an" in outcomes)
    assert row.history.count() == 2
