"""pytest plugin (`-p embedded.pytest_services`): the test run's own PostgreSQL and Valkey.

DATABASE_URL and REDIS_URL, where already set, are used as they are; so xdist's workers share their parent's servers.
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
    yield
