"""Releases without the admin's buttons, above all signing on a machine that is not the web server:

publish_release --export 7 --output bundle.bin      on the server, once release 7 is approved
publish_release --sign bundle.bin --output 7.sig    on the other machine, with BUNDLE_SIGNING_KEY_FILE there
publish_release --import 7 --signature 7.sig        on the server
"""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from privacy.envelope import from_base64url, to_base64url
from safety import signature
from safety.models import LexiconRelease
from safety.services import releases
from safety.services.releases import ReleaseError
from safety.signature import SigningKeyError


class Command(BaseCommand):
    help = "Prepare, approve, export, sign and publish releases of the detection bundle."
    requires_system_checks = []  # signing happens where there is neither database nor field key

    def add_arguments(self, parser: CommandParser) -> None:
        act = parser.add_mutually_exclusive_group()
        act.add_argument(
            "--prepare", metavar="USERNAME", help="the lexicon as it is, in the name of this member of staff"
        )
        act.add_argument("--approve", type=int, metavar="VERSION", help="with --by; publishes if the key is here")
        act.add_argument("--export", type=int, metavar="VERSION", help="write the bytes to be signed")
        act.add_argument("--sign", type=Path, metavar="FILE", help="sign exported bytes with BUNDLE_SIGNING_KEY(_FILE)")
        act.add_argument("--import", type=int, metavar="VERSION", dest="imported", help="with --signature: publish")
        act.add_argument("--new-key", action="store_true", help="make a private key; prints its public key")
        parser.add_argument("--by", metavar="USERNAME", help="who approves")
        parser.add_argument("--note", default="", help="what changed")
        parser.add_argument("--output", type=Path, help="where to write")
        parser.add_argument("--signature", type=Path, help="what --sign wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        acts = {
            "prepare": self._prepare,
            "approve": self._approve,
            "export": self._export,
            "sign": self._sign,
            "imported": self._import,
            "new_key": self._new_key,
        }
        try:
            next((act for name, act in acts.items() if options[name]), self._list)(options)
        except (ReleaseError, SigningKeyError, OSError, ValueError) as error:
            raise CommandError(str(error)) from None

    def _list(self, options: dict[str, Any]) -> None:
        for release in LexiconRelease.objects.defer("bundle")[:20]:
            until = f"{release.not_after:%Y-%m-%d}"
            self.stdout.write(f"{release.version}  {release.state:9}  {release.keyword_count} keywords  until {until}")

    def _prepare(self, options: dict[str, Any]) -> None:
        release = releases.prepare_release(staff=_staff(options["prepare"]), note=options["note"])
        self.stdout.write(f"release {release.version} prepared, {release.keyword_count} keywords")

    def _approve(self, options: dict[str, Any]) -> None:
        release = releases.approve_release(version=options["approve"], staff=_staff(options["by"]))
        self.stdout.write(f"release {release.version}: {release.state}")

    def _export(self, options: dict[str, Any]) -> None:
        release = LexiconRelease.objects.filter(version=options["export"]).first()
        if release is None:
            raise ReleaseError("There is no such release.")
        _output(options).write_bytes(bytes(release.bundle))
        self.stdout.write(f"SHA-256 {release.digest.hex()}: compare it on the machine that signs")

    def _sign(self, options: dict[str, Any]) -> None:
        bundle = options["sign"].read_bytes()
        _output(options).write_text(to_base64url(signature.sign(bundle, private_key())) + "\n")
        self.stdout.write(f"SHA-256 {LexiconRelease.digest_of(bundle).hex()}: signed")

    def _import(self, options: dict[str, Any]) -> None:
        if options["signature"] is None:
            raise ReleaseError("Name the file with --signature.")
        signed = from_base64url(options["signature"].read_text().strip())
        release = releases.publish_signed(version=options["imported"], signed=signed)
        self.stdout.write(f"release {release.version} published, signed with key {release.signature_key_id}")

    def _new_key(self, options: dict[str, Any]) -> None:
        key, path = signature.new_private_key(), _output(options)
        # Created for its owner alone, and never over another key.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key + "\n")
        public = signature.public_key_of(key)
        self.stdout.write(f"BUNDLE_PUBLIC_KEYS={to_base64url(public)}\nkey id {signature.key_id(public)}")


def private_key() -> str:
    """The private key of this machine. Raises SigningKeyError."""
    if not settings.BUNDLE_SIGNING_KEY:
        raise SigningKeyError("Set BUNDLE_SIGNING_KEY or BUNDLE_SIGNING_KEY_FILE.")
    return str(settings.BUNDLE_SIGNING_KEY)


def _output(options: dict[str, Any]) -> Path:
    path: Path | None = options["output"]
    if path is None:
        raise ReleaseError("Name the file with --output.")
    return path


def _staff(username: str | None) -> Any:
    user = get_user_model().objects.filter(username=username or "", is_staff=True, is_active=True).first()
    if user is None:
        raise ReleaseError("There is no such member of staff.")
    return user
