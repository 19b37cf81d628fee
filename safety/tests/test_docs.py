"""The staff guide's links and pictures are there, and its table of roles names the roles there are."""

import re
from pathlib import Path

from safety.roles import ROLES

STAFF = Path(__file__).parent.parent.parent / "docs" / "staff"


def test_every_link_of_the_staff_guide_leads_somewhere() -> None:
    for page in STAFF.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_guide_names_each_role() -> None:
    assert all(f"`{role}`" in (STAFF / "README.md").read_text() for role in ROLES)
