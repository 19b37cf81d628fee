"""If-Match and If-None-Match (RFC 9110, section 13) for things that may not be overwritten unseen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from privacy.problems import PreconditionRequired

_TAG = re.compile(r'"[!#-~]*"')


@dataclass(frozen=True)
class Precondition:
    """`tags` None: the thing must not exist yet. Otherwise its present tag must be one of them."""

    tags: frozenset[str] | None

    def allows(self, etag: str | None) -> bool:
        """`etag` is that of the stored thing, None if there is none."""
        return etag is None if self.tags is None else etag in self.tags


def required_precondition(headers: Mapping[str, str]) -> Precondition:
    """The precondition of a write. Raises PreconditionRequired where there is none, or one (`If-Match: *`) that any
    state meets."""
    precondition = optional_precondition(headers)
    if precondition is not None:
        return precondition
    if headers.get("If-None-Match", "").strip() == "*":
        return Precondition(tags=None)
    raise PreconditionRequired


def optional_precondition(headers: Mapping[str, str]) -> Precondition | None:
    """The If-Match of a request. Weak tags never match: If-Match compares strongly."""
    text = headers.get("If-Match", "").strip()
    if not text or text == "*":
        return None
    strong = [tag for tag in text.split(",") if not tag.strip().startswith("W/")]
    return Precondition(tags=frozenset(match[0] for tag in strong if (match := _TAG.fullmatch(tag.strip()))))
