from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from privacy.progress import progress_bar
from safety import at_rest
from safety.at_rest import FieldKeysError, KeyRing
from safety.services import field_keys


class Command(BaseCommand):
    help = (
        "Seal training data anew with the first key of CBLN_FIELD_KEYS. Put the new key in front, restart, run this, "
        "then remove the old key. May be stopped and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count only")
        parser.add_argument("--new-key", action="store_true", help="print a key to put in front of CBLN_FIELD_KEYS")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(**options)
        except FieldKeysError as error:
            raise CommandError(str(error)) from None

    def _run(self, *, dry_run: bool, new_key: bool, **_options: Any) -> None:
        if new_key:
            self.stdout.write(at_rest.new_key(max(KeyRing.current().keys) + 1))
        elif dry_run:
            self.stdout.write(f"{field_keys.count_old()} rows would be sealed anew")
        else:
            done = field_keys.rotate_field_keys(on_progress=progress_bar())
            self.stdout.write(f"{done} rows sealed anew with key {KeyRing.current().writes_with}")
