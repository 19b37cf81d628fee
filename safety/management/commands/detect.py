import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from safety.detection import Detector, load_bundle
from safety.detection.bundle import SHIPPED
from safety.services.releases import current_release

KEYS = ("level", "category", "rules", "bundle_version")


class Command(BaseCommand):
    help = "One {id, text} a line in, one {id, level, category, rules, bundle_version} a line out. Keeps nothing."
    requires_system_checks = []  # needs neither keys nor servers when a bundle is named

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="JSONL; - for the standard input")
        parser.add_argument(
            "--bundle", type=Path, help="a bundle's JSON (default: the published release, else the shipped bundle)"
        )
        parser.add_argument("--shipped", action="store_true", help="the shipped bundle, without asking the database")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            detector = Detector(self._bundle(options["bundle"] or (SHIPPED if options["shipped"] else None)))
            with sys.stdin if options["file"] == "-" else Path(options["file"]).open(encoding="utf-8") as source:
                for line in detections(source, detector):
                    self.stdout.write(line)
        except OSError as error:
            raise CommandError(str(error)) from None

    def _bundle(self, path: Path | None) -> dict[str, Any]:
        if path is not None:
            try:
                return load_bundle(path)
            except ValueError:
                raise CommandError(f"{path} is not JSON") from None
        try:
            release = current_release()
        except DatabaseError:
            self.stderr.write("The database cannot be asked: detecting with the shipped bundle.")
            release = None
        if release is None:
            return load_bundle()
        bundle: dict[str, Any] = json.loads(bytes(release.bundle))
        return bundle


def detections(source: TextIO, detector: Detector) -> Iterator[str]:
    """A JSON line for each line of `source`. CommandError names the line that is wrong, never its content."""
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            ident, text = entry["id"], entry["text"]
        except (ValueError, KeyError, TypeError):
            raise CommandError(f"line {number} is not an object with id and text") from None
        if not isinstance(text, str):
            raise CommandError(f"line {number}: text is not a string")
        found = detector.detect(text).as_dict()
        yield json.dumps({"id": ident} | {key: found[key] for key in KEYS}, ensure_ascii=False)
