from typing import Any

from django.core.management.base import BaseCommand

from privacy.progress import progress_bar
from safety.services import donations


class Command(BaseCommand):
    help = "Let staff see donations whose grace period is over. The scheduled job does the same."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{donations.accept_donations(on_progress=progress_bar())} donations accepted")
