import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from safety.services import releases


def test_a_release_is_signed_on_another_machine(tmp_path: Path, new_staff: Any, settings: Any, capsys: Any) -> None:
    new_staff("lexicon editor", username="an")
    new_staff("lexicon approver", username="binh")
    key, bundle, signed = tmp_path / "key", tmp_path / "bundle.bin", tmp_path / "1.sig"
    call_command("publish_release", new_key=True, output=key)
    public = capsys.readouterr().out.split("=")[1].split()[0]
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    settings.BUNDLE_SIGNING_KEY, settings.BUNDLE_PUBLIC_KEYS = "", [public]
    call_command("publish_release", prepare="an")
    call_command("publish_release", approve=1, by="binh")
    call_command("publish_release", export=1, output=bundle)
    digest = capsys.readouterr().out.split("SHA-256 ")[1].split(":")[0]

    settings.BUNDLE_SIGNING_KEY = key.read_text()
    call_command("publish_release", sign=bundle, output=signed)
    assert digest in capsys.readouterr().out

    settings.BUNDLE_SIGNING_KEY = ""
    call_command("publish_release", imported=1, signature=signed)
    assert releases.current_version() == 1
    call_command("publish_release")
    assert "1  published" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize(
    "options",
    [
        {"prepare": "nobody"},
        {"approve": 1},
        {"export": 1, "output": Path("/dev/null")},
        {"imported": 1, "signature": Path("/dev/null")},
        {"sign": Path("/nowhere"), "output": Path("/dev/null")},
        {"new_key": True},
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(options: dict[str, Any]) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("publish_release", **options)
    assert "Traceback" not in str(refusal.value)


def test_a_key_is_never_written_over_another(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("mine")
    with pytest.raises(CommandError):
        call_command("publish_release", new_key=True, output=tmp_path / "key")
    assert (tmp_path / "key").read_text() == "mine"
