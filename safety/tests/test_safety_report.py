import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from safety.models import TrainingData
from safety.services import preview, reports
from safety.services.preview import evaluation_messages
from safety.services.seed import seed
from safety.tests.keys import CANARY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _few_messages(monkeypatch: Any) -> None:
    """Every fortieth message: the arithmetic is evaluation's, tested there."""
    some = evaluation_messages()[::40]
    for module in (reports, preview):
        monkeypatch.setattr(module, "evaluation_messages", lambda: some)


def test_the_text_gives_shares_with_intervals_and_says_who_wrote_the_messages(capsys: Any) -> None:
    call_command("safety_report")
    text = capsys.readouterr().out
    assert "by language" in text
    assert "by group" in text
    assert "not yet checked by native counsellors" in text
    assert "p95" in text
    assert "[0." in text


def test_the_json_can_be_read_back_and_compared(capsys: Any) -> None:
    call_command("safety_report", format="json")
    body = json.loads(capsys.readouterr().out)
    assert len(body["results"]) == body["total"]["messages"] == len(preview.evaluation_messages())


def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    class Reader(HTMLParser):
        images = 0
        links: list[str] = []

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            self.images += tag == "svg"
            self.links += [value for name, value in attrs if name in ("src", "href")]

    target = tmp_path / "report.html"
    call_command("safety_report", format="html", output=target)
    reader = Reader()
    reader.feed(target.read_text())
    assert reader.images > 20
    assert reader.links == []


def test_a_worse_release_is_refused_and_named(monkeypatch: Any, capsys: Any) -> None:
    seed()
    assert not reports.compare(*[reports.report(reports.current_bundle())] * 2)["refusals"]
    worse = reports.current_bundle()
    worse = worse | {"model": None, "lexicon": worse["lexicon"] | {"rows": []}}
    monkeypatch.setattr(reports, "current_bundle", lambda: worse)
    with pytest.raises(CommandError, match="refuses"):
        call_command("safety_report", against=1)
    assert "REFUSED offer_recall" in capsys.readouterr().out


def test_an_unknown_release_is_said() -> None:
    with pytest.raises(CommandError, match="no release 9"):
        call_command("safety_report", release=9)


def test_mining_finds_a_phrase_of_verified_misses_and_needs_the_key(
    new_staff: Any, new_example: Any, settings: Any, capsys: Any
) -> None:
    staff = new_staff("verifier")
    for number in range(3):
        new_example(f"bông gạo rơi kín sân nhà {number}", level="high")
    TrainingData.objects.update(is_verified=True, verified_by=staff, verified_at=timezone.now())
    call_command("safety_report", mine=True)
    assert "\t3" in capsys.readouterr().out
    settings.FIELD_KEYS = ""
    with pytest.raises(CommandError) as refusal:
        call_command("safety_report", mine=True)
    assert CANARY not in str(refusal.value)
