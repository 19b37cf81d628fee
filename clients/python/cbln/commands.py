"""What each command does. Every function takes the parsed arguments and answers an exit code."""

import getpass
import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TextIO
from uuid import UUID

from cbln import phrase
from cbln.api import ApiClient
from cbln.conversation import Conversation
from cbln.delivery import Delivery
from cbln.envelope import Role
from cbln.errors import ProtocolError, UnreachableError
from cbln.keepfile import Kept, new_keep_file
from cbln.keys import Keys, generate_entropy
from cbln.outbox import FileOutbox
from cbln.sealing import Message
from cbln.terminal import note, out, printable
from cbln.texts import Speaker

OK, DIVERGED, USAGE, UNREACHABLE, NO_SESSION, BAD_PHRASE, REFUSED, BAD_FILE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 7, 130


class UsageError(Exception):
    """The name of the text that says what to do."""


def connect(args: Namespace, keys: Keys, patience: float = 30.0, *, is_quiet: bool = False) -> ApiClient:
    """A client for the server the arguments name."""
    say: Speaker = args.say
    shown: list[int] = []

    def on_work(tries: int, expected: int) -> None:
        percent = min(99, 100 * tries // expected)
        if percent // 25 not in shown:
            shown.append(percent // 25)
            note(say("work.asked", percent=percent))

    return ApiClient(
        args.url,
        keys.token,
        language=say.language,
        patience=patience,
        allow_http=args.allow_http,
        on_work=None if is_quiet else on_work,
    )


def new(args: Namespace) -> int:
    keys = Keys(generate_entropy())
    with ExitStack() as stack:
        write = stack.enter_context(new_keep_file(args.keep)) if args.keep else None
        api = stack.enter_context(connect(args, keys))
        conversation = Conversation.create(api, keys, language=args.say.language, lifetime_days=args.days)
        if write:
            write(Kept(keys.entropy, conversation.id, args.url))
        expires_at = conversation.refresh().expires_at
    note(args.say("phrase.write_down"))
    for number, word in enumerate(phrase.encode(keys.entropy, args.phrase_language or args.say.language), 1):
        out(f"{number:2}. {word}")
    note(args.say("session.opened", expires_at=_local(expires_at)))
    if args.keep:
        note(args.say("session.kept", file=args.keep))
    return OK


def restore(args: Namespace) -> int:
    keys = Keys(_entropy_from_phrase(args.say))
    with ExitStack() as stack:
        write = stack.enter_context(new_keep_file(args.keep)) if args.keep else None
        session = stack.enter_context(connect(args, keys)).get_session()
        if write:
            write(Kept(keys.entropy, session.id, args.url))
    note(args.say("session.restored", count=session.last_seq, expires_at=_local(session.expires_at)))
    if args.keep:
        note(args.say("session.kept", file=args.keep))
    return OK


def send(args: Namespace) -> int:
    text = sys.stdin.read().removesuffix("\n") if args.text == "-" else args.text
    if not text and not args.outbox:
        raise UsageError("send.needs_text")
    if args.outbox:
        return _send_by_outbox(args, text)
    with _restored(args) as conversation:
        try:
            stored = conversation.send(text)
        except UnreachableError:
            note(args.say("send.unknown"))
            return UNREACHABLE
    note(args.say("send.sent", seq=stored.seq))
    return OK


def _send_by_outbox(args: Namespace, text: str | None) -> int:
    if not args.kept:
        raise UsageError("send.outbox_needs_keep")
    keys, session_id = Keys(args.kept.entropy), args.kept.session_id
    outbox = FileOutbox(args.outbox, session_id)
    with Conversation.offline(connect(args, keys, patience=5), keys, session_id, outbox) as conversation:
        is_reached = _try_to_catch_up(conversation)
        if text:
            conversation.queue(text)
        try:
            delivery = conversation.flush() if is_reached else None
        except UnreachableError:
            delivery = None
        if delivery is None:
            note(args.say("send.waiting", count=len(conversation.pending), file=args.outbox))
            return UNREACHABLE
        return _tell(args.say, conversation, delivery)


def _try_to_catch_up(conversation: Conversation) -> bool:
    try:
        conversation.catch_up()
    except UnreachableError:
        return False
    return True


def _tell(say: Speaker, conversation: Conversation, delivery: Delivery) -> int:
    note(say("send.flushed", count=len(delivery.stored)))
    for message, error in delivery.refused:
        note(say("send.refused", code=error.code, text=printable(conversation.open_refused(message))))
    return REFUSED if delivery.refused else OK


def read(args: Namespace) -> int:
    with _restored(args) as conversation:
        if args.follow_older:
            for message in conversation.recent():
                _show(args.say, message)
        else:
            for message in reversed(list(conversation.recent(limit=args.limit))):
                _show(args.say, message)
        _warn(args.say, conversation)
    return OK


def watch(args: Namespace) -> int:
    try:
        with _restored(args) as conversation:
            after = conversation.session.last_seq if conversation.session else 0
            while True:
                after = _show_new(args.say, conversation, after)
                time.sleep(args.interval)
    except KeyboardInterrupt:
        note(args.say("read.end_of_watch"))
    return OK


def _show_new(say: Speaker, conversation: Conversation, after: int) -> int:
    try:
        for message in conversation.history(after=after):
            _show(say, message)
            after = message.seq
        _warn(say, conversation)
    except UnreachableError:
        note(say("read.waiting"))
    return after


def export(args: Namespace) -> int:
    with _restored(args) as conversation, ExitStack() as stack:
        stream: TextIO = sys.stdout
        if args.output:
            partial = args.output.with_name(args.output.name + ".part")
            stack.callback(partial.unlink, missing_ok=True)
            file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            stream = stack.enter_context(open(file, "w", encoding="utf-8"))
        count = 0
        try:
            for record in conversation.export():
                count += 1
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")
        except (UnreachableError, ProtocolError):
            note(args.say("export.incomplete"))
            return UNREACHABLE
        stream.flush()
        if args.output:
            partial.replace(args.output)
            note(args.say("export.done", count=count, file=args.output))
    return OK


def erase(args: Namespace) -> int:
    if not args.yes:
        sys.stderr.write(args.say("erase.ask"))
        sys.stderr.flush()
        if phrase.fold(sys.stdin.readline()) not in ("yes", "xoa"):
            note(args.say("erase.kept"))
            return OK
    keys, _session_id = _identify(args)
    with connect(args, keys) as api:
        api.delete_session()
    if args.keep:
        args.keep.unlink()
    note(args.say("erase.done"))
    return OK


@contextmanager
def _restored(args: Namespace) -> Iterator[Conversation]:
    keys, session_id = _identify(args)
    with connect(args, keys) as api, Conversation.restore(api, keys, session_id=session_id) as conversation:
        yield conversation


def _identify(args: Namespace) -> tuple[Keys, UUID | None]:
    if args.kept:
        return Keys(args.kept.entropy), args.kept.session_id
    return Keys(_entropy_from_phrase(args.say)), None


def _entropy_from_phrase(say: Speaker) -> bytes:
    typed = os.environ.get("CBLN_PHRASE")
    if typed is None:
        if not sys.stdin.isatty():
            raise UsageError("phrase.none")
        typed = getpass.getpass(say("phrase.prompt"))
    return phrase.decode(typed)


def _show(say: Speaker, message: Message) -> None:
    names = {Role.USER: "read.you", Role.AI: "read.ai", Role.STAFF: "read.staff"}
    text = message.text if message.text is not None else say("read.unreadable", problem=message.problem)
    out(f"{message.seq:>4}  {_local(message.created_at)}  {say(names[message.role])}: {printable(text)}")


def _warn(say: Speaker, conversation: Conversation) -> None:
    for anomaly in conversation.anomalies:
        note(say(f"anomaly.{anomaly.kind}", seq=anomaly.seq, missing=anomaly.missing))
    conversation.anomalies.clear()


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
