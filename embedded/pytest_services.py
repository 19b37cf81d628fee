"""pytest plugin (`-p embedded.pytest_services`): the test run's own PostgreSQL and Valkey.

DATABASE_URL and REDIS_URL, where already set, are used; so xdist's workers share their parent's servers. pytest-django
gives each worker a database of its own in PostgreSQL, and we one in Valkey: a test that empties the cache stays alone.
"""

import atexit
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from embedded.process import RefusalError
from embedded.temporary import servers

_services = ExitStack()
# Not pytest_unconfigure, which is not called when loading the settings fails.
atexit.register(_services.close)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """A wrapper runs before pytest-django loads the settings, which read these variables."""
    try:
        os.environ.update(_services.enter_context(servers()))
    except RefusalError as error:
        raise pytest.UsageError(str(error)) from error
    if worker := os.environ.get("PYTEST_XDIST_WORKER", ""):
        os.environ["REDIS_URL"] += f"?db={int(worker.removeprefix('gw')) % 15 + 1}"
    yield
