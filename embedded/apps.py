import os

from django.apps import AppConfig

from embedded.postgres import binaries


class EmbeddedConfig(AppConfig):
    name = "embedded"

    def ready(self) -> None:
        """Let `dbshell` and backups find psql and pg_dump of the version that runs, not the system's older ones."""
        if directory := binaries():
            os.environ["PATH"] = f"{directory}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
