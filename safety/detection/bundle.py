"""The bundle as a file: canonical JSON, UTF-8, keys sorted, no spaces; the shipped one is data/bundle.json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).parent.parent / "data" / "bundle.json"


def canonical(value: object) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8 as is. A float raises TypeError: scoring knows integers only."""
    refuse_floats(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def refuse_floats(value: object) -> None:
    """Raise TypeError if a float hides anywhere in a JSON-able value."""
    if isinstance(value, float):
        raise TypeError("floats are not allowed in a bundle")
    if isinstance(value, Mapping):
        for item in value.values():
            refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            refuse_floats(item)


def load_bundle(path: Path = SHIPPED) -> dict[str, Any]:
    """The bundle stored at ``path`` (OSError or ValueError if it is missing or not JSON)."""
    bundle: dict[str, Any] = json.loads(path.read_bytes())
    return bundle
