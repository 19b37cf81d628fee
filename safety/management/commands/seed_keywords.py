from typing import Any

from django.core.management.base import BaseCommand

from safety.services import lexicon


class Command(BaseCommand):
    help = "Add the shipped lexicon's keywords that are missing. What staff changed stays; run it as often as you like."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{lexicon.seed_keywords()} keywords added")
