from typing import Any

from django.core.management.base import BaseCommand

from monitoring import services
from safety.services.seed import seed as seed_safety

USERNAME = "admin"


class Command(BaseCommand):
    help = "Fill an empty installation with what it needs to be used. Changes nothing that is there already."

    def handle(self, *args: Any, **options: Any) -> None:
        for line in seed_safety():
            self.stdout.write(f"Added: {line}")
        password = services.create_first_staff(username=USERNAME)
        if password is not None:
            self.stdout.write(
                f"Staff account '{USERNAME}' created. One-time password, shown only now: {password}\n"
                "Sign in at /admin/ and choose your own. Lost it? manage.py changepassword admin"
            )
