from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from safety.at_rest import FieldKeysError
from safety.services import training


class Command(BaseCommand):
    help = "Write verified training examples as JSON lines to the standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-groups", action="store_true", help="leave out age, school and region")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for line in training.export_rows(without_groups=options["without_groups"]):
                self.stdout.write(line)
        except training.ExportRefusedError as refusal:
            for *group, rows in refusal.groups:
                self.stderr.write(f"{' · '.join(name or '—' for name in group)}: {rows} rows")
            raise CommandError(f"{refusal} They would single people out. Nothing was written.") from None
        except FieldKeysError as error:
            raise CommandError(str(error)) from None
