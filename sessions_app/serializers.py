from typing import Any

from rest_framework import serializers

from privacy.serializers import (
    SessionTokenField,
    StrictBooleanField,
    StrictChoiceField,
    StrictIntegerField,
    StrictSerializer,
    StrictStringField,
)
from sessions_app.models import LANGUAGES, LIFETIMES_DAYS, AnonymousSession


class LifetimeField(StrictIntegerField):
    default_error_messages = {"not_offered": "1, 7, 30"}

    def to_internal_value(self, data: Any) -> int:
        days = super().to_internal_value(data)
        if days not in LIFETIMES_DAYS:
            self.fail("not_offered")
        return days


class ProofOfWorkSerializer(StrictSerializer):
    challenge = StrictStringField(pattern=r"[A-Za-z0-9_-]{20,100}")
    nonce = StrictStringField(pattern=r"[0-9]{1,20}")


class NewSessionSerializer(StrictSerializer):
    language_preference = StrictChoiceField(choices=LANGUAGES, default="vi")
    lifetime_days = LifetimeField(default=max(LIFETIMES_DAYS))
    session_token = SessionTokenField(required=False)
    proof_of_work = ProofOfWorkSerializer(required=False)


class SessionChangesSerializer(StrictSerializer):
    language_preference = StrictChoiceField(choices=LANGUAGES, required=False)
    lifetime_days = LifetimeField(required=False)
    is_crisis_mode = StrictBooleanField(required=False)
    shares_signals = StrictBooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError({"": [serializers.ErrorDetail("", "required")]})
        return attrs


class SessionSerializer(serializers.Serializer[AnonymousSession]):
    """The shape of a session in answers; `session_body` builds it."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    last_activity = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    language_preference = serializers.ChoiceField(choices=LANGUAGES)
    is_crisis_mode = serializers.BooleanField()
    shares_signals = serializers.BooleanField()
    is_other_device = serializers.BooleanField(allow_null=True)
    last_seq = serializers.IntegerField()


class CreatedSessionSerializer(SessionSerializer):
    session_token = SessionTokenField(required=False)


def session_body(session: AnonymousSession, *, user_agent: str) -> dict[str, object]:
    return {
        "id": session.id,
        "created_at": session.created_at,
        "last_activity": session.last_activity,
        "expires_at": session.expires_at,
        "language_preference": session.language_preference,
        "is_crisis_mode": session.is_crisis_mode,
        "shares_signals": session.shares_signals,
        "is_other_device": session.is_other_device(user_agent),
        "last_seq": session.last_seq,
    }
