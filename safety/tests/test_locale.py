"""The Vietnamese words are all there, and the compiled catalogue is made of them."""

import gettext
import io
import re
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SAFETY = Path(__file__).parent.parent
CATALOGUE = SAFETY / "locale" / "vi" / "LC_MESSAGES" / "django.po"
CALLS = re.compile(r"""\b(?:_|gettext|ngettext)\(\s*"((?:[^"\\]|\\.)+)""")
TAGS = re.compile(r"""\{% translate "([^"]+)" %\}|_\("([^"]+)"\)""")
BLOCKS = re.compile(r"\{% blocktranslate[^%]*%\}(.*?)\{%", re.DOTALL)


def first(forms: Any) -> str:
    """A message's singular."""
    return forms if isinstance(forms, str) else str(forms[0])


def read() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        return {first(message.id): first(message.string) for message in read_po(file) if message.id}


def test_no_word_is_untranslated_or_doubtful() -> None:
    with CATALOGUE.open("rb") as file:
        assert not [message.id for message in read_po(file) if message.id and (message.fuzzy or not message.string)]


def test_every_string_of_the_code_is_in_the_catalogue() -> None:
    known = read()
    used: set[str] = set()
    for path in [*SAFETY.glob("*.py"), *(SAFETY / "admin").glob("*.py")]:
        used.update(CALLS.findall(path.read_text()))
    for folder in ("models", "services"):
        for path in (SAFETY / folder).glob("*.py"):
            used.update(CALLS.findall(path.read_text()))
    for path in (SAFETY / "templates").rglob("*.html"):
        text = path.read_text()
        used.update(first or second for first, second in TAGS.findall(text))
        used.update(re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", block) for block in BLOCKS.findall(text))
    assert sorted(used - known.keys()) == []


def test_places_for_values_are_the_same_in_both_languages() -> None:
    place = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\}")
    for english, vietnamese in read().items():
        assert sorted(place.findall(english)) == sorted(place.findall(vietnamese)), english


def test_the_compiled_catalogue_is_up_to_date() -> None:
    compiled = gettext.GNUTranslations(io.BytesIO(CATALOGUE.with_suffix(".mo").read_bytes()))._catalog  # type: ignore[attr-defined]
    fresh = io.BytesIO()
    with CATALOGUE.open("rb") as file:
        write_mo(fresh, read_po(file))
    fresh.seek(0)
    expected = gettext.GNUTranslations(fresh)._catalog  # type: ignore[attr-defined]
    assert {key: value for key, value in compiled.items() if key} == {
        key: value for key, value in expected.items() if key
    }
