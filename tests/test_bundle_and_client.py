"""The bundle this server publishes, read by the client that is not to trust it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cbln.bundle import BundleError, SignedBundle

from safety.services.releases import seed_release
from tests.api import Api


@pytest.fixture
def published(anonymous: Api) -> tuple[Any, list[bytes]]:
    assert seed_release() is not None
    keys = anonymous.get("config/").json()["bundle_keys"]
    answer = json.loads(anonymous.get("safety/bundle/").content)
    return answer, [base64.urlsafe_b64decode(key + "=") for key in keys]


def test_the_client_takes_what_the_server_signed(published: tuple[Any, list[bytes]]) -> None:
    answer, keys = published
    bundle = SignedBundle.from_json(answer).verify(keys, now=datetime.now(UTC))
    assert bundle["version"] == 1


def test_the_client_refuses_one_changed_character(published: tuple[Any, list[bytes]]) -> None:
    answer, keys = published
    answer["bundle"] = answer["bundle"].replace('"version":1', '"version":2')
    with pytest.raises(BundleError, match="bad_signature"):
        SignedBundle.from_json(answer).verify(keys, now=datetime.now(UTC))
