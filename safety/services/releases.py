"""Releases: prepared by one, approved by another, signed with a key that may be elsewhere, published, never changed."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from privacy.serializers import utc
from safety import signature
from safety.detection import Detector, load_bundle
from safety.detection.bundle import SHIPPED, canonical
from safety.models import BlockedKeyword, CrisisResource, LexiconRelease
from safety.services.lexicon import bundle_lexicon

VALID_DAYS = 90
VECTORS = SHIPPED.parent.parent / "vectors"
# Where the parts that staff do not write come from: tables, rules, concepts and the model of the shipped bundle.
_SHIPPED_PARTS = ("format", "tables", "rules", "concepts", "model")
_LOCK = 0x5AFE02


class ReleaseError(Exception):
    """A step a release cannot take. The text is for staff."""


def current_release() -> LexiconRelease | None:
    """What clients are served: the highest published version, expired or not (they check `not_after` themselves)."""
    return LexiconRelease.objects.published().first()


def current_version() -> int | None:
    return LexiconRelease.objects.published().values_list("version", flat=True).first()


def build_bundle(*, version: int, not_after: datetime) -> dict[str, Any]:
    """The bundle of the lexicon and hotlines as they are now."""
    shipped = load_bundle()
    return {name: shipped.get(name) for name in _SHIPPED_PARTS} | {
        "version": version,
        "not_after": utc(not_after),
        "lexicon": bundle_lexicon(BlockedKeyword.objects.active()),
        "resources": [resource_entry(resource) for resource in CrisisResource.objects.visible()],
        "vectors_sha256": vectors_digest(),
    }


def resource_entry(resource: CrisisResource) -> dict[str, Any]:
    """A hotline as clients get it, in the bundle and from the API."""
    if resource.expires_at is None:
        raise ValueError("only a verified hotline is shown")
    return {
        "name": {"vi": resource.name, "en": resource.name_en or resource.name},
        "number": resource.number,
        "languages": resource.languages,
        "audience": {"vi": resource.audience, "en": resource.audience_en or resource.audience},
        "hours": resource.hours,
        "cost": resource.cost,
        "minimum_level": resource.minimum_level,
        "expires_at": utc(resource.expires_at),
    }


def vectors_digest() -> str:
    """SHA-256 (hex) over the shared vectors' files by name; that of nothing where there are none."""
    digest = hashlib.sha256()
    for path in sorted(VECTORS.glob("*.json")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _next_version() -> int:
    """One more than the highest there ever was. Held by a lock until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    highest: int = LexiconRelease.objects.aggregate(highest=Max("version"))["highest"] or 0
    return highest + 1


def _create(bundle: dict[str, Any], *, not_after: datetime, **columns: Any) -> LexiconRelease:
    content = canonical(bundle)
    Detector(json.loads(content))  # a bundle the engine cannot read must not become a release
    return LexiconRelease.objects.create(
        version=bundle["version"],
        bundle=content,
        bundle_digest=LexiconRelease.digest_of(content),
        not_after=not_after,
        keyword_count=len(bundle["lexicon"]["rows"]),
        **columns,
    )


@transaction.atomic
def prepare_release(*, staff: Any, note: str = "") -> LexiconRelease:
    """The lexicon and hotlines of this moment as the next version, for another member of staff to approve."""
    version, not_after = _next_version(), timezone.now() + timedelta(days=VALID_DAYS)
    bundle = build_bundle(version=version, not_after=not_after)
    return _create(bundle, not_after=not_after, origin="staff", prepared_by=staff, note=note)


@transaction.atomic
def prepare_rollback(*, staff: Any, to_version: int) -> LexiconRelease:
    """The content of an earlier published version as a new one: clients never take an older number.

    Hotlines are today's, not that day's: a number that was rejected since must not come back.
    """
    earlier = LexiconRelease.objects.published().filter(version=to_version).first()
    if earlier is None:
        raise ReleaseError(_("Only a published release can be rolled back to."))
    version, not_after = _next_version(), timezone.now() + timedelta(days=VALID_DAYS)
    bundle = json.loads(bytes(earlier.bundle)) | {
        "version": version,
        "not_after": utc(not_after),
        "resources": [resource_entry(resource) for resource in CrisisResource.objects.visible()],
    }
    return _create(bundle, not_after=not_after, origin="staff", prepared_by=staff, rolls_back_to=to_version)


def _locked(version: int) -> LexiconRelease:
    release = LexiconRelease.objects.select_for_update().filter(version=version).first()
    if release is None:
        raise ReleaseError(_("There is no such release."))
    return release


@transaction.atomic
def approve_release(*, version: int, staff: Any) -> LexiconRelease:
    """A second member of staff approves; with the signing key on this server it is signed and published at once."""
    release = _locked(version)
    if release.state != "prepared":
        raise ReleaseError(_("This release was decided on already."))
    if release.prepared_by_id == staff.pk:
        raise ReleaseError(_("Who prepared a release cannot approve it."))
    release.approved_by, release.approved_at = staff, timezone.now()
    release.save(update_fields=["approved_by", "approved_at"])
    if settings.BUNDLE_SIGNING_KEY:
        _publish(release, signature.sign(bytes(release.bundle), settings.BUNDLE_SIGNING_KEY))
    return release


@transaction.atomic
def discard_release(*, version: int) -> LexiconRelease:
    """Give a release up before it is published. Its number is not used again."""
    release = _locked(version)
    if release.state not in ("prepared", "approved"):
        raise ReleaseError(_("This release was decided on already."))
    release.discarded_at = timezone.now()
    release.save(update_fields=["discarded_at"])
    return release


@transaction.atomic
def publish_signed(*, version: int, signed: bytes) -> LexiconRelease:
    """Publish an approved release with a signature made on another machine."""
    release = _locked(version)
    if release.state != "approved":
        raise ReleaseError(_("Only an approved release that is not published yet can be."))
    _publish(release, signed)
    return release


def _publish(release: LexiconRelease, signed: bytes) -> None:
    key_id = signature.signer_of(bytes(release.bundle), signed)
    if key_id is None:
        raise ReleaseError(_("The signature is not one of a trusted key over this release."))
    newest = current_version()
    if newest is not None and newest > release.version:
        raise ReleaseError(_("A newer release is published. Prepare this one anew."))
    release.signature, release.signature_key_id, release.published_at = signed, key_id, timezone.now()
    release.save(update_fields=["signature", "signature_key_id", "published_at"])


@transaction.atomic
def seed_release() -> LexiconRelease | None:
    """The first release of a new installation, from the shipped lexicon, signed with the installation's own key.

    None if there are releases already, or no signing key here. Nobody approved it: `origin` says so, and its
    signature proves no more than that it came from this installation.
    """
    version = _next_version()
    if version > 1 or not settings.BUNDLE_SIGNING_KEY:
        return None
    not_after = timezone.now() + timedelta(days=VALID_DAYS)
    release = _create(build_bundle(version=version, not_after=not_after), not_after=not_after, origin="seed")
    _publish(release, signature.sign(bytes(release.bundle), settings.BUNDLE_SIGNING_KEY))
    return release
