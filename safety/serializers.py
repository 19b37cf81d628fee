"""Shapes of this app's calls."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from privacy.serializers import StrictChoiceField, StrictSerializer, StrictStringField
from safety.models.keywords import LANGUAGES
from safety.models.resources import COSTS, LEVELS
from safety.models.training import AGE_GROUPS, LOCATIONS, MAX_TEXT_CHARACTERS, SCHOOL_TYPES
from safety.services.donations import CODE, new_code


@extend_schema_field(
    {"type": "string", "pattern": CODE.pattern.replace(r"\Z", "$"), "example": "cbwd_" + "A" * 43, "writeOnly": False}
)
class WithdrawalCodeField(StrictStringField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(pattern=CODE.pattern.replace(r"\Z", "$"), **kwargs)


class DonationSerializer(StrictSerializer):
    """The words, in clear by the giver's own act, and at most three broad groups. No session, time or id."""

    text = StrictStringField(pattern=rf"^[\s\S]{{1,{MAX_TEXT_CHARACTERS}}}$")
    language = StrictChoiceField(choices=tuple(LANGUAGES), default="vi")
    age_group = StrictChoiceField(choices=tuple(AGE_GROUPS), required=False)
    school_type = StrictChoiceField(choices=tuple(SCHOOL_TYPES), required=False)
    location = StrictChoiceField(choices=tuple(LOCATIONS), required=False)
    withdrawal_code = WithdrawalCodeField(default=new_code)


class WithdrawalSerializer(StrictSerializer):
    withdrawal_code = WithdrawalCodeField()


class DonatedSerializer(serializers.Serializer[Any]):
    withdrawal_code = WithdrawalCodeField()
    grace_days = serializers.IntegerField()


class BundleSerializer(serializers.Serializer[Any]):
    bundle = serializers.CharField(help_text="Canonical JSON, as signed: verify its UTF-8 bytes, then parse it.")
    key_id = serializers.CharField()
    signature = serializers.CharField(help_text='Ed25519 over "cbln/1/bundle" 00 and the bytes of `bundle`, base64url.')


class BothLanguagesSerializer(serializers.Serializer[Any]):
    vi = serializers.CharField()
    en = serializers.CharField()


class ResourceSerializer(serializers.Serializer[Any]):
    name = BothLanguagesSerializer()
    number = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    audience = BothLanguagesSerializer()
    hours = serializers.CharField()
    cost = serializers.ChoiceField(choices=tuple(COSTS))
    minimum_level = serializers.ChoiceField(choices=tuple(LEVELS))
    expires_at = serializers.DateTimeField()


class ResourcesSerializer(serializers.Serializer[Any]):
    results = ResourceSerializer(many=True)
