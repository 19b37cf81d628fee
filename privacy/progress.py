"""A progress bar for commands run by hand."""

import sys
from collections.abc import Callable

WIDTH = 30


def progress_bar() -> Callable[[int, int], None] | None:
    """A callback(done, total) that draws a bar on the standard error; None where no one watches (a pipe, a log)."""
    if not sys.stderr.isatty():
        return None

    def draw(done: int, total: int) -> None:
        filled = WIDTH * done // max(total, 1)
        end = "\n" if done >= total else ""
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total}{end}")
        sys.stderr.flush()

    return draw
