"""Every word the server says exists in Vietnamese, and the compiled catalogue is that of the readable one."""

import ast
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROOMS = ("config", "privacy", "sessions_app", "messaging", "monitoring")
MARKERS = {"_", "gettext", "gettext_lazy", "ngettext"}
CATALOGUE = ROOT / "config/locale/vi/LC_MESSAGES/django.po"


def words_in_code() -> set[str]:
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKERS:
                    found.add(ast.literal_eval(node.args[0]))
    return found


def test_nothing_is_left_untranslated() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="vi")
    translated = {m.id if isinstance(m.id, str) else m.id[0] for m in catalogue if m.id and m.string and all(m.string)}
    assert words_in_code() - translated == set()
    assert translated - words_in_code() == set()


def words(catalogue: Any) -> dict[str, tuple[str, ...]]:
    """Each message by its (singular) original, plural forms as a tuple."""
    flat = {m.id if isinstance(m.id, str) else m.id[0]: m.string for m in catalogue if m.id}
    return {key: (text,) if isinstance(text, str) else tuple(text) for key, text in flat.items()}


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/locale/*/LC_MESSAGES/django.po")), ids=lambda path: path.parts[-5])
def test_the_compiled_catalogue_is_up_to_date(path: Path) -> None:
    """If it fails: make messages"""
    with path.open("rb") as readable, path.with_suffix(".mo").open("rb") as compiled:
        assert words(read_mo(compiled)) == words(read_po(readable))
