from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from safety.services import lexicon


class Command(BaseCommand):
    help = "Take a CSV of keywords in, all or nothing; every bad row is named."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = options["file"].read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']}: {error}") from None
        result = lexicon.import_keywords(text=text, staff=None, is_dry_run=options["dry_run"])
        for line, reason in result.errors:
            self.stderr.write(f"line {line}: {reason}")
        if result.errors:
            raise CommandError(f"{len(result.errors)} bad rows. Nothing was changed.")
        tense = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{len(result.added)} {tense}added, {len(result.changed)} {tense}changed, {result.unchanged} unchanged"
        )
