"""The lexicon_releases table: bundles that clients detect with, as signed and published."""

import hashlib
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from privacy.envelope import to_base64url
from privacy.fields import DigestField, is_digest
from safety.signature import SIGNATURE_BYTES

ORIGINS = {"staff": _("staff"), "seed": _("installation")}


class ReleaseQuerySet(models.QuerySet["LexiconRelease"]):
    def published(self) -> Self:
        """Newest first. Clients are served the first; they refuse an expired one themselves."""
        return self.filter(published_at__isnull=False).order_by("-version")

    def awaiting_approval(self) -> Self:
        return self.filter(approved_at=None, discarded_at=None, published_at=None)


def _staff_key(column: str, label: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        db_column=column,
        related_name="+",
        verbose_name=label,
    )


class LexiconRelease(models.Model):
    """Prepared by one, approved by another, signed, published; never changed afterwards (a trigger holds that)."""

    version = models.IntegerField(_("version"), primary_key=True, editable=False)
    bundle = models.BinaryField(editable=False)  # canonical JSON in UTF-8
    bundle_digest = DigestField(editable=False)
    not_after = models.DateTimeField(_("valid until"), editable=False)
    origin = models.CharField(_("origin"), max_length=5, choices=list(ORIGINS.items()), editable=False)
    rolls_back_to = models.IntegerField(_("rolls back to"), null=True, editable=False)
    note = models.CharField(_("what changed"), max_length=500, blank=True, default="", editable=False)
    keyword_count = models.IntegerField(_("keywords"), editable=False)
    prepared_by = _staff_key("prepared_by", _("prepared by"))
    prepared_at = models.DateTimeField(_("prepared at"), db_default=Now(), editable=False)
    approved_by = _staff_key("approved_by", _("approved by"))
    approved_at = models.DateTimeField(_("approved at"), null=True, editable=False)
    discarded_at = models.DateTimeField(_("discarded at"), null=True, editable=False)
    signature = models.BinaryField(null=True, editable=False)
    signature_key_id = models.CharField(_("signed with key"), max_length=11, blank=True, default="", editable=False)
    published_at = models.DateTimeField(_("published at"), null=True, editable=False)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        db_table = "lexicon_releases"
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        ordering = ["-version"]
        default_permissions = ("add", "view")
        permissions = [("approve_lexiconrelease", "Can approve a release")]
        constraints = [
            models.CheckConstraint(condition=Q(version__gte=1), name="releases_version_is_positive"),
            models.CheckConstraint(condition=is_digest("bundle_digest"), name="releases_digest_is_a_digest"),
            models.CheckConstraint(
                condition=Q(origin="seed", prepared_by=None, approved_by=None)
                | Q(origin="staff", prepared_by__isnull=False),
                name="releases_have_an_author",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("prepared_by")), name="releases_need_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(signature=None) | Q(signature__octet_length=SIGNATURE_BYTES),
                name="releases_signature_length",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None)
                | (
                    Q(signature__isnull=False, discarded_at=None)
                    & (Q(origin="seed") | Q(approved_by__isnull=False, approved_at__isnull=False))
                ),
                name="releases_published_are_signed_and_approved",
            ),
        ]

    def __str__(self) -> str:
        return str(self.version)

    @property
    def state(self) -> str:
        if self.discarded_at:
            return "discarded"
        if self.published_at:
            return "expired" if self.not_after <= timezone.now() else "published"
        return "approved" if self.approved_at else "prepared"

    @property
    def etag(self) -> str:
        return f'"{self.version}-{to_base64url(self.digest[:12])}"'

    @property
    def digest(self) -> bytes:
        return bytes(self.bundle_digest)

    @staticmethod
    def digest_of(bundle: bytes) -> bytes:
        return hashlib.sha256(bundle).digest()
