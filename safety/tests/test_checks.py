from collections.abc import Callable
from typing import Any

import pytest

from safety import checks
from safety.models import TrainingData
from safety.tests.keys import CANARY, FIRST_KEY, SECOND_KEY


def ids(messages: Any) -> list[str]:
    return [message.id for message in messages]


@pytest.mark.parametrize(("ring", "expected"), [("", "safety.E001"), ("1:short", "safety.E002"), (FIRST_KEY, None)])
def test_it_names_missing_and_malformed_field_keys(settings: Any, ring: str, expected: str | None) -> None:
    settings.FIELD_KEYS = ring
    assert ids(checks.check_field_keys()) == ([expected] if expected else [])


@pytest.mark.parametrize(("key", "public"), [("short", []), ("", ["x"])])
def test_it_names_malformed_signing_keys(settings: Any, key: str, public: list[str]) -> None:
    settings.BUNDLE_SIGNING_KEY, settings.BUNDLE_PUBLIC_KEYS = key, public
    assert ids(checks.check_signing_keys()) == ["safety.E003"]


def test_it_accepts_an_installation_that_signs_elsewhere(settings: Any) -> None:
    settings.BUNDLE_SIGNING_KEY = ""
    assert not checks.check_signing_keys()


@pytest.mark.parametrize(
    ("ring", "expected"),
    [(SECOND_KEY, "safety.E004"), ("1:" + SECOND_KEY[2:], "safety.E005"), (f"{SECOND_KEY},{FIRST_KEY}", None)],
)
def test_it_names_a_key_that_rows_need_and_the_ring_lacks(
    settings: Any, new_example: Callable[..., TrainingData], ring: str, expected: str | None
) -> None:
    new_example(CANARY)
    settings.FIELD_KEYS = ring
    messages = checks.check_stored_rows(databases=["default"])
    assert ids(messages) == ([expected] if expected else [])
    assert CANARY not in repr(messages)


def test_it_does_not_ask_a_database_it_was_not_given(settings: Any) -> None:
    assert not checks.check_stored_rows(databases=None)
