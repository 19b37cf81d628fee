from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from safety.models import CrisisResource
from safety.services.resources import seed_resources
from tests.api import Api


def numbers(api: Api, query: str = "") -> list[str]:
    return [entry["number"] for entry in api.get(f"safety/resources/{query}").json()["results"]]


@pytest.fixture
def seeded(anonymous: Api) -> Api:
    seed_resources()
    return anonymous


def test_a_new_installation_shows_the_three_national_numbers_alone(seeded: Api) -> None:
    assert numbers(seeded) == ["111", "115", "113"]


def test_seeding_twice_adds_nothing_and_keeps_what_staff_changed(seeded: Api) -> None:
    CrisisResource.objects.filter(number="111").update(hours="ban ngày")
    assert seed_resources() == 0
    assert CrisisResource.objects.get(number="111").hours == "ban ngày"


def test_numbers_marked_do_not_publish_are_kept_and_never_shown(seeded: Api, new_staff: Any) -> None:
    rejected = CrisisResource.objects.filter(is_rejected=True)
    assert {resource.number for resource in rejected} == {"1800 599 999", "1900 6233", "1800 1567"}
    for resource in rejected:
        with pytest.raises(IntegrityError):
            resource.verify(staff=new_staff(username=f"s{resource.pk}"))
        break


def test_one_that_staff_telephoned_is_shown(seeded: Api, new_staff: Any) -> None:
    CrisisResource.objects.get(number="096 306 1414").verify(staff=new_staff())
    assert "096 306 1414" in numbers(seeded)


@pytest.mark.parametrize("end", [timedelta(0), timedelta(days=-1)])
def test_it_is_hidden_from_the_moment_its_verification_ends(seeded: Api, end: timedelta) -> None:
    CrisisResource.objects.filter(number="111").update(expires_at=timezone.now() + end)
    assert "111" not in numbers(seeded)


def test_level_and_language_choose(seeded: Api) -> None:
    assert numbers(seeded, "?level=medium") == ["111"]
    assert numbers(seeded, "?level=critical&language=vi") == ["111", "115", "113"]
    assert numbers(seeded, "?language=en") == []


@pytest.mark.parametrize("query", ["?level=low", "?language=fr", "?level=high&level=high", "?x=1"])
def test_it_takes_no_other_query(seeded: Api, query: str) -> None:
    assert seeded.get(f"safety/resources/{query}").json()["code"] == "invalid_query"


def test_an_entry_speaks_both_languages_and_nothing_of_staff(seeded: Api) -> None:
    entry = seeded.get("safety/resources/?level=medium").json()["results"][0]
    assert set(entry) == {
        "name", "number", "languages", "audience", "hours", "cost", "minimum_level", "expires_at",
    }  # fmt: skip
    assert set(entry["name"]) == {"vi", "en"}
