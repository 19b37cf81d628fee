"""The sessions table: who is talking, without knowing who."""

import uuid
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from privacy.digests import user_agent_digest
from privacy.fields import DigestField, is_digest, this

LIFETIMES_DAYS = (1, 7, 30)
LANGUAGES = ("vi", "en")


class SessionQuerySet(models.QuerySet["AnonymousSession"]):
    """The one definition of expiry. It holds from the moment by WHERE; the purge only makes room."""

    def live(self) -> Self:
        return self.filter(is_active=True, expires_at__gt=Now())

    def dead(self) -> Self:
        """Past their end, or closed by staff."""
        return self.exclude(is_active=True, expires_at__gt=Now())

    def for_token(self, token_digest: bytes) -> Self:
        return self.filter(session_token=token_digest)


class AnonymousSession(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session_token = DigestField(unique=True, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=this("hour"), editable=False)
    last_activity = models.DateTimeField(_("last activity"), db_default=this("hour"), editable=False)
    expires_at = models.DateTimeField(_("expires at"), editable=False)
    user_agent_hash = DigestField(null=True, editable=False)
    # Numbers are given once and never again, also after the newest message was deleted: a reader's cursor must not
    # skip one.
    last_seq = models.IntegerField(db_default=0, editable=False)
    language_preference = models.CharField(
        _("language"), max_length=2, db_default="vi", choices=[(code, code) for code in LANGUAGES]
    )
    is_active = models.BooleanField(_("open"), db_default=True)
    is_crisis_mode = models.BooleanField(_("crisis mode"), db_default=False)
    shares_signals = models.BooleanField(_("shares signals"), db_default=False)
    deleted_at = models.DateTimeField(_("closed at"), null=True, editable=False)

    objects = SessionQuerySet.as_manager()

    class Meta:
        db_table = "sessions"
        verbose_name = _("anonymous session")
        verbose_name_plural = _("anonymous sessions")
        indexes = [models.Index("expires_at", name="sessions_expires_at")]
        constraints = [
            models.CheckConstraint(condition=is_digest("session_token"), name="sessions_token_is_a_digest"),
            models.CheckConstraint(
                condition=Q(user_agent_hash=None) | is_digest("user_agent_hash"), name="sessions_user_agent_is_a_digest"
            ),
            models.CheckConstraint(
                condition=Q(created_at__seconds_past_hour=0, last_activity__seconds_past_hour=0),
                name="sessions_times_are_whole_hours",
            ),
            models.CheckConstraint(
                # No lower bound: an operator may end a session at any moment with a plain UPDATE.
                condition=Q(expires_at__lte=F("created_at") + timedelta(days=max(LIFETIMES_DAYS))),
                name="sessions_live_at_most_30_days",
            ),
            models.CheckConstraint(condition=Q(language_preference__in=LANGUAGES), name="sessions_language_is_known"),
            models.CheckConstraint(condition=Q(last_seq__gte=0), name="sessions_seq_is_not_negative"),
            models.CheckConstraint(
                condition=Q(is_active=True, deleted_at=None) | Q(is_active=False, deleted_at__isnull=False),
                name="sessions_closed_have_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def close(self) -> None:
        """Staff end a session for abuse: refused from now on, purged within the hour."""
        self.is_active = False
        self.deleted_at = Now()
        self.save(update_fields=["is_active", "deleted_at"])

    def is_other_device(self, user_agent: str) -> bool | None:
        """Whether another kind of device asks than the one that opened the session; None if either did not say."""
        digest = user_agent_digest(self.id, user_agent)
        if digest is None or self.user_agent_hash is None:
            return None
        return digest != bytes(self.user_agent_hash)
