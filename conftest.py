"""What the tests of all rooms share: an API client that speaks JSON, and open sessions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from tests.api import Api


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture
def anonymous(db: None) -> Api:
    return Api()


@pytest.fixture
def open_session(db: None) -> Callable[..., Api]:
    """Open a session with these fields; the Api that holds its token, and the answer as `.opened`."""

    def open_one(**fields: Any) -> Api:
        opened = Api().post("sessions/", fields)
        assert opened.status_code == 201
        api = Api(opened.json()["session_token"])
        api.opened = opened.json()  # type: ignore[attr-defined]
        return api

    return open_one


@pytest.fixture
def api(open_session: Callable[..., Api]) -> Api:
    return open_session()
