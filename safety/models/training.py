"""The training_data and training_donations tables: examples to learn from, sealed at rest, never tied to a session."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from privacy.fields import DigestField, SecondsPastHour, is_digest, this
from safety.at_rest import FieldKeysError, SealedIV, SealedTextField, is_sealed, key_id_of
from safety.models.keywords import LANGUAGES, SEVERITIES

SOURCES = {"donation": _("donation"), "written": _("written for training"), "import": _("imported")}
AGE_GROUPS = {"under_13": _("under 13"), "13_15": "13–15", "16_18": "16–18", "19_24": "19–24", "over_24": _("over 24")}
SCHOOL_TYPES = {
    "primary": _("primary school"),
    "lower_secondary": _("lower secondary school"),
    "upper_secondary": _("upper secondary school"),
    "vocational": _("vocational school"),
    "university": _("university"),
    "none": _("not at school"),
}
LOCATIONS = {"north": _("North"), "centre": _("Centre"), "south": _("South"), "abroad": _("abroad")}
MAX_TEXT_CHARACTERS = 2000


@models.DateTimeField.register_lookup
class SecondsPastDay(SecondsPastHour):
    lookup_name = "seconds_past_day"
    template = "mod(extract(epoch from %(expressions)s), 86400)"


class TrainingDataQuerySet(models.QuerySet["TrainingData"]):
    def undecided(self) -> Self:
        """What waits for staff. Donations wait for the end of their grace period first (`is_active` false)."""
        return self.filter(is_active=True, is_verified=False)

    def open_to(self, staff: Any) -> Self:
        """Undecided rows on which this member of staff has not spoken yet."""
        return self.undecided().exclude(labelled_by=staff).exclude(disputed_by=staff)

    def verified(self) -> Self:
        return self.filter(is_active=True, is_verified=True)

    def sealed_otherwise(self, key_id: int) -> Self:
        """Rows sealed with another key than this one."""
        return self.exclude(content_encrypted__key_id=key_id)

    def newest_of_each_key(self) -> Self:
        return self.order_by("content_encrypted__key_id", "-id").distinct("content_encrypted__key_id")


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


class TrainingData(models.Model):
    """One example. `labelled_by` gave `crisis_level`; a second person agrees, or gives `disputed_level` and a third
    decides. The words are in `content_encrypted` alone, and `open_content` is the only way to them."""

    row_uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.CharField(_("source"), max_length=8, choices=list(SOURCES.items()), editable=False)
    source_id = models.CharField(_("id in the source"), max_length=64, blank=True, default="", editable=False)
    language = models.CharField(_("language"), max_length=2, choices=list(LANGUAGES.items()), editable=False)
    content_encrypted = SealedTextField(editable=False)
    encryption_iv = models.GeneratedField(
        expression=SealedIV("content_encrypted"), output_field=models.BinaryField(), db_persist=True
    )
    sentiment = models.FloatField(_("sentiment"), null=True, editable=False)
    emotion_tags = ArrayField(models.CharField(max_length=32), default=list, editable=False)
    crisis_level = models.CharField(
        _("level"), max_length=8, blank=True, default="", choices=list(SEVERITIES.items()), editable=False
    )
    age_group = models.CharField(
        _("age group"), max_length=8, blank=True, default="", choices=list(AGE_GROUPS.items()), editable=False
    )
    school_type = models.CharField(
        _("school"), max_length=15, blank=True, default="", choices=list(SCHOOL_TYPES.items()), editable=False
    )
    location = models.CharField(
        _("region"), max_length=6, blank=True, default="", choices=list(LOCATIONS.items()), editable=False
    )
    labelled_by = _staff_key("labelled_by", _("labelled by"))
    disputed_by = _staff_key("disputed_by", _("disputed by"))
    disputed_level = models.CharField(
        _("other opinion"), max_length=8, blank=True, default="", choices=list(SEVERITIES.items()), editable=False
    )
    is_verified = models.BooleanField(_("verified"), default=False, editable=False)
    verified_by = _staff_key("verified_by", _("verified by"))
    verified_at = models.DateTimeField(_("verified at"), null=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("received on"), db_default=this("day"), editable=False)
    updated_at = models.DateTimeField(_("updated on"), db_default=this("day"), editable=False)

    objects = TrainingDataQuerySet.as_manager()
    # Neither words nor ciphertext: history would outlive a withdrawal and a rotation of keys.
    history = HistoricalRecords(
        table_name="training_data_history",
        excluded_fields=["content_encrypted", "encryption_iv", "row_uuid"],
        verbose_name=_("change of an example"),
    )

    # Read by django-simple-history from the instance.
    _history_user: Any
    skip_history_when_saving: bool

    class Meta:
        db_table = "training_data"
        verbose_name = _("training example")
        verbose_name_plural = _("training examples")
        default_permissions = ("view", "change")
        permissions = [
            ("verify_trainingdata", "Can read and verify training examples"),
            ("export_trainingdata", "Can export verified training examples"),
        ]
        indexes = [models.Index("id", name="training_undecided", condition=Q(is_active=True, is_verified=False))]
        constraints = [
            models.UniqueConstraint(
                "source", "source_id", name="training_source_id_is_unique", condition=~Q(source_id="")
            ),
            models.CheckConstraint(condition=is_sealed("content_encrypted"), name="training_content_is_sealed"),
            models.CheckConstraint(
                condition=Q(created_at__seconds_past_day=0, updated_at__seconds_past_day=0),
                name="training_times_are_whole_days",
            ),
            models.CheckConstraint(condition=Q(source__in=list(SOURCES)), name="training_source_is_known"),
            models.CheckConstraint(condition=Q(language__in=list(LANGUAGES)), name="training_language_is_known"),
            models.CheckConstraint(
                condition=Q(crisis_level__in=["", *SEVERITIES], disputed_level__in=["", *SEVERITIES]),
                name="training_level_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    age_group__in=["", *AGE_GROUPS], school_type__in=["", *SCHOOL_TYPES], location__in=["", *LOCATIONS]
                ),
                name="training_groups_are_known",
            ),
            models.CheckConstraint(
                condition=Q(sentiment=None) | Q(sentiment__range=(-1, 1)), name="training_sentiment_range"
            ),
            models.CheckConstraint(
                condition=(Q(verified_by=None) | Q(labelled_by=None) | ~Q(verified_by=F("labelled_by")))
                & (Q(verified_by=None) | Q(disputed_by=None) | ~Q(verified_by=F("disputed_by"))),
                name="training_needs_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(is_verified=False)
                | (Q(verified_by__isnull=False, verified_at__isnull=False) & ~Q(crisis_level="")),
                name="training_verified_has_a_verifier",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def key_id(self) -> int:
        return key_id_of(bytes(self.content_encrypted))

    def seal_content(self, text: str) -> None:
        """Set the words; the caller saves. Raises FieldKeysError."""
        content_field.seal_text(self, text)

    def open_content(self) -> str:
        """The words. Raises FieldKeysError."""
        return content_field.open_text(self)

    def opens(self) -> bool:
        try:
            self.open_content()
        except FieldKeysError:
            return False
        return True

    @property
    def stage(self) -> str:
        """What it waits for: 'label', 'second', 'third', or 'verified'."""
        if self.is_verified:
            return "verified"
        if not self.crisis_level:
            return "label"
        return "third" if self.disputed_by_id else "second"


content_field: SealedTextField = TrainingData._meta.get_field("content_encrypted")


class DonationQuerySet(models.QuerySet["TrainingDonation"]):
    def past_grace(self, days: int) -> Self:
        """Unaccepted ones whose giver had `days` whole days to think again."""
        return self.filter(accepted_at=None, received_at__lte=Now() - timedelta(days=days))


class TrainingDonation(models.Model):
    """The way back from a withdrawal code to the example given. Of who gave it there is nothing here."""

    training_data = models.OneToOneField(
        TrainingData, on_delete=models.CASCADE, primary_key=True, related_name="donation"
    )
    withdrawal_digest = DigestField(unique=True)
    received_at = models.DateTimeField(db_default=this("day"))
    accepted_at = models.DateTimeField(null=True)

    objects = DonationQuerySet.as_manager()

    class Meta:
        db_table = "training_donations"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=is_digest("withdrawal_digest"), name="donations_code_is_a_digest"),
            models.CheckConstraint(condition=Q(received_at__seconds_past_day=0), name="donations_time_is_a_day"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
