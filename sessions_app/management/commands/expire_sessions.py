from typing import Any

from django.core.management.base import BaseCommand

from privacy.progress import progress_bar
from sessions_app import services


class Command(BaseCommand):
    help = "Delete every session past its end. The scheduled job does the same; running both at once is safe."

    def handle(self, *args: Any, **options: Any) -> None:
        done = services.expire_sessions(on_progress=progress_bar())
        self.stdout.write(f"{done} sessions deleted")
