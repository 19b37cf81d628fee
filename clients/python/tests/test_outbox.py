"""The outbox survives crashes, full disks and second processes, and holds nothing readable."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cbln.envelope import Role
from cbln.errors import OutboxError
from cbln.keys import Keys
from cbln.outbox import FileOutbox, Position
from cbln.records import OutgoingMessage
from cbln.sealing import Sealer

SESSION = UUID(int=9)
SEALER = Sealer(Keys(bytes(16)), SESSION)


def sealed(client_seq: int, text: str = "Hôm nay em buồn quá") -> OutgoingMessage:
    return SEALER.seal_message({"text": text}, Role.USER, client_seq, 0)


def test_what_was_put_is_there_again_in_order(tmp_path: Path) -> None:
    messages = [sealed(n) for n in range(1, 6)]
    with FileOutbox(tmp_path / "out", SESSION) as outbox:
        for message in messages:
            outbox.put(message)
        outbox.remove(messages[1].id)
    with FileOutbox(tmp_path / "out", SESSION) as outbox:
        assert outbox.pending == [messages[0], *messages[2:]]
        assert outbox.position == Position(5, 0)


def test_a_message_put_again_is_replaced_where_it_stands(tmp_path: Path) -> None:
    first, second = sealed(1), sealed(2)
    again = SEALER.reseal(first)
    with FileOutbox(tmp_path / "out", SESSION) as outbox:
        for message in (first, second, again):
            outbox.put(message)
    with FileOutbox(tmp_path / "out", SESSION) as outbox:
        assert outbox.pending == [again, second]
    assert again.id == first.id
    assert again.envelope != first.envelope
    assert SEALER.open_outgoing(again) == SEALER.open_outgoing(first)


def test_the_file_is_private_and_holds_no_text(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.touch(0o644)
    with FileOutbox(path, SESSION) as outbox:
        outbox.put(sealed(1, "bí mật"))
    content = path.read_text("utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "text" not in content
    assert "bí mật" not in content
    assert bytes(16).hex() not in content


@pytest.mark.parametrize("torn", [b"{", b'{"message": {"id": "', b"\x00\x00\x00", "{é".encode()[:2]])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    path, message = tmp_path / "out", sealed(1)
    with FileOutbox(path, SESSION) as outbox:
        outbox.put(message)
    with path.open("ab") as stream:
        stream.write(torn)
    with FileOutbox(path, SESSION) as outbox:
        assert outbox.pending == [message]
        outbox.put(sealed(2))
    with FileOutbox(path, SESSION) as outbox:
        assert len(outbox.pending) == 2


def test_every_possible_tear_leaves_the_lines_before_it(tmp_path: Path) -> None:
    path, messages = tmp_path / "out", [sealed(1), sealed(2)]
    with FileOutbox(path, SESSION) as outbox:
        for message in messages:
            outbox.put(message)
    content = path.read_bytes()
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        with FileOutbox(path, SESSION) as outbox:
            whole = [line for line in content[:size].split(b"\n")[:-1] if line.startswith(b'{"message"')]
            assert outbox.pending == messages[: len(whole)]


def test_damage_before_the_last_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with FileOutbox(path, SESSION) as outbox:
        outbox.put(sealed(1))
        outbox.put(sealed(2))
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"{}", *lines[2:]]))
    with pytest.raises(OutboxError, match="damaged"):
        FileOutbox(path, SESSION)


def test_another_sessions_file_and_other_files_are_refused(tmp_path: Path) -> None:
    FileOutbox(tmp_path / "out", SESSION).close()
    with pytest.raises(OutboxError, match="another session"):
        FileOutbox(tmp_path / "out", uuid4())
    (tmp_path / "notes").write_text("[]\nmy notes\n")
    with pytest.raises(OutboxError, match="not an outbox"):
        FileOutbox(tmp_path / "notes", SESSION)
    assert (tmp_path / "notes").read_text() == "[]\nmy notes\n"


def test_two_processes_cannot_hold_it_at_once(tmp_path: Path) -> None:
    with FileOutbox(tmp_path / "out", SESSION), pytest.raises(OutboxError, match="another process"):
        FileOutbox(tmp_path / "out", SESSION)
    FileOutbox(tmp_path / "out", SESSION).close()


def test_compaction_keeps_what_is_pending_and_the_position(tmp_path: Path) -> None:
    path, last = tmp_path / "out", sealed(301)
    with FileOutbox(path, SESSION) as outbox:
        for n in range(1, 301):
            message = sealed(n)
            outbox.put(message)
            outbox.remove(message.id)
        outbox.put(last)
        assert len(path.read_bytes().splitlines()) < 100
    with FileOutbox(path, SESSION) as outbox:
        assert outbox.pending == [last]
        assert outbox.position == Position(301, 0)
    assert not path.with_name("out.new").exists()


WRITER = """
import sys
from cbln.outbox import FileOutbox
from tests_support import SESSION, sealed
outbox = FileOutbox(sys.argv[1], SESSION)
n = outbox.position.client_seq
while True:
    n += 1
    message = sealed(n)
    outbox.put(message)
    sys.stdout.write(f"put {message.id}\\n"); sys.stdout.flush()
    if n % 3:
        outbox.remove(message.id)
        sys.stdout.write(f"gone {message.id}\\n"); sys.stdout.flush()
"""


def test_it_survives_being_killed_in_the_middle_of_writing(tmp_path: Path) -> None:
    support = "import sys\nfrom uuid import UUID\nfrom cbln.envelope import Role\nfrom cbln.keys import Keys\n"
    support += "from cbln.sealing import Sealer\nSESSION = UUID(int=9)\nSEALER = Sealer(Keys(bytes(16)), SESSION)\n"
    support += "def sealed(n): return SEALER.seal_message({'text': 'x' * 3000}, Role.USER, n, 0)\n"
    (tmp_path / "tests_support.py").write_text(support)
    path = tmp_path / "out"
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, str(tmp_path)])}
    told: dict[str, str] = {}
    for life, lifetime in enumerate((0.3, 0.37, 0.45, 0.6), 1):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
            time.sleep(lifetime)
            writer.send_signal(signal.SIGKILL)
            assert writer.stdout is not None
            lines = [line.split() for line in writer.stdout.read().split("\n")[:-1]]
        told |= {message_id: what for what, message_id in lines}
        with FileOutbox(path, SESSION) as outbox:
            pending = {str(message.id) for message in outbox.pending}
            assert all(SEALER.open_outgoing(message) for message in outbox.pending)
        # What the writer was told is put is there; at most one write per life was done and not yet told.
        waiting = {message_id for message_id, what in told.items() if what == "put"}
        assert len(waiting - pending) <= life
        assert len(pending - waiting) <= life
    assert len(told) > 10


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sealed(1)
    with FileOutbox(tmp_path / "out", SESSION) as outbox:
        outbox.put(first)
        before = (tmp_path / "out").read_bytes()

        def write_half_then_fail(file: int, line: bytes) -> int:
            monkeypatch.undo()
            os.write(file, line[: len(line) // 2])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("cbln.outbox.os.write", write_half_then_fail)
        with pytest.raises(OSError, match="No space left"):
            outbox.put(sealed(2))
        assert (tmp_path / "out").read_bytes() == before
        assert outbox.pending == [first]
        outbox.put(sealed(2))
    assert all(json.loads(line) for line in (tmp_path / "out").read_bytes().splitlines())
