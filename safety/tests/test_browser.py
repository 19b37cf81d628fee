"""Every staff page in a real browser, in both languages, light and dark: no complaint of the console, none of axe.

CBLN_SCREENSHOTS names a folder for a picture of each.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse

from safety.models import BlockedKeyword, CrisisResource, TrainingData
from safety.services import releases
from safety.services.seed import seed
from safety.services.training import add_example
from safety.tests import browser
from safety.tests.browser import violations, watch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.EXECUTABLE is None, reason="Chromium is not installed here"),
    pytest.mark.django_db(transaction=True),
]
# Words of Django's interface that a page in Vietnamese would show if a translation were missing.
ENGLISH = re.compile(
    r"\b(?:Select|Add|Change|Delete|Save|Search|History|Filter|Toggle|Home|Show|Log out|View|Run|Go)\b"
)
SCREENSHOTS = Path(os.environ["CBLN_SCREENSHOTS"]) if os.environ.get("CBLN_SCREENSHOTS") else None
# Playwright's loop runs in this thread; Django would take its own database calls beside it for asynchronous ones.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def staff() -> User:
    seed()
    user: User = User.objects.create_superuser("lan", password="mật khẩu dài")
    other: User = User.objects.create_superuser("minh", password="mật khẩu dài")
    for text, level in (("em không muốn tỉnh dậy nữa", "high"), ("mai thi Toán, chết chắc rồi", "")):
        row = add_example(text=text, language="vi", source="written", staff=other, level=level)
        row.save(update_fields=["is_active"])
    BlockedKeyword.objects.filter(keyword="viết di thư").update(severity="high")
    releases.prepare_release(staff=other, note="thêm từ lóng")
    resource = CrisisResource.objects.get(number="111")
    resource.expires_at = resource.verified_at
    resource.save(update_fields=["expires_at"])
    return user


@pytest.fixture
def page(live_server: Any, staff: User, monkeypatch: Any) -> Iterator[Any]:
    # The live server's threads would keep their connections, and the test database could not be dropped.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    client = Client()
    client.force_login(staff)
    cookie: Any = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    with browser.chromium(viewport={"width": 1280, "height": 900}, locale="vi-VN") as context:
        context.set_default_timeout(8000)
        context.add_cookies([cookie])
        opened = context.new_page()
        opened.base = live_server.url  # type: ignore[attr-defined]
        yield opened
        connections.close_all()  # the one that Django opened inside of Playwright's loop


def addresses() -> dict[str, str]:
    word = BlockedKeyword.objects.get(keyword="viết di thư")
    row, hotline = TrainingData.objects.order_by("pk")[0], CrisisResource.objects.get(number="111")
    return {
        "index": reverse("admin:index"),
        "safety": reverse("admin:app_list", args=["safety"]),
        "keywords": reverse("admin:safety_blockedkeyword_changelist"),
        "keyword": reverse("admin:safety_blockedkeyword_change", args=[word.pk]),
        "keyword-add": reverse("admin:safety_blockedkeyword_add"),
        "keyword-history": reverse("admin:safety_blockedkeyword_history", args=[word.pk]),
        "bench": reverse("admin:safety_bench"),
        "import": reverse("admin:safety_import"),
        "hotlines": reverse("admin:safety_crisisresource_changelist"),
        "hotline": reverse("admin:safety_crisisresource_change", args=[hotline.pk]),
        "hotline-add": reverse("admin:safety_crisisresource_add"),
        "releases": reverse("admin:safety_lexiconrelease_changelist"),
        "release": reverse("admin:safety_lexiconrelease_change", args=[2]),
        "release-seed": reverse("admin:safety_lexiconrelease_change", args=[1]),
        "release-history": reverse("admin:safety_lexiconrelease_history", args=[2]),
        "examples": reverse("admin:safety_trainingdata_changelist"),
        "example": reverse("admin:safety_trainingdata_change", args=[row.pk]),
        "example-history": reverse("admin:safety_trainingdata_history", args=[row.pk]),
        "queue": reverse("admin:safety_queue"),
    }


@pytest.mark.parametrize(("language", "scheme"), [("vi", "light"), ("en", "dark")])
def test_no_page_has_a_complaint_of_console_or_axe(page: Any, language: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.context.add_cookies([{"name": "django_language", "value": language, "url": page.base}])
    complaints, found = watch(page), {}
    for name, address in addresses().items():
        page.goto(page.base + address)
        assert page.locator("html").get_attribute("lang") == language
        if language == "vi":
            assert not ENGLISH.findall(page.locator("body").inner_text()), name
        browser.keep_screenshot(page, SCREENSHOTS, f"{name}-{language}-{scheme}")
        if problems := violations(page):
            found[name] = problems
    assert not found
    assert not complaints


def test_the_bench_marks_what_it_found(page: Any) -> None:
    complaints = watch(page)
    page.goto(page.base + reverse("admin:safety_bench"))
    page.get_by_label("Tin nhắn, mỗi dòng một tin").fill("em muốn chết quá\ncười muốn chết\nhôm nay trời đẹp")
    page.get_by_role("button", name="Dò").click()
    assert page.locator(".trial").count() == 3
    assert page.locator(".trial").first.locator("mark").count() >= 1
    browser.keep_screenshot(page, SCREENSHOTS, "bench-result")
    assert not violations(page)
    assert not complaints


def test_a_keyword_is_previewed_then_saved(page: Any) -> None:
    complaints = watch(page)
    page.goto(page.base + reverse("admin:safety_blockedkeyword_add"))
    page.locator("#id_keyword").fill("qqq www")
    page.locator("#id_category").fill("suicide")
    page.locator("#id_severity").select_option("medium")
    page.locator("input[name=_save]").click()
    page.locator(".effect").wait_for()
    browser.keep_screenshot(page, SCREENSHOTS, "keyword-preview")
    assert not violations(page)
    page.locator("input[name=_save]").click()
    page.wait_for_url("**/blockedkeyword/")
    assert BlockedKeyword.objects.filter(keyword="qqq www").exists()
    assert not complaints


def test_a_keyword_that_misfires_is_refused_with_examples(page: Any) -> None:
    page.goto(page.base + reverse("admin:safety_blockedkeyword_add"))
    page.locator("#id_keyword").fill("chết")
    page.locator("#id_category").fill("suicide")
    page.locator("#id_severity").select_option("high")
    page.locator("input[name=_save]").click()
    page.locator(".effect q").first.wait_for()
    assert page.locator(".effect q").count() > 5
    assert page.get_by_text("Hãy sửa các chỗ sai bên dưới").is_visible()
    browser.keep_screenshot(page, SCREENSHOTS, "keyword-refused")
    assert not violations(page)


def test_the_queue_works_by_keyboard_alone(page: Any, staff: User) -> None:
    complaints = watch(page)
    page.goto(page.base + reverse("admin:safety_queue"))
    first, second = TrainingData.objects.order_by("pk")
    assert first.open_content() in page.content()
    page.keyboard.press("s")
    page.wait_for_url("**/?after=*")
    assert second.open_content() in page.content()
    page.keyboard.press("1")
    page.wait_for_url(f"**/?after={second.pk}")
    page.locator("[data-key=a]").wait_for()
    page.keyboard.press("d")
    assert page.evaluate("document.activeElement.name") == "level"
    page.keyboard.press("a")
    page.get_by_text("Không còn mẫu nào cho bạn").wait_for()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_verified, first.verified_by) == (True, staff)
    assert (second.crisis_level, second.labelled_by) == ("none", staff)
    assert not complaints


def test_a_missing_key_is_a_clear_page(page: Any, settings: Any) -> None:
    settings.FIELD_KEYS = ""
    page.goto(page.base + reverse("admin:safety_queue"))
    browser.keep_screenshot(page, SCREENSHOTS, "key-missing")
    assert page.get_by_text("Người vận hành đặt lại khoá").is_visible()
    assert not violations(page)


def test_the_language_is_switched_by_a_button(page: Any) -> None:
    page.goto(page.base + reverse("admin:safety_bench"))
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="Test bench").wait_for()


def test_pages_fit_a_small_screen(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for name in ("bench", "queue", "release", "hotline"):
        page.goto(page.base + addresses()[name])
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        browser.keep_screenshot(page, SCREENSHOTS, f"{name}-small")
