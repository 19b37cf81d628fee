"""Each numbered check fires on the configuration it is about, and is silent on one beside it."""

from typing import Any

import pytest
from django.core.checks import run_checks

KEY = "0123456789abcdef" * 2


def fired() -> set[str]:
    """Our errors among all registered checks, those for deployment and for databases too."""
    found = run_checks(include_deployment_checks=True, databases=["default"])
    return {message.id or "" for message in found if (message.id or "").startswith("privacy.")}


@pytest.fixture(autouse=True)
def _sound(db: None, settings: Any) -> None:
    settings.DIGEST_KEY = KEY.encode()
    settings.SECRET_KEY = KEY[::-1]


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        ("E001", {"DIGEST_KEY": KEY[1:].encode()}),
        ("E001", {"DIGEST_KEY": b""}),
        ("E002", {"SECRET_KEY": KEY}),
        ("E003", {"TRUSTED_PROXIES": ["10.0.0.0/8", "proxy.example"]}),
        ("E003", {"TRUSTED_PROXIES": ["10.0.0.1/8"]}),
        ("E003", {"TRUSTED_PROXIES": [""]}),
        ("E004", {"CORS_ALLOW_ALL_ORIGINS": True}),
        ("E004", {"CORS_ALLOW_CREDENTIALS": True}),
        ("E005", {"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
def test_a_configuration_that_breaks_a_promise_does_not_start(
    settings: Any, number: str, changes: dict[str, Any]
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert fired() == {f"privacy.{number}"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"TRUSTED_PROXIES": ["10.0.0.0/8", "::1/128", "203.0.113.7"]},
        {"CORS_ALLOWED_ORIGINS": ["https://front.example"]},
    ],
    ids=str,
)
def test_a_sound_configuration_starts(settings: Any, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert fired() == set()
