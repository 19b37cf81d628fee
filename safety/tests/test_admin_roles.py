"""The golden table: who may open and do what. A change here is a decision about people's power, not a detail."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from safety.apps import SafetyConfig
from safety.models import BlockedKeyword, CrisisResource
from safety.services import releases
from safety.services.seed import seed

EDITOR, APPROVER, VERIFIER, NOBODY = "lexicon editor", "lexicon approver", "verifier", ""
ROLES = (EDITOR, APPROVER, VERIFIER, NOBODY)
KEYWORD = {
    "keyword": "qqq www",
    "language": "vi",
    "kind": "signal",
    "category": "suicide",
    "severity": "low",
    "is_exact_match": "on",
    "fold": "auto",
    "is_active": "on",
}

# page, verb, who may (everybody else gets 403)
GOLDEN: list[tuple[str, str, str, set[str]]] = [
    ("keyword list", "GET", "admin:safety_blockedkeyword_changelist", {EDITOR, APPROVER}),
    ("keyword add", "GET", "admin:safety_blockedkeyword_add", {EDITOR}),
    ("keyword add", "POST", "admin:safety_blockedkeyword_add", {EDITOR}),
    ("keyword", "GET", "admin:safety_blockedkeyword_change", {EDITOR, APPROVER}),
    ("keyword", "POST", "admin:safety_blockedkeyword_change", {EDITOR}),
    ("keyword history", "GET", "admin:safety_blockedkeyword_history", {EDITOR, APPROVER}),
    ("keyword delete", "POST", "admin:safety_blockedkeyword_delete", set()),
    ("test bench", "GET", "admin:safety_bench", {EDITOR, APPROVER}),
    ("test bench", "POST", "admin:safety_bench", {EDITOR, APPROVER}),
    ("import", "GET", "admin:safety_import", {EDITOR}),
    ("import", "POST", "admin:safety_import", {EDITOR}),
    ("export", "GET", "admin:safety_export", {EDITOR, APPROVER}),
    ("hotline list", "GET", "admin:safety_crisisresource_changelist", {EDITOR, APPROVER}),
    ("hotline add", "GET", "admin:safety_crisisresource_add", {EDITOR}),
    ("hotline", "GET", "admin:safety_crisisresource_change", {EDITOR, APPROVER}),
    ("hotline", "POST", "admin:safety_crisisresource_change", {EDITOR}),
    ("hotline history", "GET", "admin:safety_crisisresource_history", {EDITOR, APPROVER}),
    ("hotline delete", "POST", "admin:safety_crisisresource_delete", set()),
    ("release list", "GET", "admin:safety_lexiconrelease_changelist", {EDITOR, APPROVER}),
    ("release add", "GET", "admin:safety_lexiconrelease_add", set()),
    ("release prepare", "POST", "admin:safety_prepare", {EDITOR}),
    ("release", "GET", "admin:safety_lexiconrelease_change", {EDITOR, APPROVER}),
    ("release approve", "POST", "admin:safety_decide_release", {APPROVER}),
    ("release discard", "POST", "admin:safety_decide_release", {EDITOR, APPROVER}),
    ("release roll_back", "POST", "admin:safety_decide_release", {EDITOR}),
    ("release history", "GET", "admin:safety_lexiconrelease_history", {EDITOR, APPROVER}),
    ("release delete", "POST", "admin:safety_lexiconrelease_delete", set()),
    ("training list", "GET", "admin:safety_trainingdata_changelist", {VERIFIER}),
    ("training row", "GET", "admin:safety_trainingdata_change", {VERIFIER}),
    ("training row", "POST", "admin:safety_trainingdata_change", set()),
    ("training history", "GET", "admin:safety_trainingdata_history", {VERIFIER}),
    ("training add", "GET", "admin:safety_trainingdata_add", set()),
    ("training delete", "POST", "admin:safety_trainingdata_delete", set()),
    ("queue", "GET", "admin:safety_queue", {VERIFIER}),
    ("queue", "POST", "admin:safety_queue", {VERIFIER}),
]


@pytest.fixture
def rows(new_staff: Any, new_example: Any) -> dict[str, Any]:
    seed()
    other = new_staff(EDITOR, username="other")
    example = new_example()
    example.save(update_fields=["is_active"])
    return {
        "keyword": BlockedKeyword.objects.first(),
        "hotline": CrisisResource.objects.first(),
        "release": releases.prepare_release(staff=other),
        "training": example,
    }


def address(page: str, name: str, rows: dict[str, Any]) -> str:
    if name.endswith("decide_release") or name.rsplit("_", 1)[1] in ("change", "history", "delete"):
        return reverse(name, args=[rows[page.split()[0]].pk])
    return reverse(name)


def body(page: str, rows: dict[str, Any]) -> dict[str, Any]:
    act = page.split()[-1]
    known: dict[str, dict[str, Any]] = {
        "keyword": KEYWORD,
        "keyword add": KEYWORD,
        "test bench": {"text": "chào", "lexicon": "draft"},
        "import": {"is_dry_run": "on", "file": SimpleUploadedFile("a.csv", b"x")},
        "queue": {"row": rows["training"].pk, "level": "low", "stage": "label"},
    }
    return known.get(page, {"act": act, "post": "yes"})


@pytest.mark.parametrize("role", ROLES)
def test_the_golden_table_of_roles_pages_and_verbs(role: str, rows: dict[str, Any], new_staff: Any) -> None:
    client = Client()
    client.force_login(new_staff(role, username="me"))
    wrong = []
    for page, verb, name, allowed in GOLDEN:
        answer = (
            client.generic(verb, address(page, name, rows))
            if verb == "GET"
            else client.post(address(page, name, rows), body(page, rows))
        )
        may = answer.status_code != 403
        if may != (role in allowed) or answer.status_code >= 500:
            wrong.append((page, verb, answer.status_code))
    assert not wrong


def test_who_is_not_staff_is_led_to_the_door(rows: dict[str, Any]) -> None:
    visitor, user = Client(), Client()
    user.force_login(User.objects.create_user("user", password="mật khẩu dài"))
    for client in (visitor, user):
        for page, verb, name, _ in GOLDEN:
            answer = client.generic(verb, address(page, name, rows))
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("admin:login"))


def test_every_page_of_this_app_is_in_the_table() -> None:
    names = {
        f"admin:{pattern.name}"
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label == SafetyConfig.name
        for pattern in model_admin.urls
        if pattern.name
    }
    assert names == {name for _, _, name, _ in GOLDEN}
