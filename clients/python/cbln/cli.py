"""The command `cbln`: arguments, and one clear line for every failure that can be expected.

Exit codes: 0 done, 1 replay found a divergence, 2 wrong usage, 3 server not reached, 4 no such session, 5 phrase not
readable, 6 refused by the server, 7 a file cannot be used, 130 interrupted.
"""

import json
import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from cbln import commands, keepfile
from cbln.api import DEFAULT_URL
from cbln.errors import (
    AddressError,
    ApiError,
    CblnError,
    EnvelopeError,
    OutboxError,
    PhraseError,
    ProtocolError,
    ThrottledError,
    UnauthorizedError,
    UnreachableError,
)
from cbln.keys import Keys, generate_entropy
from cbln.replay import Plan, Replay, ReplayFileError, Report, read_lines
from cbln.terminal import Progress, note, out
from cbln.texts import TEXTS, Speaker, language_of_environment


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    say = Speaker(_language(arguments))
    args = _parser(say).parse_args(arguments)
    args.say = say
    explicit_url = getattr(args, "url", None)
    args.url = explicit_url or os.environ.get("CBLN_URL") or DEFAULT_URL
    args.allow_http = getattr(args, "allow_http", False)
    args.kept = None
    try:
        if getattr(args, "keep", None) and args.run not in (commands.new, commands.restore):
            args.kept = keepfile.read_keep_file(args.keep)
            args.url = explicit_url or args.kept.url
        return int(args.run(args))
    except KeyboardInterrupt:
        note(say("error.interrupted"))
        return commands.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone, as with `| head`
        return commands.OK
    except (CblnError, commands.UsageError, OSError) as error:
        line, code = _explain(say, args, error)
        note(line)
        return code


def _explain(say: Speaker, args: Namespace, error: Exception) -> tuple[str, int]:
    match error:
        case commands.UsageError():
            return say(str(error)), commands.USAGE
        case PhraseError():
            return _explain_phrase(say, error), commands.BAD_PHRASE
        case ApiError():
            return _explain_refusal(say, error)
        case UnreachableError():
            return say("error.unreachable", url=args.url, detail=error), commands.UNREACHABLE
        case ProtocolError():
            return say("error.protocol", url=args.url, detail=error), commands.UNREACHABLE
        case AddressError():
            return say("error.url", detail=error), commands.USAGE
        case _:
            return _explain_rest(say, error)


def _explain_phrase(say: Speaker, error: PhraseError) -> str:
    near = say("phrase.near", suggestions=", ".join(error.suggestions)) if error.suggestions else ""
    return say(f"phrase.{error.kind}", count=error.count, position=error.position, near=near)


def _explain_refusal(say: Speaker, error: ApiError) -> tuple[str, int]:
    if isinstance(error, UnauthorizedError):
        return say("session.gone"), commands.NO_SESSION
    name = "error.throttled" if isinstance(error, ThrottledError) else "error.refused"
    return say(name, code=error.code, title=error.title), commands.REFUSED


def _explain_rest(say: Speaker, error: Exception) -> tuple[str, int]:
    match error:
        case keepfile.KeepFileError():
            return say(f"error.keep_{error.reason}", file=error.path), commands.BAD_FILE
        case ReplayFileError():
            return say(f"replay.{error.reason}", line=error.line), commands.BAD_FILE
        case OutboxError():
            return say("error.outbox", detail=error), commands.BAD_FILE
        case OSError():
            return say("error.file", file=error.filename or "", detail=error.strerror or error), commands.BAD_FILE
        case EnvelopeError():
            return say("error.too_long", detail=error.reason), commands.USAGE
        case _:  # ProofOfWorkError
            return say("error.work", detail=error), commands.REFUSED


def replay(args: Namespace) -> int:
    lines = read_lines(args.file)
    with commands.connect(args, Keys(generate_entropy()), patience=10) as api:
        api.get_config()  # a wrong address shows before anything else
    plan = Plan(
        lambda keys: commands.connect(args, keys, args.patience, is_quiet=True),
        args.per_conversation,
        args.parallel,
        args.batch,
        args.lifetime,
    )
    run = Replay(lines, plan)
    left = 0
    try:
        with Progress(args.say("replay.opening"), len(run.conversations)) as progress:
            run.open(progress.advance)
        with Progress(args.say("replay.playing"), len(lines)) as progress:
            run.play(progress.advance)
        with Progress(args.say("replay.verifying"), len(lines)) as progress:
            run.verify(progress.advance)
    finally:
        if not args.keep_sessions:
            with Progress(args.say("replay.erasing"), len(run.conversations)) as progress:
                left = run.erase(progress.advance)
    report = run.report(left)
    if args.json:
        out(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        _print_report(args.say, report)
    return commands.OK if report.is_faithful else commands.DIVERGED


def _print_report(say: Speaker, report: Report) -> None:
    figures = report.to_json()
    out(say("replay.opened", **figures))
    out(say("replay.sent", rate=report.messages_per_second, **figures))
    out(say("replay.resends", **figures))
    out(say("replay.bytes", plaintext=report.plaintext_bytes, envelope=report.envelope_bytes, wire=report.wire_bytes))
    for failure in report.failures:
        out(say("replay.failed", error=failure))
    if report.sessions_left:
        out(say("replay.left", count=report.sessions_left))
    counts = ", ".join(f"{name} {count}" for name, count in report.findings.items())
    out(say("replay.same") if report.is_faithful else say("replay.differs", counts=counts))


def _language(arguments: Sequence[str]) -> str:
    early = ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--language")
    language = early.parse_known_args([word for word in arguments if word != "-"])[0].language
    return language if language in TEXTS else language_of_environment()


def _parser(say: Speaker) -> ArgumentParser:
    common = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    common.add_argument("--url", help=say("help.url", default=DEFAULT_URL))
    common.add_argument("--language", choices=sorted(TEXTS), help=say("help.language"))
    common.add_argument("--allow-http", action="store_true", help=say("help.allow_http"))
    parser = ArgumentParser("cbln", description=say("about"), parents=[common])
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[Namespace], int]) -> ArgumentParser:
        command = subparsers.add_parser(name, help=say(f"help.{name}"), parents=[common])
        command.set_defaults(run=run)
        if run is not replay:
            command.add_argument("--keep", type=Path, metavar="FILE", help=say("help.keep"))
        return command

    command = add("new", commands.new)
    command.add_argument("--days", type=int, choices=(1, 7, 30), default=30, help=say("help.days"))
    command.add_argument("--phrase-language", choices=sorted(TEXTS), help=say("help.phrase_language"))
    add("restore", commands.restore)
    command = add("send", commands.send)
    command.add_argument("text", nargs="?", metavar="TEXT", help=say("help.text"))
    command.add_argument("--outbox", type=Path, metavar="FILE", help=say("help.outbox"))
    command = add("read", commands.read)
    command.add_argument("--limit", type=_positive, default=50, metavar="N", help=say("help.limit"))
    command.add_argument("--follow-older", action="store_true", help=say("help.follow_older"))
    command = add("watch", commands.watch)
    command.add_argument("--interval", type=_positive, default=2, metavar="SECONDS", help=say("help.interval"))
    add("export", commands.export).add_argument("-o", "--output", type=Path, metavar="FILE", help=say("help.output"))
    add("erase", commands.erase).add_argument("--yes", action="store_true", help=say("help.yes"))
    _add_replay(say, add("replay", replay))
    return parser


def _add_replay(say: Speaker, command: ArgumentParser) -> None:
    command.add_argument("file", type=Path, metavar="FILE", help=say("help.file"))
    numbers = (("per-conversation", 40), ("parallel", 4), ("batch", 1), ("patience", 60))
    for name, default in numbers:
        help_text = f"{say('help.' + name.replace('-', '_'))} ({default})"
        command.add_argument(f"--{name}", type=_positive, default=default, metavar="N", help=help_text)
    command.add_argument("--lifetime", type=int, choices=(1, 7, 30), default=1, help=say("help.lifetime"))
    command.add_argument("--keep-sessions", action="store_true", help=say("help.keep_sessions"))
    command.add_argument("--json", action="store_true", help=say("help.json"))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("not positive")
    return number


if __name__ == "__main__":
    sys.exit(main())
