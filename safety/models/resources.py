"""The crisis_resources table: hotlines. A wrong number harms someone in danger: none is shown unverified."""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from safety.models.keywords import LANGUAGES, SEVERITIES

COSTS = {"free": _("free of charge"), "paid": _("charged"), "unknown": _("not known")}
LEVELS = {level: name for level, name in SEVERITIES.items() if level not in ("none", "low")}
VERIFIED_DAYS = 90
WARNING_DAYS = 14


class ResourceQuerySet(models.QuerySet["CrisisResource"]):
    def visible(self) -> Self:
        """The one definition of what users may be shown."""
        return self.filter(is_active=True, is_rejected=False, verified_at__isnull=False, expires_at__gt=Now())

    def for_language(self, language: str) -> Self:
        return self.filter(languages__contains=[language])

    def for_level(self, level: str) -> Self:
        """Those meant for `level` or anything less severe."""
        known = list(LEVELS)
        return self.filter(minimum_level__in=known[: known.index(level) + 1])

    def due(self) -> Self:
        """Active ones whose verification ends within WARNING_DAYS or has ended."""
        return self.filter(is_active=True, expires_at__lte=Now() + timedelta(days=WARNING_DAYS))


class CrisisResource(models.Model):
    id = models.AutoField(primary_key=True)
    name = models.CharField(_("name"), max_length=160)
    name_en = models.CharField(_("name in English"), max_length=160, blank=True, default="")
    number = models.CharField(_("number"), max_length=32, unique=True)
    languages = ArrayField(models.CharField(max_length=2), verbose_name=_("languages spoken"), default=list)
    audience = models.CharField(_("for whom"), max_length=200, blank=True, default="")
    audience_en = models.CharField(_("for whom, in English"), max_length=200, blank=True, default="")
    hours = models.CharField(_("hours"), max_length=120, blank=True, default="")
    cost = models.CharField(_("cost"), max_length=7, choices=list(COSTS.items()), default="unknown")
    minimum_level = models.CharField(
        _("shown from level"), max_length=8, choices=list(LEVELS.items()), default="medium"
    )
    sort_order = models.SmallIntegerField(_("order"), default=100)
    source = models.TextField(_("source"), blank=True, default="")
    note = models.TextField(_("note for staff"), blank=True, default="")
    is_active = models.BooleanField(_("active"), default=False)
    is_rejected = models.BooleanField(
        _("never to be shown"), default=False, help_text=_("A wrong or harmful number, kept so that nobody adds it.")
    )
    verified_at = models.DateTimeField(_("verified at"), null=True, editable=False)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        db_column="verified_by",
        related_name="+",
        verbose_name=_("verified by"),
    )
    expires_at = models.DateTimeField(_("verification ends"), null=True, editable=False)

    objects = ResourceQuerySet.as_manager()
    history = HistoricalRecords(table_name="crisis_resources_history", verbose_name=_("change of a hotline"))

    class Meta:
        db_table = "crisis_resources"
        verbose_name = _("hotline")
        verbose_name_plural = _("hotlines")
        ordering = ["sort_order", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_active=False)
                | Q(is_rejected=False, verified_at__isnull=False, expires_at__isnull=False),
                name="resources_active_are_verified",
                violation_error_message=_("Only a verified hotline can be active, and a rejected one never."),
            ),
            models.CheckConstraint(
                condition=Q(languages__contained_by=list(LANGUAGES)), name="resources_languages_are_known"
            ),
            models.CheckConstraint(condition=Q(cost__in=list(COSTS)), name="resources_cost_is_known"),
            models.CheckConstraint(condition=Q(minimum_level__in=list(LEVELS)), name="resources_level_is_known"),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[0-9()+ ]{3,32}$"),
                name="resources_number_is_a_number",
                violation_error_message=_("Digits, spaces, brackets and + only."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"

    @property
    def urgency(self) -> str:
        """'expired', 'due' or '' for the colour in the list."""
        if not self.is_active or self.expires_at is None:
            return ""
        if self.expires_at <= timezone.now():
            return "expired"
        return "due" if self.expires_at <= timezone.now() + timedelta(days=WARNING_DAYS) else ""

    def verify(self, *, staff: Any) -> None:
        """A member of staff has telephoned: the number may be shown for VERIFIED_DAYS."""
        self.verified_at = timezone.now()
        self.verified_by = staff
        self.expires_at = self.verified_at + timedelta(days=VERIFIED_DAYS)
        self.is_active = True
        self._history_user = staff
        self.save(update_fields=["verified_at", "verified_by", "expires_at", "is_active"])
