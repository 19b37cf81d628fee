"""Every refusal the API knows: words in both languages, a code of its own, a line in docs/api.md."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import get_resolver
from django.utils import translation

from privacy.problems import Problem

DOCUMENT = (Path(settings.BASE_DIR) / "docs/api.md").read_text(encoding="utf-8")


def kinds(parent: type[Problem] = Problem) -> list[type[Problem]]:
    get_resolver().url_patterns  # noqa: B018 - loads every room, and with it its problems
    return [kind for child in parent.__subclasses__() for kind in (child, *kinds(child))]


def documented() -> dict[str, int]:
    """Code → status in the table of errors; rows of several pair them in their order."""
    table = re.findall(r"^\| (\d{3}(?: · \d{3})*) \| (`[a-z_]+`(?: · `[a-z_]+`)*) \|", DOCUMENT, re.MULTILINE)
    return {
        code.strip("`"): int(status)
        for statuses, codes in table
        for status, code in zip(statuses.split(" · "), codes.split(" · "), strict=True)
    }


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in kinds()]
    assert len(codes) > 20
    assert len(codes) == len(set(codes))


def test_the_table_in_the_documentation_lists_each_with_its_status_and_no_other() -> None:
    assert documented() == {kind.code: kind.status_code for kind in kinds()}


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.code)
def test_its_words_exist_in_both_languages(kind: type[Problem]) -> None:
    words = {}
    for language in ("en", "vi"):
        with translation.override(language):
            words[language] = (str(kind.title), str(kind.detail_text))
    assert all(text.strip() for pair in words.values() for text in pair)
    assert words["vi"][0] != words["en"][0]
    assert words["vi"][1] != words["en"][1]
    assert re.search(r"[^\x00-\x7f]", "".join(words["vi"]))
    assert not re.search(r"[^\x00-\x7f]", "".join(words["en"]))
