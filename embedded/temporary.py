"""Servers for one run and gone after it: PostgreSQL that forgets (fsync off) and Valkey in a folder under /tmp.

`python -m embedded.temporary COMMAND…` runs a command with DATABASE_URL and REDIS_URL pointing to them.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from embedded.folder import claimed
from embedded.layout import Layout
from embedded.process import RefusalError, wait_for
from embedded.servers import prepared

PREFIX = f"cbln-test-{os.geteuid()}-"


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Start what the environment does not name yet. Yields the variables to set."""
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DIGEST_KEY": secrets.token_hex(32),
        "CBLN_FIELD_KEYS": f"1:{b64encode(secrets.token_bytes(32)).decode()}",
        "BUNDLE_SIGNING_KEY": secrets.token_urlsafe(32),
    }
    with ExitStack() as stack:
        if not {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys():
            _sweep()
            layout = Layout(Path(tempfile.mkdtemp(prefix=PREFIX)))
            stack.callback(shutil.rmtree, layout.data, ignore_errors=True)
            lock = stack.enter_context(claimed(layout))
            for child, is_ready in prepared(layout, lock, durable=False):
                child.start()
                stack.callback(child.stop)
                wait_for(child, is_ready, 60, time.sleep)
            made |= {"DATABASE_URL": layout.database_url, "REDIS_URL": layout.redis_url}
        yield {name: value for name, value in made.items() if name not in os.environ}


def _sweep() -> None:
    """Remove what killed runs left. The lock keeps us from what a living one uses."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
        with suppress(OSError, RefusalError), claimed(Layout(left.parent)):
            shutil.rmtree(left.parent)


if __name__ == "__main__":
    with servers() as environment:
        sys.exit(subprocess.call(sys.argv[1:], env=os.environ | environment))  # noqa: S603 - the caller's own command
