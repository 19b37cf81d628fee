"""The blocked_keywords table: phrases of the detection lexicon. Nothing is ever blocked by them, whatever the name."""

from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

KINDS = {"signal": _("signal"), "allow": _("allow phrase"), "context": _("context word")}
SEVERITIES = {
    "none": _("none"),
    "low": _("low"),
    "medium": _("medium"),
    "high": _("high"),
    "critical": _("critical"),
}
LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
FOLDS = {"auto": _("with or without diacritics"), "never": _("exactly these diacritics")}
MIN_INSIDE_LETTERS = 5
models.CharField.register_lookup(Length)  # keyword__length, for a CHECK below
# What a spreadsheet takes for a formula when staff open an export.
FORMULA_SIGNS = ("=", "+", "-", "@")


class KeywordQuerySet(models.QuerySet["BlockedKeyword"]):
    def active(self) -> Self:
        """What the next release contains, in the order it is written."""
        return self.filter(is_active=True).order_by("id")


class BlockedKeyword(models.Model):
    id = models.AutoField(primary_key=True)
    keyword = models.CharField(_("keyword"), max_length=200)
    kind = models.CharField(_("kind"), max_length=7, choices=list(KINDS.items()), default="signal")
    category = models.CharField(_("category"), max_length=32)
    severity = models.CharField(_("severity"), max_length=8, choices=list(SEVERITIES.items()), default="none")
    language = models.CharField(_("language"), max_length=2, choices=list(LANGUAGES.items()), default="vi")
    is_exact_match = models.BooleanField(
        _("whole words"), default=True, help_text=_("Off: also inside a longer word; at least five letters.")
    )
    is_case_sensitive = models.BooleanField(_("case matters"), default=False)
    fold = models.CharField(_("diacritics"), max_length=5, choices=list(FOLDS.items()), default="auto")
    is_ambiguous = models.BooleanField(
        _("ambiguous"), default=False, help_text=_("Counts only with a wish or a first person near it.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    note = models.CharField(_("note"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("updated at"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        db_column="created_by",
        related_name="+",
        verbose_name=_("created by"),
    )

    objects = KeywordQuerySet.as_manager()
    history = HistoricalRecords(table_name="blocked_keywords_history", verbose_name=_("change of a keyword"))

    class Meta:
        db_table = "blocked_keywords"
        verbose_name = _("keyword")
        verbose_name_plural = _("keywords")
        indexes = [models.Index("kind", "category", "severity", name="keywords_kind_category")]
        constraints = [
            models.UniqueConstraint(
                "language",
                "kind",
                "category",
                "keyword",
                name="keywords_are_unique",
                violation_error_message=_("This keyword is there already, with the same language, kind and category."),
            ),
            models.CheckConstraint(condition=Q(kind__in=list(KINDS)), name="keywords_kind_is_known"),
            models.CheckConstraint(condition=Q(severity__in=list(SEVERITIES)), name="keywords_severity_is_known"),
            models.CheckConstraint(condition=Q(language__in=list(LANGUAGES)), name="keywords_language_is_known"),
            models.CheckConstraint(condition=Q(fold__in=list(FOLDS)), name="keywords_fold_is_known"),
            models.CheckConstraint(
                condition=Q(kind="signal") | Q(severity="none"),
                name="keywords_only_signals_are_severe",
                violation_error_message=_("Only a signal has a severity."),
            ),
            models.CheckConstraint(
                condition=~Q(keyword="") & ~Q(keyword__contains="  "), name="keywords_have_single_spaces"
            ),
            models.CheckConstraint(
                condition=Q(is_exact_match=True) | Q(keyword__length__gte=MIN_INSIDE_LETTERS),
                name="keywords_inside_words_are_long",
                violation_error_message=_("A keyword that is also found inside words needs five letters."),
            ),
        ]

    def __str__(self) -> str:
        return self.keyword

    def clean(self) -> None:
        self.keyword = " ".join(self.keyword.split())
        for name in ("keyword", "note"):
            value = getattr(self, name)
            if value.startswith(FORMULA_SIGNS) or not value.isprintable():
                raise ValidationError({name: _("No control characters, and none of = + - @ at the beginning.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.updated_at = Now()
        super().save(*args, **kwargs)
