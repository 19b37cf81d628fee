"""Shapes of messages, context and feedback. Input is checked here; answers are built by the `*_body` functions
below."""

from typing import Any

from rest_framework import serializers

from messaging.hot_path import MessageRow
from messaging.models import (
    CATEGORIES,
    MAX_INTEGER,
    MAX_PROCESSING_MS,
    MAX_TAGS,
    ConversationContext,
    Feedback,
    Message,
)
from privacy.envelope import to_base64url
from privacy.serializers import (
    EndsAtField,
    EnvelopeField,
    StrictBooleanField,
    StrictChoiceField,
    StrictIntegerField,
    StrictNumberField,
    StrictSerializer,
    StrictStringField,
    UUID4Field,
)

# Staff do not write through a user's token; their role exists for what they will one day seal themselves.
POSTED_ROLES = ("user", "ai")
BATCH_MESSAGES = 100


class NewMessageSerializer(StrictSerializer):
    id = UUID4Field()
    role = StrictChoiceField(choices=POSTED_ROLES)
    client_seq = StrictIntegerField(min_value=0, max_value=MAX_INTEGER)
    envelope = EnvelopeField()
    expires_at = EndsAtField(allow_null=True, required=False)
    model_used = StrictStringField(pattern=r"[A-Za-z0-9._:/-]{1,64}", allow_null=True, required=False)
    processing_time_ms = StrictIntegerField(min_value=0, max_value=MAX_PROCESSING_MS, allow_null=True, required=False)
    sentiment_score = StrictNumberField(min_value=-1, max_value=1, allow_null=True, required=False)
    emotion_tags = serializers.ListField(
        child=StrictStringField(pattern=r"[a-z_]{1,32}"), max_length=MAX_TAGS, allow_null=True, required=False
    )
    is_crisis_detected = StrictBooleanField(allow_null=True, required=False)


class NewMessagesSerializer(StrictSerializer):
    messages = serializers.ListField(child=NewMessageSerializer(), min_length=1, max_length=BATCH_MESSAGES)


class MessageSerializer(serializers.Serializer[Message]):
    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    client_seq = serializers.IntegerField()
    role = serializers.ChoiceField(choices=("user", "ai", "staff"))
    envelope = EnvelopeField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    model_used = serializers.CharField(allow_null=True)
    processing_time_ms = serializers.IntegerField(allow_null=True)
    sentiment_score = serializers.FloatField(allow_null=True)
    emotion_tags = serializers.ListField(child=serializers.CharField(), allow_null=True)
    is_crisis_detected = serializers.BooleanField(allow_null=True)


class MessagesSerializer(serializers.Serializer[Any]):
    results = MessageSerializer(many=True)


class MessagePageSerializer(MessagesSerializer):
    has_more = serializers.BooleanField()


class NewContextSerializer(StrictSerializer):
    envelope = EnvelopeField()
    version = StrictIntegerField(min_value=0, max_value=MAX_INTEGER, required=False)
    message_count = StrictIntegerField(min_value=0, max_value=2**31 - 1, default=0)
    expires_at = EndsAtField(allow_null=True, default=None)


class ContextSerializer(serializers.Serializer[ConversationContext]):
    envelope = EnvelopeField()
    version = serializers.IntegerField()
    message_count = serializers.IntegerField()
    last_updated = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class NewFeedbackSerializer(StrictSerializer):
    rating = StrictIntegerField(min_value=1, max_value=5)
    category = StrictChoiceField(choices=CATEGORIES, allow_null=True, default=None)
    envelope = EnvelopeField(allow_null=True, default=None)
    version = StrictIntegerField(min_value=0, max_value=MAX_INTEGER, required=False)


class FeedbackSerializer(serializers.Serializer[Feedback]):
    rating = serializers.IntegerField()
    category = serializers.ChoiceField(choices=CATEGORIES, allow_null=True)
    envelope = EnvelopeField(allow_null=True)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()


def message_body(row: MessageRow) -> dict[str, object]:
    return {
        "id": row.id,
        "seq": row.seq,
        "client_seq": row.client_seq,
        "role": row.role,
        "envelope": to_base64url(row.envelope),
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "model_used": row.model_used,
        "processing_time_ms": row.processing_time_ms,
        "sentiment_score": row.sentiment_score,
        "emotion_tags": row.emotion_tags,
        "is_crisis_detected": row.is_crisis_detected,
    }


def context_body(context: ConversationContext) -> dict[str, object]:
    return {
        "envelope": to_base64url(bytes(context.context_encrypted)),
        "version": context.version,
        "message_count": context.message_count,
        "last_updated": context.last_updated,
        "expires_at": context.expires_at,
    }


def feedback_body(feedback: Feedback) -> dict[str, object]:
    return {
        "rating": feedback.rating,
        "category": feedback.category,
        "envelope": None if feedback.envelope is None else to_base64url(feedback.envelope),
        "version": feedback.version,
        "created_at": feedback.created_at,
    }
