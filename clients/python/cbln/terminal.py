"""Talking to the person at the terminal: plain lines, no echo for secrets, progress without noise."""

import sys
import time
import unicodedata
from threading import Lock
from typing import Self

_BAR = 24


def out(line: str) -> None:
    """To standard output, at once, so that a pipe sees it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def note(line: str) -> None:
    """To standard error: what is not the result."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def printable(text: str) -> str:
    """Without control and direction characters: a message must not steer the reader's terminal."""
    kept = (char for char in text if char in "\n\t\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    return "".join(kept)


class Progress:
    """How far a run is: a bar on a terminal, else a line at every tenth. Safe to `advance` from several threads."""

    def __init__(self, label: str, total: int) -> None:
        self._label, self._total = label, max(total, 1)
        self._done = 0
        self._tenth = -1
        self._started = self._drawn = time.monotonic()
        self._lock = Lock()
        self._is_tty = sys.stderr.isatty()

    def advance(self, count: int = 1) -> None:
        with self._lock:
            self._done += count
            if self._is_tty:
                self._draw()
            elif (tenth := 10 * self._done // self._total) > self._tenth:
                self._tenth = tenth
                note(f"{self._label} {10 * tenth}% {self._figures()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._is_tty:
            self._drawn = 0.0
            self._draw()
            note("")

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn < 0.1:
            return
        self._drawn = now
        filled = _BAR * self._done // self._total
        bar = "█" * filled + "░" * (_BAR - filled)
        sys.stderr.write(f"\r{self._label} {bar} {100 * self._done // self._total:3}% {self._figures()}\x1b[K")
        sys.stderr.flush()

    def _figures(self) -> str:
        seconds = max(time.monotonic() - self._started, 0.001)
        return f"{self._done}/{self._total} {self._done / seconds:.0f}/s"
