from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from safety.models import BlockedKeyword
from safety.services.seed import seed
from safety.tests.test_admin_roles import KEYWORD

ADD = "admin:safety_blockedkeyword_add"


@pytest.fixture
def editor(new_staff: Any) -> Client:
    client = Client()
    client.user = new_staff("lexicon editor", username="an")  # type: ignore[attr-defined]
    client.force_login(client.user)  # type: ignore[attr-defined]
    return client


def test_a_change_is_saved_only_after_its_effect_was_seen(editor: Client) -> None:
    seed()
    first = editor.post(reverse(ADD), KEYWORD)
    assert "Chưa lưu: hãy xem" in first.content.decode()
    assert not BlockedKeyword.objects.filter(keyword="qqq www").exists()
    effect = first.context["effect"]
    second = editor.post(reverse(ADD), KEYWORD | {"seen_effect": effect.digest})
    assert second.status_code == 302
    word = BlockedKeyword.objects.get(keyword="qqq www")
    assert word.created_by == word.history.get().history_user == editor.user  # type: ignore[attr-defined]


def test_what_was_seen_must_be_what_is_saved(editor: Client) -> None:
    seed()
    seen = editor.post(reverse(ADD), KEYWORD).context["effect"].digest
    other = editor.post(reverse(ADD), KEYWORD | {"severity": "high", "seen_effect": seen})
    assert other.status_code == 200
    assert not BlockedKeyword.objects.filter(keyword="qqq www").exists()


def test_a_keyword_that_fires_on_harmless_messages_is_refused_with_examples(editor: Client) -> None:
    seed()
    data = KEYWORD | {"keyword": "chết", "severity": "high"}
    for _ in range(2):
        answer = editor.post(reverse(ADD), data)
        effect = answer.context["effect"]
        assert effect.is_refused
        data["seen_effect"] = effect.digest
    page = answer.content.decode()
    assert "vô hại" in page
    assert effect.false_alarms[0][0].level < 2
    assert page.count("<q lang=") >= 10
    assert not BlockedKeyword.objects.filter(keyword="chết", severity="high").exists()


def test_switching_a_keyword_off_shows_what_is_missed(editor: Client) -> None:
    seed()
    word = BlockedKeyword.objects.get(keyword="muốn chết", kind="signal")
    data = {name: getattr(word, name) for name in KEYWORD if not name.startswith("is_")} | {"is_exact_match": "on"}
    answer = editor.post(reverse("admin:safety_blockedkeyword_change", args=[word.pk]), data)
    assert not answer.context["effect"].is_refused
    assert answer.context["effect"].messages > 5000
    word.refresh_from_db()
    assert word.is_active


def test_the_bench_shows_level_span_view_and_what_suppressed_it(editor: Client) -> None:
    seed()
    text = "em muốn chết\ncười muốn chết\n\n<script>alert(1)</script>"
    page = editor.post(reverse("admin:safety_bench"), {"text": text, "lexicon": "draft"})
    trials = page.context["trials"]
    assert [trial.detection.level for trial in trials][1:] == ["none", "none"]
    assert trials[0].detection.level in ("high", "critical")
    assert "".join(part.text for part in trials[0].segments) == "em muốn chết"
    assert any(part.rules for part in trials[0].segments)
    assert trials[1].reasons[0]["suppressor"]
    html = page.content.decode()
    assert "<script>alert" not in html
    assert "no-store" in page["Cache-Control"]


def test_the_bench_can_ask_the_published_release(editor: Client) -> None:
    data = {"text": "em muốn chết", "lexicon": "published"}
    assert "Chưa có bản nào được phát hành" in editor.post(reverse("admin:safety_bench"), data).content.decode()
    seed()
    BlockedKeyword.objects.filter(kind="signal").update(is_active=False)
    page = editor.post(reverse("admin:safety_bench"), data)
    assert any(reason["keyword"] for reason in page.context["trials"][0].reasons)


def test_an_import_is_tried_first_and_then_taken(editor: Client) -> None:
    text = "keyword,kind,category,severity,language\nqqq www,signal,suicide,high,vi\n"
    for is_dry, count in ((True, 0), (False, 1)):
        data: dict[str, Any] = {"file": SimpleUploadedFile("a.csv", text.encode())} | (
            {"is_dry_run": "on"} if is_dry else {}
        )
        editor.post(reverse("admin:safety_import"), data)
        assert BlockedKeyword.objects.count() == count


def test_an_import_names_each_bad_row(editor: Client) -> None:
    text = "keyword,kind,category,severity,language\na,b,c,d,e\nqqq,signal,suicide,high,vi\n,signal,suicide,high,vi\n"
    page = editor.post(reverse("admin:safety_import"), {"file": SimpleUploadedFile("a.csv", text.encode())})
    assert [line for line, _ in page.context["result"].errors] == [2, 4]
    assert not BlockedKeyword.objects.exists()


@pytest.mark.parametrize("content", [b"\xff\xfe", b""])
def test_what_is_no_text_is_refused(editor: Client, content: bytes) -> None:
    page = editor.post(reverse("admin:safety_import"), {"file": SimpleUploadedFile("a.csv", content)})
    assert page.context["form"].errors


def test_the_export_is_a_file_nobody_caches(editor: Client) -> None:
    seed()
    answer = editor.get(reverse("admin:safety_export"))
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    assert answer.content.decode().count("\n") == BlockedKeyword.objects.count() + 1


def test_the_list_asks_the_database_a_fixed_number_of_questions(
    editor: Client, django_assert_max_num_queries: Any
) -> None:
    seed()
    with django_assert_max_num_queries(12):
        assert editor.get(reverse("admin:safety_blockedkeyword_changelist")).status_code == 200


def test_many_are_deactivated_at_once_with_history(editor: Client) -> None:
    seed()
    ids = list(BlockedKeyword.objects.active().values_list("pk", flat=True)[:3])
    editor.post(reverse("admin:safety_blockedkeyword_changelist"), {"action": "deactivate", "_selected_action": ids})
    assert not BlockedKeyword.objects.filter(pk__in=ids, is_active=True).exists()
    page = editor.get(reverse("admin:safety_blockedkeyword_history", args=ids[:1])).content.decode()
    assert "đang dùng" in page
    assert "an" in page
