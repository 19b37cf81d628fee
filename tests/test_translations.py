"""Every word the server says exists in Vietnamese, and the compiled catalogue is that of the readable one."""

import ast
import io
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
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


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/locale/*/LC_MESSAGES/django.po")), ids=lambda path: path.parts[-5])
def test_the_compiled_catalogue_is_up_to_date(path: Path) -> None:
    """If it fails: make messages"""
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=path.parts[-3]))
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue()
