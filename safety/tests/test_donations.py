from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from privacy.digests import new_token
from safety.models import TrainingData, TrainingDonation
from safety.services import donations
from safety.tests.keys import CANARY
from tests.api import Api


def test_it_is_sealed_at_once_and_gives_a_code(api: Api) -> None:
    answer = api.post("training-donations/", {"text": CANARY, "age_group": "13_15"})
    assert answer.status_code == 201
    assert answer.json()["withdrawal_code"].startswith("cbwd_")
    row = TrainingData.objects.get()
    assert CANARY.encode() not in bytes(row.content_encrypted)
    assert row.open_content() == CANARY
    assert (row.source, row.age_group, row.source_id, row.crisis_level) == ("donation", "13_15", "", "")


def test_nothing_of_the_session_is_stored(api: Api) -> None:
    api.post("training-donations/", {"text": CANARY})
    session = api.opened["id"]  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        for table in ("training_data", "training_donations", "training_data_history"):
            cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608 - our own table names
            assert not any(session in row[0] or session.replace("-", "") in row[0] for row in cursor.fetchall())
    donation = TrainingDonation.objects.get()
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    assert donation.received_at == donation.training_data.created_at == midnight


def test_bots_without_a_session_are_refused(anonymous: Api) -> None:
    assert anonymous.post("training-donations/", {"text": "a"}).status_code == 401
    assert Api(new_token()).post("training-donations/", {"text": "a"}).status_code == 401
    assert not TrainingData.objects.exists()


def test_the_same_code_again_gives_nothing_twice(api: Api) -> None:
    body = {"text": CANARY, "withdrawal_code": donations.new_code()}
    answers = [api.post("training-donations/", body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert TrainingData.objects.count() == 1


def test_staff_see_it_after_the_days_of_grace(api: Api, new_staff: Any) -> None:
    api.post("training-donations/", {"text": CANARY})
    assert not TrainingData.objects.open_to(new_staff("verifier")).exists()
    assert donations.accept_donations() == 0
    TrainingDonation.objects.update(received_at=_days_ago(donations.GRACE_DAYS))
    assert donations.accept_donations() == 1
    assert donations.accept_donations() == 0
    assert TrainingData.objects.undecided().count() == 1


def _days_ago(days: int) -> Any:
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days)


def test_a_code_takes_it_back_with_its_history_without_a_session(api: Api, anonymous: Api) -> None:
    code = api.post("training-donations/", {"text": CANARY}).json()["withdrawal_code"]
    row = TrainingData.objects.get()
    row.save(update_fields=["is_active"])
    assert row.history.exists()
    assert anonymous.post("training-donations/withdrawals/", {"withdrawal_code": code}).status_code == 204
    assert not TrainingData.objects.exists()
    assert not TrainingDonation.objects.exists()
    assert not TrainingData.history.exists()


def test_an_unknown_code_and_one_used_are_not_found(api: Api, anonymous: Api) -> None:
    code = api.post("training-donations/", {"text": CANARY}).json()["withdrawal_code"]
    for expected in (204, 404):
        assert anonymous.post("training-donations/withdrawals/", {"withdrawal_code": code}).status_code == expected
    other = {"withdrawal_code": donations.new_code()}
    assert anonymous.post("training-donations/withdrawals/", other).json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/text"),
        ({"text": ""}, "/text"),
        ({"text": "a" * 2001}, "/text"),
        ({"text": 5}, "/text"),
        ({"text": "a", "age_group": "15"}, "/age_group"),
        ({"text": "a", "location": "Hà Nội"}, "/location"),
        ({"text": "a", "withdrawal_code": "cbwd_x"}, "/withdrawal_code"),
        ({"text": "a", "session_id": "x"}, ""),
    ],
)
def test_it_refuses_what_it_does_not_know(api: Api, body: dict[str, Any], pointer: str) -> None:
    problem = api.post("training-donations/", body).json()
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_one_session_can_give_twenty_an_hour(api: Api, open_session: Callable[..., Api]) -> None:
    for _ in range(donations.PER_HOUR):
        assert api.post("training-donations/", {"text": "a"}).status_code == 201
    refused = api.post("training-donations/", {"text": "a"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_donations")
    assert refused["Retry-After"] == "3600"
    assert open_session().post("training-donations/", {"text": "a"}).status_code == 201


def test_without_a_key_it_is_closed_and_stores_nothing(api: Api, settings: Any) -> None:
    settings.FIELD_KEYS = ""
    answer = api.post("training-donations/", {"text": CANARY})
    assert (answer.status_code, answer.json()["code"]) == (503, "donations_closed")
    assert not TrainingData.objects.exists()
