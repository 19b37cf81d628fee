"""What a session holds: sealed messages, a sealed context, sealed feedback."""

import hashlib
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from privacy.envelope import to_base64url
from privacy.fields import CiphertextField, EnvelopeIV, IVField, IVKey, IVNumber, is_envelope, this
from sessions_app.models import AnonymousSession

ROLES = ("user", "ai", "staff")
CATEGORIES = ("helpful", "easy", "safe", "problem", "other")
# What JavaScript holds exactly; the envelope's own field is wider.
MAX_INTEGER = 2**53 - 1
MAX_PROCESSING_MS = 3_600_000
MAX_TAGS = 8


class ExpiringQuerySet(models.QuerySet[Any]):
    """Rows that may end before their session does (`expires_at` NULL: with the session)."""

    def expired(self) -> Self:
        return self.filter(expires_at__lte=Now())

    def unexpired(self) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()))

    def of_token(self, token_digest: bytes) -> Self:
        """Rows of the live session of this token."""
        return self.filter(session__in=AnonymousSession.objects.live().for_token(token_digest))


class Message(models.Model):
    """A sealed message. Rows are written and listed by hot_path.py alone.

    The columns from `model_used` to `is_crisis_detected` are NULL unless the user switched `shares_signals` on.
    """

    pk = models.CompositePrimaryKey("session_id", "id")
    session = models.ForeignKey(AnonymousSession, on_delete=models.DB_CASCADE, db_index=False, related_name="messages")
    id = models.UUIDField()
    client_seq = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=this("minute"))
    seq = models.IntegerField()
    role = models.CharField(max_length=5, choices=[(role, role) for role in ROLES])
    content_encrypted = CiphertextField()
    encryption_iv = models.GeneratedField(
        expression=EnvelopeIV("content_encrypted"), output_field=IVField(), db_persist=True
    )
    model_used = models.CharField(max_length=64, null=True)  # noqa: DJ001 - NULL means "not shared", which is not ""
    processing_time_ms = models.IntegerField(null=True)
    sentiment_score = models.FloatField(null=True)
    emotion_tags = ArrayField(models.CharField(max_length=32), null=True)
    is_crisis_detected = models.BooleanField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = ExpiringQuerySet.as_manager()

    class Meta:
        db_table = "messages"
        indexes: ClassVar[list[models.Index]] = [
            models.Index("expires_at", name="messages_expires_at", condition=Q(expires_at__isnull=False)),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("session", "seq", name="messages_seq_is_unique"),
            models.UniqueConstraint(IVKey("session", IVNumber("encryption_iv")), name="messages_iv_is_unique"),
            models.CheckConstraint(condition=is_envelope("content_encrypted"), name="messages_content_is_an_envelope"),
            models.CheckConstraint(condition=Q(id__uuid_version=4), name="messages_id_is_random"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="messages_seq_is_positive"),
            models.CheckConstraint(condition=Q(client_seq__range=(0, MAX_INTEGER)), name="messages_client_seq_range"),
            models.CheckConstraint(condition=Q(created_at__seconds_past_minute=0), name="messages_time_is_a_minute"),
            models.CheckConstraint(condition=Q(role__in=ROLES), name="messages_role_is_known"),
            models.CheckConstraint(
                condition=Q(processing_time_ms=None) | Q(processing_time_ms__range=(0, MAX_PROCESSING_MS)),
                name="messages_processing_time_range",
            ),
            models.CheckConstraint(
                condition=Q(sentiment_score=None) | Q(sentiment_score__range=(-1, 1)), name="messages_sentiment_range"
            ),
            models.CheckConstraint(
                condition=Q(emotion_tags=None) | Q(emotion_tags__len__lte=MAX_TAGS), name="messages_few_tags"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class SealedDocument(models.Model):
    """One sealed thing a session has at most one of, replaced as a whole. `version` is the client_seq it was sealed
    with."""

    session = models.OneToOneField(
        AnonymousSession, on_delete=models.DB_CASCADE, primary_key=True, related_name="%(class)s"
    )
    version = models.BigIntegerField()
    envelope_column: ClassVar[str]
    time_column: ClassVar[str | None] = None

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.session_id)

    @property
    def envelope(self) -> bytes | None:
        stored = getattr(self, self.envelope_column)
        return None if stored is None else bytes(stored)

    @property
    def etag(self) -> str:
        """A strong entity tag: a document deleted and written anew with the same version has another one."""
        digest = hashlib.sha256(repr((self.envelope, self.in_clear())).encode()).digest()
        return f'"{self.version}-{to_base64url(digest[:12])}"'

    def in_clear(self) -> tuple[object, ...]:
        raise NotImplementedError


class ConversationContext(SealedDocument):
    """The sealed summary a client keeps of its conversation."""

    last_updated = models.DateTimeField(db_default=this("minute"))
    expires_at = models.DateTimeField(null=True)
    message_count = models.IntegerField(db_default=0)
    context_encrypted = CiphertextField()
    encryption_iv = models.GeneratedField(
        expression=EnvelopeIV("context_encrypted"), output_field=IVField(), db_persist=True
    )
    envelope_column = "context_encrypted"
    time_column = "last_updated"

    objects = ExpiringQuerySet.as_manager()

    class Meta:
        db_table = "conversation_context"
        indexes: ClassVar[list[models.Index]] = [
            models.Index("expires_at", name="context_expires_at", condition=Q(expires_at__isnull=False)),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=is_envelope("context_encrypted"), name="context_is_an_envelope"),
            models.CheckConstraint(condition=Q(version__range=(0, MAX_INTEGER)), name="context_version_range"),
            models.CheckConstraint(condition=Q(message_count__gte=0), name="context_count_is_not_negative"),
            models.CheckConstraint(condition=Q(last_updated__seconds_past_minute=0), name="context_time_is_a_minute"),
        ]

    def in_clear(self) -> tuple[object, ...]:
        return (self.message_count, self.expires_at)


class FeedbackQuerySet(ExpiringQuerySet):
    """Feedback ends with its session, never before."""

    def expired(self) -> Self:
        return self.none()

    def unexpired(self) -> Self:
        return self.all()


class Feedback(SealedDocument):
    """Stars in clear, words sealed."""

    created_at = models.DateTimeField(db_default=this("minute"))
    rating = models.SmallIntegerField()
    category = models.CharField(  # noqa: DJ001 - NULL means "not said"
        max_length=7, null=True, choices=[(name, name) for name in CATEGORIES]
    )
    feedback_encrypted = CiphertextField(null=True)
    encryption_iv = models.GeneratedField(
        expression=EnvelopeIV("feedback_encrypted"), output_field=IVField(null=True), db_persist=True
    )
    envelope_column = "feedback_encrypted"

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        db_table = "feedback"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="feedback_rating_range"),
            models.CheckConstraint(
                condition=Q(feedback_encrypted=None) | is_envelope("feedback_encrypted"), name="feedback_is_an_envelope"
            ),
            models.CheckConstraint(condition=Q(version__range=(0, MAX_INTEGER)), name="feedback_version_range"),
            models.CheckConstraint(
                condition=Q(category=None) | Q(category__in=CATEGORIES), name="feedback_category_is_known"
            ),
            models.CheckConstraint(condition=Q(created_at__seconds_past_minute=0), name="feedback_time_is_a_minute"),
        ]

    def in_clear(self) -> tuple[object, ...]:
        return (self.rating, self.category)
