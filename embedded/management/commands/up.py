from typing import Any

from django.core.management.base import BaseCommand, CommandError

from embedded.layout import Layout
from embedded.process import RefusalError
from embedded.supervisor import Supervisor, port_from_env


class Command(BaseCommand):
    help = "Start PostgreSQL, Valkey, the web server, the worker and beat; stop them all with Ctrl-C."
    requires_system_checks = []  # they may need the database, which does not run yet; `migrate` and `seed` check

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            Supervisor(Layout.from_env(), port_from_env()).run()
        except RefusalError as refusal:
            raise CommandError(str(refusal)) from refusal
