from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from safety.at_rest import FieldKeysError
from safety.services import reports


class Command(BaseCommand):
    help = "How good detection is, per group and language, with intervals, regressions and time; or what to learn from."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=("text", "json", "html"), default="text")
        parser.add_argument("--output", type=Path, help="a file instead of the standard output")
        parser.add_argument(
            "--release", type=int, metavar="VERSION", help="of this release (default: the published one)"
        )
        parser.add_argument(
            "--against", type=int, metavar="VERSION", help="name what got worse; exit 1 if the gate refuses"
        )
        parser.add_argument(
            "--mine", action="store_true", help="phrases that would catch verified misses without new false alarms"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        bundle = self._bundle(options["release"])
        if options["mine"]:
            self._mine(bundle)
            return
        found = reports.report(bundle)
        other = None if options["against"] is None else self._bundle(options["against"])
        against = None if other is None else reports.compare(reports.report(other), found)
        spell = {"text": reports.as_text, "json": reports.as_json, "html": reports.as_html}[options["format"]]
        self._write(spell(found, against), options["output"])
        if against and against["refusals"]:
            raise CommandError("The release gate refuses this bundle.")

    def _bundle(self, version: int | None) -> dict[str, Any]:
        bundle = reports.current_bundle() if version is None else reports.bundle_of(version)
        if bundle is None:
            raise CommandError(f"There is no release {version}.")
        return bundle

    def _mine(self, bundle: dict[str, Any]) -> None:
        try:
            proposals = reports.mine_verified(bundle)
        except FieldKeysError as error:
            raise CommandError(str(error)) from None
        for proposal in proposals:
            self.stdout.write(f"{proposal.phrase}\t{len(proposal.catches)}")
        self.stderr.write(f"{len(proposals)} phrases. Try each in the keyword form before you take it.")

    def _write(self, text: str, output: Path | None) -> None:
        if output is None:
            self.stdout.write(text)
        else:
            output.write_text(text + "\n", encoding="utf-8")
            self.stdout.write(str(output))
