"""Real lines played as conversations, then read back by clients that have nothing but the entropy, line by line."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

from cbln.api import ApiClient
from cbln.conversation import Conversation
from cbln.envelope import is_sealable
from cbln.errors import CblnError, UnauthorizedError, UnreachableError
from cbln.keys import Keys, generate_entropy
from cbln.sealing import Message

Step = Callable[[int], None]


class ReplayFileError(CblnError):
    """A file that cannot be played: `empty`, `not_utf8`, `no_text_column` or `line_too_long` (`line`, from 1)."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


@dataclass(frozen=True, slots=True)
class Plan:
    """How to play. `connect` makes a client for a token."""

    connect: Callable[[Keys], ApiClient]
    per_conversation: int = 40
    parallel: int = 4
    batch: int = 1
    lifetime_days: int = 1


@dataclass(slots=True)
class Played:
    """One conversation and what became of it."""

    lines: Sequence[str]
    keys: Keys = field(default_factory=lambda: Keys(generate_entropy()))
    conversation: Conversation | None = None
    is_open: bool = False
    ids: list[UUID] = field(default_factory=list)
    resends: int = 0
    envelope_bytes: int = 0
    wire_bytes: int = 0
    failure: CblnError | None = None
    findings: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a run; bytes are means per message. `findings` is empty if every line came back as it was."""

    lines: int
    sent: int
    sessions: int
    opening_seconds: float
    seconds: float
    messages_per_second: float
    resends: int
    plaintext_bytes: float
    envelope_bytes: float
    wire_bytes: float
    findings: dict[str, int]
    failures: list[str]
    sessions_left: int = 0

    @property
    def is_faithful(self) -> bool:
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read_lines(path: Path) -> list[str]:
    """The texts of a file in UTF-8: every non-empty line, or the column `text` of a .tsv with a header."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReplayFileError("not_utf8") from None
    rows = content.replace("\r\n", "\n").split("\n")
    numbered = [(number, row) for number, row in enumerate(rows, 1) if row.strip()]
    if path.suffix == ".tsv" and numbered:
        header = numbered.pop(0)[1].split("\t")
        if "text" not in header:
            raise ReplayFileError("no_text_column")
        column = header.index("text")
        numbered = [(number, (row.split("\t") + [""] * column)[column]) for number, row in numbered]
    for number, text in numbered:
        if not is_sealable(text):
            raise ReplayFileError("line_too_long", number)
    if not numbered:
        raise ReplayFileError("empty")
    return [text for _number, text in numbered]


class Replay:
    """A run over `lines`. `stop()` ends it early; `erase` may still be called."""

    def __init__(self, lines: Sequence[str], plan: Plan) -> None:
        self._plan = plan
        size = plan.per_conversation
        self.conversations = [Played(lines[start : start + size]) for start in range(0, len(lines), size)]
        self._stopped = Event()
        self._opening_seconds = self._seconds = 0.0

    def stop(self) -> None:
        self._stopped.set()

    def open(self, step: Step) -> None:
        """Open the sessions, with the proof of work a server asks of an address that opens many."""
        self._opening_seconds = self._each(self._open_one, step, self.conversations)

    def play(self, step: Step) -> None:
        """Send every line. A conversation whose calls fail for good is given up; the others go on."""
        self._seconds = self._each(self._play_one, step, self.conversations)

    def verify(self, step: Step) -> None:
        """Read every conversation back with a fresh client made from the entropy alone, and note what differs."""
        self._each(self._verify_one, step, self.conversations)

    def erase(self, step: Step) -> int:
        """Erase the sessions; how many could not be."""
        self._stopped.clear()
        self._each(self._erase_one, step, [played for played in self.conversations if played.is_open])
        return sum(played.is_open for played in self.conversations)

    def report(self, sessions_left: int = 0) -> Report:
        """The figures so far."""
        sent = sum(len(played.ids) for played in self.conversations)
        texts = [text for played in self.conversations for text in played.lines[: len(played.ids)]]
        findings = sum((played.findings for played in self.conversations), Counter())
        mean = 1 / max(sent, 1)
        return Report(
            lines=sum(len(played.lines) for played in self.conversations),
            sent=sent,
            sessions=sum(1 for played in self.conversations if played.ids),
            opening_seconds=self._opening_seconds,
            seconds=self._seconds,
            messages_per_second=sent / max(self._seconds, 1e-9),
            resends=sum(played.resends for played in self.conversations),
            plaintext_bytes=mean * sum(len(text.encode()) for text in texts),
            envelope_bytes=mean * sum(played.envelope_bytes for played in self.conversations),
            wire_bytes=mean * sum(played.wire_bytes for played in self.conversations),
            findings=dict(findings),
            failures=sorted({str(played.failure) for played in self.conversations if played.failure}),
            sessions_left=sessions_left,
        )

    def _each(self, work: Callable[[Played, Step], None], step: Step, conversations: Sequence[Played]) -> float:
        started = time.monotonic()
        with ThreadPoolExecutor(self._plan.parallel) as pool:
            try:
                for _ in pool.map(lambda played: work(played, step), conversations):
                    pass
            except BaseException:  # Ctrl-C: let the calls under way end, begin no others
                self.stop()
                raise
        return time.monotonic() - started

    def _open_one(self, played: Played, step: Step) -> None:
        if self._stopped.is_set():
            return
        with self._plan.connect(played.keys) as api:
            try:
                played.conversation = Conversation.create(api, played.keys, lifetime_days=self._plan.lifetime_days)
                played.is_open = True
            except CblnError as error:
                self._fail(played, error)
        step(1)

    def _play_one(self, played: Played, step: Step) -> None:
        if played.conversation is None:
            return
        traffic = played.conversation.api.traffic
        before = traffic.bytes_sent + traffic.bytes_received
        with played.conversation as conversation:
            try:
                for start in range(0, len(played.lines), self._plan.batch):
                    if self._stopped.is_set():
                        break
                    self._send(conversation, played, played.lines[start : start + self._plan.batch])
                    step(len(played.ids) - start)
            except CblnError as error:
                self._fail(played, error)
        played.resends = traffic.resends
        played.wire_bytes = traffic.bytes_sent + traffic.bytes_received - before

    def _send(self, conversation: Conversation, played: Played, texts: Sequence[str]) -> None:
        for text in texts:
            conversation.queue(text)
        played.envelope_bytes += sum(len(message.envelope) for message in conversation.pending)
        delivery = conversation.flush()
        played.ids += [stored.id for stored in delivery.stored]
        if delivery.refused:
            raise delivery.refused[0][1]

    def _verify_one(self, played: Played, step: Step) -> None:
        if not played.is_open or self._stopped.is_set():
            played.findings["unread"] += len(played.lines)
            return
        with self._plan.connect(played.keys) as api:
            try:
                conversation = Conversation.restore(api, played.keys)
                messages = list(conversation.history())
            except CblnError as error:
                self._fail(played, error)
                played.findings["unread"] += len(played.lines)
            else:
                last_seq = conversation.session.last_seq if conversation.session else 0
                played.findings = compare(played.lines, played.ids, messages, last_seq)
        step(len(played.lines))

    def _erase_one(self, played: Played, step: Step) -> None:
        if self._stopped.is_set():
            return
        with self._plan.connect(played.keys) as api:
            try:
                api.delete_session()
                played.is_open = False
            except UnauthorizedError:
                played.is_open = False
            except CblnError as error:
                self._fail(played, error)
        step(1)

    def _fail(self, played: Played, error: CblnError) -> None:
        played.failure = error
        if isinstance(
            error, UnreachableError
        ):  # patience has ended once: the other conversations need not wait as long
            self._stopped.set()


def compare(lines: Sequence[str], ids: Sequence[UUID], messages: Sequence[Message], last_seq: int) -> Counter[str]:
    """What is wrong with the messages read back, by kind; empty if nothing is."""
    read = [message.id for message in messages]
    found = Counter(
        lost=len(lines) - len(set(read) & set(ids)),
        doubled=len(read) - len(set(read)),
        foreign=len(set(read) - set(ids)),
        unreadable=sum(message.body is None for message in messages),
        different=sum(message.text != line for message, line in zip(messages, lines, strict=False)),
        reordered=sum(message.id != sent for message, sent in zip(messages, ids, strict=False)),
        seq_not_dense=sum(message.seq != n for n, message in enumerate(messages, 1)) + (last_seq != len(lines)),
        client_seq_not_dense=sum(message.client_seq != n for n, message in enumerate(messages, 1)),
    )
    return +found
