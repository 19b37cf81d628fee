from typing import Any

from django.core.management.base import BaseCommand

from messaging import services


class Command(BaseCommand):
    help = "Delete messages and contexts past an end of their own. The scheduled job does the same."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{services.expire_messages()} rows deleted")
