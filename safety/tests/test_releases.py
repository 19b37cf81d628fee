import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from privacy.envelope import to_base64url
from safety import signature
from safety.models import BlockedKeyword, CrisisResource, LexiconRelease
from safety.services import releases
from safety.services.releases import ReleaseError
from safety.services.seed import seed
from safety.tests.keys import OTHER_SIGNING_KEY


@pytest.fixture
def an(new_staff: Any) -> Any:
    return new_staff("lexicon editor", username="an")


@pytest.fixture
def binh(new_staff: Any) -> Any:
    return new_staff("lexicon approver", username="binh")


def test_one_prepares_another_approves_and_it_is_published(an: Any, binh: Any) -> None:
    prepared = releases.prepare_release(staff=an, note="thêm từ lóng")
    assert (prepared.state, releases.current_version()) == ("prepared", None)
    approved = releases.approve_release(version=prepared.version, staff=binh)
    assert (approved.state, releases.current_version()) == ("published", prepared.version)


def test_nobody_approves_what_they_prepared(an: Any) -> None:
    release = releases.prepare_release(staff=an)
    with pytest.raises(ReleaseError):
        releases.approve_release(version=release.version, staff=an)
    with pytest.raises(IntegrityError), transaction.atomic():
        LexiconRelease.objects.filter(pk=release.pk).update(approved_by=an)


def test_a_release_is_decided_on_once(an: Any, binh: Any) -> None:
    release = releases.prepare_release(staff=an)
    releases.discard_release(version=release.version)
    with pytest.raises(ReleaseError):
        releases.approve_release(version=release.version, staff=binh)


def test_versions_only_grow_also_after_a_discarded_one(an: Any, binh: Any) -> None:
    seed()
    releases.discard_release(version=releases.prepare_release(staff=an).version)
    third = releases.prepare_release(staff=an)
    assert third.version == 3
    releases.approve_release(version=3, staff=binh)
    assert releases.current_version() == 3


def test_a_rollback_is_a_new_version_with_the_old_lexicon_and_todays_hotlines(an: Any, binh: Any) -> None:
    seed()
    BlockedKeyword.objects.create(keyword="chán đời lắm rồi", kind="signal", category="suicide", severity="medium")
    releases.approve_release(version=releases.prepare_release(staff=an).version, staff=binh)
    CrisisResource.objects.filter(number="113").update(is_active=False)
    rollback = releases.prepare_rollback(staff=an, to_version=1)
    releases.approve_release(version=rollback.version, staff=binh)
    first, current = (json.loads(bytes(LexiconRelease.objects.get(version=v).bundle)) for v in (1, 3))
    assert (current["version"], rollback.rolls_back_to) == (3, 1)
    assert current["lexicon"] == first["lexicon"]
    assert [entry["number"] for entry in current["resources"]] == ["111", "115"]


def test_only_a_published_one_can_be_rolled_back_to(an: Any) -> None:
    version = releases.prepare_release(staff=an).version
    with pytest.raises(ReleaseError):
        releases.prepare_rollback(staff=an, to_version=version)


def test_without_a_key_here_an_approved_release_waits_for_a_signature(an: Any, binh: Any, settings: Any) -> None:
    key = settings.BUNDLE_SIGNING_KEY
    settings.BUNDLE_PUBLIC_KEYS = [to_base64url(signature.public_key_of(key))]
    settings.BUNDLE_SIGNING_KEY = ""
    release = releases.approve_release(version=releases.prepare_release(staff=an).version, staff=binh)
    assert (release.state, releases.current_version()) == ("approved", None)
    bundle = bytes(release.bundle)
    for wrong in (signature.sign(bundle, OTHER_SIGNING_KEY), signature.sign(bundle + b" ", key), bytes(64)):
        with pytest.raises(ReleaseError):
            releases.publish_signed(version=release.version, signed=wrong)
    releases.publish_signed(version=release.version, signed=signature.sign(bundle, key))
    assert releases.current_version() == release.version


def test_an_older_release_is_not_published_after_a_newer_one(an: Any, binh: Any) -> None:
    old, new = (releases.prepare_release(staff=an).version for _ in range(2))
    releases.approve_release(version=new, staff=binh)
    with pytest.raises(ReleaseError):
        releases.approve_release(version=old, staff=binh)
    assert LexiconRelease.objects.get(version=old).state == "prepared"


@pytest.mark.parametrize(
    "change", [{"bundle": b"{}"}, {"version": 9}, {"published_at": None}, {"signature": bytes(64)}]
)
@pytest.mark.django_db
def test_the_database_refuses_to_change_a_published_release(change: dict[str, Any]) -> None:
    seed()
    with pytest.raises(IntegrityError), transaction.atomic():
        LexiconRelease.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        LexiconRelease.objects.all().delete()


@pytest.mark.django_db
def test_the_seed_release_is_made_once_and_says_that_nobody_approved_it() -> None:
    assert seed()
    assert seed() == []
    release = LexiconRelease.objects.get()
    assert (release.origin, release.approved_by, release.prepared_by) == ("seed", None, None)


@pytest.mark.django_db
def test_without_a_signing_key_there_is_no_seed_release(settings: Any) -> None:
    settings.BUNDLE_SIGNING_KEY = ""
    seed()
    assert not LexiconRelease.objects.exists()


def test_an_inactive_keyword_is_not_released(an: Any) -> None:
    seed()
    BlockedKeyword.objects.filter(keyword="viết di thư").update(is_active=False)
    bundle = json.loads(bytes(releases.prepare_release(staff=an).bundle))
    assert "viết di thư" not in [row[2] for row in bundle["lexicon"]["rows"]]
    assert len(bundle["lexicon"]["rows"]) == BlockedKeyword.objects.active().count()
