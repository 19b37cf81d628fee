from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from safety.models import CrisisResource, LexiconRelease, TrainingData
from safety.services import releases
from safety.services.seed import seed
from safety.tests.keys import CANARY, SECOND_KEY

type NewExample = Callable[..., TrainingData]
type SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(new_staff: Any) -> SignIn:
    def enter(role: str, username: str = "an") -> Client:
        client = Client()
        client.force_login(new_staff(role, username=username))
        return client

    return enter


def test_a_hotline_whose_verification_ends_is_marked_in_words_and_class(sign_in: SignIn) -> None:
    seed()
    CrisisResource.objects.filter(number="111").update(expires_at=timezone.now() - timedelta(days=1))
    CrisisResource.objects.filter(number="115").update(expires_at=timezone.now() + timedelta(days=3))
    page = sign_in("lexicon editor").get(reverse("admin:safety_crisisresource_changelist"))
    assert [resource.number for resource in page.context["due"]] == ["111", "115"]
    html = page.content.decode()
    assert '<strong class="expired">hết hạn xác minh' in html
    assert '<strong class="due">sắp hết hạn' in html


def test_verifying_shows_a_hotline_and_names_who_did_it(sign_in: SignIn) -> None:
    seed()
    resource = CrisisResource.objects.get(number="096 306 1414")
    data = {"action": "verify", "_selected_action": [resource.pk]}
    sign_in("lexicon editor").post(reverse("admin:safety_crisisresource_changelist"), data)
    resource.refresh_from_db()
    assert resource.is_active
    assert str(resource.verified_by) == "an"


def test_changing_a_number_takes_it_away_from_users_until_it_is_verified_again(sign_in: SignIn) -> None:
    seed()
    resource = CrisisResource.objects.get(number="111")
    names = ("name", "name_en", "hours", "cost", "audience", "audience_en", "minimum_level", "sort_order", "source")
    data = {name: getattr(resource, name) for name in names} | {"note": "x", "languages": ["vi"], "number": "111"}
    client, address = sign_in("lexicon editor"), reverse("admin:safety_crisisresource_change", args=[resource.pk])
    assert client.post(address, data).status_code == 302
    resource.refresh_from_db()
    assert (resource.is_active, resource.note) == (True, "x")
    assert client.post(address, data | {"number": "112"}).status_code == 302
    resource.refresh_from_db()
    assert (resource.is_active, resource.verified_at, resource.number) == (False, None, "112")


def test_a_rejected_number_cannot_be_verified_from_the_list(sign_in: SignIn) -> None:
    seed()
    rejected = CrisisResource.objects.filter(is_rejected=True).first()
    assert rejected is not None
    data = {"action": "verify", "_selected_action": [rejected.pk]}
    sign_in("lexicon editor").post(reverse("admin:safety_crisisresource_changelist"), data)
    rejected.refresh_from_db()
    assert not rejected.is_active


def test_a_release_is_prepared_by_one_and_approved_by_another(sign_in: SignIn) -> None:
    seed()
    editor, approver = sign_in("lexicon editor"), sign_in("lexicon approver", "binh")
    editor.post(reverse("admin:safety_prepare"), {"note": "thêm từ lóng"})
    page = approver.get(reverse("admin:safety_lexiconrelease_change", args=[2])).content.decode()
    assert "thêm từ lóng" in page
    decide = reverse("admin:safety_decide_release", args=[2])
    assert editor.post(decide, {"act": "approve"}).status_code == 403
    approver.post(decide, {"act": "approve"})
    assert releases.current_version() == 2
    editor.post(reverse("admin:safety_decide_release", args=[1]), {"act": "roll_back"})
    assert LexiconRelease.objects.get(version=3).rolls_back_to == 1
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == ["prepared", "approve", "roll_back"]


def test_one_with_both_rights_still_cannot_approve_their_own(new_staff: Any, sign_in: SignIn) -> None:
    seed()
    client = Client()
    client.force_login(new_staff("lexicon editor", username="root", is_superuser=True))
    client.post(reverse("admin:safety_prepare"))
    answer = client.post(reverse("admin:safety_decide_release", args=[2]), {"act": "approve"}, follow=True)
    assert "Người chuẩn bị không được tự duyệt" in answer.content.decode()
    assert releases.current_version() == 1


def test_the_queue_goes_from_one_example_to_the_next(sign_in: SignIn, new_example: NewExample) -> None:
    rows = [new_example(f"câu số {number}") for number in range(2)]
    client, queue = sign_in("verifier"), reverse("admin:safety_queue")
    page = client.get(queue)
    assert "câu số 0" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    answer = client.post(queue, {"row": rows[0].pk, "stage": "label", "level": "high"}, follow=True)
    assert "câu số 1" in answer.content.decode()
    rows[0].refresh_from_db()
    assert (rows[0].crisis_level, str(rows[0].labelled_by)) == ("high", "an")


def test_who_comes_second_is_told_and_changes_nothing(sign_in: SignIn, new_example: NewExample) -> None:
    row = new_example()
    queue, data = reverse("admin:safety_queue"), {"row": row.pk, "stage": "label", "level": "low"}
    sign_in("verifier").post(queue, data)
    answer = sign_in("verifier", "binh").post(queue, data | {"level": "critical"}, follow=True)
    assert "Người khác vừa quyết định" in answer.content.decode()
    row.refresh_from_db()
    assert (row.crisis_level, row.stage) == ("low", "second")


@pytest.mark.parametrize("ring", ["", SECOND_KEY, "1:" + SECOND_KEY[2:], "nonsense"])
def test_without_the_right_key_a_page_says_so_and_shows_nothing(
    sign_in: SignIn, new_example: NewExample, settings: Any, ring: str
) -> None:
    new_example(CANARY)
    settings.FIELD_KEYS = ring
    answer = sign_in("verifier").get(reverse("admin:safety_queue"))
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "Người vận hành đặt lại khoá" in page
    assert CANARY not in page
    assert "Traceback" not in page


def test_the_list_and_the_row_of_an_example_show_no_words_and_no_bytes(
    sign_in: SignIn, new_example: NewExample
) -> None:
    row = new_example(CANARY)
    client = sign_in("verifier")
    for name, args in (("changelist", []), ("change", [row.pk]), ("history", [row.pk])):
        page = client.get(reverse(f"admin:safety_trainingdata_{name}", args=args)).content
        assert CANARY.encode() not in page
        assert bytes(row.content_encrypted).hex().encode() not in page
        assert str(row.row_uuid).encode() not in page


def test_the_interface_speaks_the_language_chosen(sign_in: SignIn) -> None:
    client = sign_in("lexicon editor")
    list_page = reverse("admin:safety_blockedkeyword_changelist")
    assert "Bàn thử" in client.get(list_page).content.decode()
    client.post(reverse("set_language"), {"language": "en", "next": list_page})
    assert "Test bench" in client.get(list_page).content.decode()
