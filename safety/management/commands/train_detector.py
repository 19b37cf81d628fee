from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from safety.training.__main__ import train_detector
from safety.training.bundle import DATA


class Command(BaseCommand):
    help = "Train the learned model from the corpus and write the shipped bundle, byte for byte the same each time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--corpus", type=Path, help="folder of JSONL files, one an author (default: the shipped one)"
        )
        parser.add_argument("--target", type=Path, default=DATA, help="folder for bundle.json")
        parser.add_argument(
            "--recalibrate", action="store_true", help="leave each author out and set the thresholds anew (minutes)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        content = train_detector(corpus=options["corpus"], target=options["target"], recalibrate=options["recalibrate"])
        self.stdout.write(f"{options['target'] / 'bundle.json'}: {len(content)} bytes")
