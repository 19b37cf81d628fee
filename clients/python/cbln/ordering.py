"""What the numbers of a conversation tell: whether something is missing, doubled or out of order."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from cbln.sealing import Message


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something that a lone, honest writer and server would not produce, at the message with this seq.

    - `gap`: `missing` client_seq numbers before it never came. If `is_seq_gap`, the server's numbers jump too, as they
      do after a deletion; otherwise a message vanished before it was numbered.
    - `overlap`: client_seq not above an earlier one: two devices wrote at once, an offline device wrote late, or the
      server reordered.
    - `disorder`: the server's seq does not rise, or an id came twice.
    - `rollback`: the newest message shown is older than one this device has seen (`missing` numbers fewer).
    """

    kind: str
    seq: int
    missing: int = 0
    is_seq_gap: bool = False


class OrderCheck:
    """Feed it messages by rising seq. Unless `is_start` of the conversation, the first message is the baseline."""

    def __init__(self, *, is_start: bool = True) -> None:
        self._is_baseline = not is_start
        self._seq = self._client_seq = 0
        self._ids: set[UUID] = set()

    def see(self, message: Message) -> Anomaly | None:
        """The anomaly at this message, if any."""
        anomaly = None if self._is_baseline else self._judge(message)
        self._is_baseline = False
        self._seq, self._client_seq = message.seq, max(self._client_seq, message.client_seq)
        self._ids.add(message.id)
        return anomaly

    def _judge(self, message: Message) -> Anomaly | None:
        if message.seq <= self._seq or message.id in self._ids:
            return Anomaly("disorder", message.seq)
        step = message.client_seq - self._client_seq
        if step > 1:
            return Anomaly("gap", message.seq, step - 1, is_seq_gap=message.seq > self._seq + 1)
        return Anomaly("overlap", message.seq) if step < 1 else None


def find_anomalies(messages: Iterable[Message]) -> list[Anomaly]:
    """All of them in a whole conversation, oldest first."""
    check = OrderCheck()
    return [anomaly for message in messages if (anomaly := check.see(message))]
