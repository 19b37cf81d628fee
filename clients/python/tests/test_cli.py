"""The command: one clear line for what goes wrong, nothing on disk that was not asked for."""

import io
import json
import re
import string
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cbln import phrase
from cbln.cli import main
from cbln.commands import BAD_FILE, BAD_PHRASE, NO_SESSION, OK, REFUSED, UNREACHABLE, USAGE
from cbln.envelope import MAX_BODY_BYTES, Role
from cbln.keepfile import KeepFileError, Kept, new_keep_file, read_keep_file
from cbln.replay import ReplayFileError, compare, read_lines
from cbln.sealing import Message
from cbln.terminal import printable
from cbln.texts import EN, VI, language_of_environment
from faulty_server import FaultyServer, Reply

PHRASE = " ".join(phrase.encode(bytes(range(16))))
NOWHERE = "http://127.0.0.1:9"
SESSION = {
    "id": str(UUID(int=7)),
    "created_at": "2026-11-22T20:00:00Z",
    "last_activity": "2026-11-22T20:00:00Z",
    "expires_at": "2026-12-22T20:00:00Z",
    "language_preference": "vi",
    "is_crisis_mode": False,
    "shares_signals": False,
    "is_other_device": None,
    "last_seq": 0,
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CBLN_URL", "CBLN_PHRASE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.chdir(tmp_path)


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    lines = captured.err.strip().split("\n")
    assert len(lines) == 1
    assert "Traceback" not in captured.err
    return lines[0]


def test_both_languages_say_the_same_things() -> None:
    def placeholders(text: str) -> set[str | None]:
        return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}

    assert VI.keys() == EN.keys()
    for name in VI:
        assert placeholders(VI[name]) == placeholders(EN[name]), name


@pytest.mark.parametrize(
    ("locale", "language"), [("vi_VN.UTF-8", "vi"), ("en_GB", "en"), ("C.UTF-8", "en"), ("", "en")]
)
def test_the_locale_chooses_the_language(monkeypatch: pytest.MonkeyPatch, locale: str, language: str) -> None:
    monkeypatch.setenv("LANG", locale)
    assert language_of_environment() == language


def test_help_is_in_the_language_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--language", "vi", "--help"])
    assert caught.value.code == 0
    assert "niêm phong" in capsys.readouterr().out


def test_new_shows_the_phrase_and_keeps_nothing_by_itself(
    server: FaultyServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server.replies = [Reply(201, SESSION)]
    assert main(["new", "--url", server.url, "--days", "7", "--language", "vi"]) == OK
    shown = capsys.readouterr().out
    assert len(phrase.decode(shown)) == 16  # as printed, with its numbers
    assert server.requests[0].body["lifetime_days"] == 7
    assert list(tmp_path.iterdir()) == []


def test_new_can_keep_the_key_in_a_private_file(server: FaultyServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.replies = [Reply(201, SESSION)]
    assert main(["new", "--url", server.url, "--keep", "me"]) == OK
    assert Path("me").stat().st_mode & 0o777 == 0o600
    kept = read_keep_file(Path("me"))
    assert kept.entropy == phrase.decode(capsys.readouterr().out)
    assert (kept.session_id, kept.url) == (UUID(int=7), server.url)
    assert kept.entropy.hex() not in repr(kept)
    assert main(["new", "--url", server.url, "--keep", "me"]) == BAD_FILE
    assert "already" in error_line(capsys)
    assert read_keep_file(Path("me")) == kept


def test_a_keep_file_is_not_left_behind_empty(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), new_keep_file(Path("me")):
        raise RuntimeError
    assert not Path("me").exists()


def test_a_keep_file_that_others_can_read_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with new_keep_file(Path("me")) as write:
        write(Kept(bytes(16), UUID(int=7), NOWHERE))
    Path("me").chmod(0o644)
    assert main(["read", "--keep", "me"]) == BAD_FILE
    assert "chmod 600 me" in error_line(capsys)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"entropy": "00", "session": "x", "url": ""}', "\x00"])
def test_a_damaged_keep_file_is_refused(content: str) -> None:
    Path("me").write_text(content)
    Path("me").chmod(0o600)
    with pytest.raises(KeepFileError, match="damaged"):
        read_keep_file(Path("me"))


def test_the_token_goes_to_the_kept_server_and_not_to_the_default(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_keep_file(Path("me")) as write:
        write(Kept(bytes(16), UUID(int=7), server.url))
    monkeypatch.setenv("CBLN_URL", NOWHERE)
    server.replies = [Reply(200, SESSION), Reply(200, {"results": [], "has_more": False})]
    assert main(["read", "--keep", "me"]) == OK


def test_a_missing_file_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--keep", "nowhere"]) == BAD_FILE
    assert "nowhere" in error_line(capsys)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (PHRASE.replace(PHRASE.split()[0], "qqzzx", 1), "Word 1 is not in the list"),
        ("", "12 words; 0 were read"),
        (" ".join(phrase.encode(bytes(16), "en")[:11]), "12 words; 11 were read"),
        (" ".join(["abandon"] * 12), "do not belong together"),
    ],
)
def test_a_bad_phrase_is_explained_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, line: str
) -> None:
    monkeypatch.setenv("CBLN_PHRASE", typed)
    assert main(["read", "--url", NOWHERE]) == BAD_PHRASE
    told = error_line(capsys)
    assert line in told
    assert "qqzzx" not in told


def test_without_a_phrase_and_a_terminal_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["read"]) == USAGE
    assert "CBLN_PHRASE" in error_line(capsys)


@pytest.mark.parametrize(
    ("reply", "code", "line"),
    [
        (Reply.problem(401, "unauthorized"), NO_SESSION, "No conversation"),
        (Reply.problem(429, "proof_of_work_required"), REFUSED, "too much to do"),
        (Reply.problem(409, "session_full"), REFUSED, "session_full"),
        (Reply(200, b"<html>"), UNREACHABLE, "not cbln/1"),
    ],
)
def test_refusals_are_one_line_and_an_exit_code(
    server: FaultyServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reply: Reply,
    code: int,
    line: str,
) -> None:
    monkeypatch.setenv("CBLN_PHRASE", PHRASE)
    server.replies = [reply]
    assert main(["send", "xin chào", "--url", server.url]) == code
    assert line in error_line(capsys)


def test_an_unsafe_address_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CBLN_PHRASE", PHRASE)
    assert main(["read", "--url", "http://example.com"]) == USAGE
    assert "https" in error_line(capsys)


@pytest.mark.parametrize("arguments", [["send"], ["send", "a", "--outbox", "o"]])
def test_send_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setenv("CBLN_PHRASE", PHRASE)
    assert main([*arguments, "--url", NOWHERE]) == USAGE
    assert error_line(capsys)


def test_erase_asks_first(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CBLN_PHRASE", PHRASE)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    server.replies = [Reply(204, b"")]
    assert main(["erase", "--url", server.url]) == OK
    assert server.requests == []
    assert main(["erase", "--url", server.url, "--yes"]) == OK
    assert [request.method for request in server.requests] == ["DELETE"]


def test_a_failed_export_leaves_no_file(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBLN_PHRASE", PHRASE)
    empty = {"results": [], "has_more": False}
    server.replies = [Reply(200, SESSION), Reply(200, SESSION), Reply(200, empty), Reply(200, b'{"type": "session"}\n')]
    assert main(["export", "--url", server.url, "-o", "all"]) == UNREACHABLE
    assert list(Path().iterdir()) == []


def test_a_message_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[2Jb\u202ec\x9bd\ne\u200d") == "a[2Jbcd\ne\u200d"


def test_replay_reads_lines_and_columns() -> None:
    Path("a.txt").write_bytes("\ufeffmột\r\n\n  hai \u2028 ba\n".encode())
    Path("a.tsv").write_text('id\ttext\n1\tmột "hai\n2\tba\n', "utf-8")
    assert read_lines(Path("a.txt")) == ["một", "  hai \u2028 ba"]
    assert read_lines(Path("a.tsv")) == ['một "hai', "ba"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"\n \n", "empty"),
        ("a.txt", b"\xff", "not_utf8"),
        ("a.tsv", b"id\tcomment\n1\tx\n", "no_text_column"),
        ("a.txt", b"a\n" + b"x" * MAX_BODY_BYTES, "line_too_long"),
    ],
)
def test_replay_refuses_what_it_cannot_play(name: str, content: bytes, reason: str) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(ReplayFileError) as caught:
        read_lines(Path(name))
    assert caught.value.reason == reason
    assert caught.value.line == (2 if reason == "line_too_long" else 0)


def test_replay_finds_every_kind_of_difference() -> None:
    lines = ["một", "hai", "ba"]
    ids = [uuid4() for _ in lines]

    def message(n: int, text: str | None = None, **changes: object) -> Message:
        body = {"text": text or lines[n - 1]}
        made = {"id": ids[n - 1], "seq": n, "client_seq": n, "body": body, **changes}
        return Message(role=Role.USER, created_at=datetime.now(UTC), expires_at=None, epoch=0, **made)  # type: ignore[arg-type]

    good = [message(1), message(2), message(3)]
    assert compare(lines, ids, good, 3) == Counter()
    assert compare(lines, ids, good[:2], 2) == Counter(lost=1, seq_not_dense=1)
    assert compare(lines, ids, [*good, message(3, seq=4, client_seq=4)], 4) == Counter(doubled=1, seq_not_dense=1)
    assert compare(lines, ids, [message(1), message(2, "khác"), message(3)], 3) == Counter(different=1)
    assert compare(lines, ids, [message(1), message(2), message(3, body=None)], 3) == Counter(unreadable=1, different=1)
    assert compare(lines, ids, [message(1), message(2), message(3, client_seq=9)], 3) == Counter(client_seq_not_dense=1)
    assert compare(lines, ids, [message(1), message(2), message(3, seq=4)], 4) == Counter(seq_not_dense=2)
    swapped = compare(lines, ids, [message(2, seq=1), message(1, seq=2), message(3)], 3)
    assert swapped == Counter(different=2, reordered=2, client_seq_not_dense=2)
    assert compare(lines, ids, [message(1), message(2), message(3, id=uuid4())], 3)["foreign"] == 1


def test_replay_against_a_wrong_address_ends_soon_and_clearly(
    monkeypatch: pytest.MonkeyPatch, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.txt").write_text("một\n", "utf-8")
    server.replies = [Reply(200, {"hello": "world"})]
    assert main(["replay", "a.txt", "--url", server.url]) == UNREACHABLE
    assert "not cbln/1" in error_line(capsys)


def test_a_replay_that_cannot_go_on_reports_its_divergence(
    server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {"protocol": "cbln/1", "version": "0", "languages": ["vi"], "lifetimes_days": [1], "limits": {}}
    Path("a.txt").write_text("một\nhai\n", "utf-8")
    server.replies = [Reply(200, config), Reply(201, SESSION), Reply.problem(409, "session_full")]
    assert main(["replay", "a.txt", "--url", server.url, "--json", "--parallel", "1"]) == 1
    figures = json.loads(capsys.readouterr().out)
    assert (figures["lines"], figures["sent"], figures["findings"]) == (2, 0, {"unread": 2})
    assert re.fullmatch("409 session_full", figures["failures"][0])
