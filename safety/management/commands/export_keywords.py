from typing import Any

from django.core.management.base import BaseCommand

from safety.services import lexicon


class Command(BaseCommand):
    help = "Write all keywords as CSV to the standard output."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(lexicon.export_keywords(), ending="")
