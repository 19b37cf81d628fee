"""Each import contract catches a violation planted in a copy of the tree."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROOMS = ("config", "embedded", "monitoring", "messaging", "safety", "sessions_app", "privacy")
LINT = Path(sys.executable).with_name("lint-imports")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for room in ROOMS:
        shutil.copytree(
            ROOT / room, copy / room, ignore=shutil.ignore_patterns("*.json*", "*.csv", "__pycache__", "tests")
        )
    return copy


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINT, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False)


def test_the_tree_as_it_is_keeps_every_contract(tree: Path) -> None:
    result = lint(tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("privacy/planted.py", "import sessions_app.models", "Imports run one way"),
        ("sessions_app/planted.py", "import messaging.models", "Imports run one way"),
        ("messaging/planted.py", "import safety", "Imports run one way"),
        ("safety/planted.py", "import messaging.models", "Imports run one way"),
        ("messaging/planted.py", "import monitoring.health", "Imports run one way"),
        ("messaging/planted.py", "import cryptography.fernet", "The server cannot read messages"),
        (
            "privacy/planted.py",
            "from cryptography.hazmat.primitives.ciphers import aead",
            "The server cannot read messages",
        ),
        ("config/planted.py", "import cryptography", "The server cannot read messages"),
        ("messaging/planted.py", "import cbln", "The server does not contain the client"),
        ("safety/detection/planted.py", "import django", "Detection is pure Python"),
    ],
)
def test_a_planted_violation_breaks_its_contract(tree: Path, module: str, line: str, contract: str) -> None:
    planted = tree / module
    planted.write_text(line + "\n")
    try:
        result = lint(tree)
    finally:
        planted.unlink()
    assert result.returncode != 0
    assert any(contract in row and "BROKEN" in row for row in result.stdout.splitlines())
