"""pytest plugin (`-p embedded.pytest_services`): the test run's own PostgreSQL and Valkey.

DATABASE_URL and REDIS_URL, where already set, are used as they are; so xdist's workers share their parent's servers.
"""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from embedded import postgres, valkey
from embedded.folder import claimed
from embedded.layout import Layout
from embedded.process import Child, RefusalError, wait_for

PREFIX = f"cbln-test-{os.geteuid()}-"
_services = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """A wrapper runs before pytest-django loads the settings, which read these variables."""
    try:
        _start()
    except RefusalError as error:
        _services.close()
        raise pytest.UsageError(str(error)) from error
    except BaseException:
        _services.close()
        raise
    yield


def pytest_unconfigure() -> None:
    _services.close()


def _start() -> None:
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("DIGEST_KEY", secrets.token_hex(32))
    wanted = {"DATABASE_URL", "REDIS_URL"} - os.environ.keys()
    if not wanted:
        return
    _sweep()
    layout = Layout(Path(tempfile.mkdtemp(prefix=PREFIX)))
    _services.callback(shutil.rmtree, layout.data, ignore_errors=True)
    lock = _services.enter_context(claimed(layout))
    if "DATABASE_URL" in wanted:
        _run(database := postgres.prepare(layout, lock, durable=False))
        wait_for(database, lambda: postgres.is_ready(layout), 60, time.sleep)
        os.environ["DATABASE_URL"] = layout.database_url
    if "REDIS_URL" in wanted:
        _run(queue := valkey.prepare(layout, lock))
        wait_for(queue, lambda: valkey.is_ready(layout), 20, time.sleep)
        os.environ["REDIS_URL"] = layout.redis_url


def _run(child: Child) -> None:
    child.start()
    _services.callback(child.stop)


def _sweep() -> None:
    """Remove what killed test runs left, but not what a running one uses."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, RefusalError), claimed(Layout(left)):
            shutil.rmtree(left)
