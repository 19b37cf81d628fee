"""The version, from its one source: the newest heading of CHANGELOG.md."""

import re
from pathlib import Path

_changelog = (Path(__file__).resolve().parent.parent / "CHANGELOG.md").read_text(encoding="utf-8")
_newest = re.search(r"^## (\d+\.\d+\.\d+)", _changelog, re.MULTILINE)
if _newest is None:
    raise RuntimeError("CHANGELOG.md has no heading like '## 0.1.0 (2026-11-22)'")
VERSION = _newest[1]
