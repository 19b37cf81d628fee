"""A server that errs on purpose, and a client that talks to it."""

from collections.abc import Iterator

import pytest
from cbln.api import ApiClient
from faulty_server import FaultyServer


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    faulty = FaultyServer()
    yield faulty
    faulty.stop()


@pytest.fixture
def api(server: FaultyServer) -> Iterator[ApiClient]:
    with ApiClient(server.url, "cbln_secret-token", timeout=0.5, patience=3) as client:
        yield client
