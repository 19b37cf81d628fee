"""Shapes of input that take JSON at its word: an integer is an integer, a known field is known, an envelope is one."""

import re
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import cache
from typing import Any, Self

from django.core.validators import RegexValidator
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from privacy.digests import TOKEN
from privacy.envelope import ENVELOPE_BYTES, from_base64url, is_envelope, to_base64url

ENVELOPE_CHARACTERS = (-(-min(ENVELOPE_BYTES) * 8 // 6), -(-max(ENVELOPE_BYTES) * 8 // 6))
EXAMPLE_ENVELOPE = to_base64url(bytes((1, 1, 0, 0)) + bytes(range(12)) + bytes(256) + bytes(16))
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields without naming them: the name would be an echo of the input."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and not data.keys() <= self._known_fields():
            raise serializers.ValidationError({"": [serializers.ErrorDetail("", "unknown_field")]})
        return super().to_internal_value(data)

    def _known_fields(self) -> AbstractSet[str]:
        return {name for name, field in self.fields.items() if not field.read_only}

    @classmethod
    @cache
    def _shared(cls) -> Self:
        return cls()

    @classmethod
    def validated(cls, data: Any) -> dict[str, Any]:
        """The checked values of `data`; raises ValidationError.

        One instance serves all requests: validation keeps no state, and copying the fields for each message costs
        more than all its SQL.
        """
        values: dict[str, Any] = cls._shared().run_validation(data)
        return values


class StrictIntegerField(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class StrictNumberField(serializers.FloatField):
    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid")
        return data


class StrictStringField(serializers.CharField):
    """A string that `pattern` matches from end to end (`$` would let a line break through)."""

    def __init__(self, *, pattern: str, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)
        self.validators.append(RegexValidator(rf"^{pattern}\Z"))

    def to_internal_value(self, data: Any) -> str:
        if type(data) is not str:
            self.fail("invalid")
        return data


class StrictChoiceField(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if type(data) is not str or data not in self.choices:
            self.fail("not_a_choice")
        return data

    default_error_messages = {"not_a_choice": _("This is not one of the values it can have.")}


class UUID4Field(serializers.UUIDField):
    """A random UUID. Other versions carry a clock or an address of the device."""

    default_error_messages = {"not_random": _("Use a random UUID (version 4).")}

    def to_internal_value(self, data: Any) -> Any:
        # Python's UUID also reads braces, underscores, misplaced dashes and the digits of other scripts.
        if type(data) is not str or not _UUID.match(data):
            self.fail("invalid")
        value = super().to_internal_value(data)
        if value.version != 4:
            self.fail("not_random")
        return value


@extend_schema_field(
    {
        "type": "string",
        "format": "base64url",
        "pattern": "^[A-Za-z0-9_-]+$",
        "minLength": ENVELOPE_CHARACTERS[0],
        "maxLength": ENVELOPE_CHARACTERS[1],
        "description": "A sealed cbln/1 envelope, base64url without padding (docs/protocol.md).",
        "example": EXAMPLE_ENVELOPE,
    }
)
class EnvelopeField(serializers.Field[bytes, str, str, Any]):
    default_error_messages = {"not_an_envelope": _("This is not a cbln/1 envelope in base64url without padding.")}

    def to_internal_value(self, data: Any) -> bytes:
        try:
            envelope = from_base64url(data)
        except (ValueError, TypeError):
            self.fail("not_an_envelope")
        if not is_envelope(envelope):
            self.fail("not_an_envelope")
        return envelope

    def to_representation(self, value: bytes) -> str:
        return to_base64url(value)


class EndsAtField(serializers.DateTimeField):
    """A time with its zone, cut to the minute: when something ends tells when it began."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            moment = parse_datetime(value)
        except (ValueError, TypeError):
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail("invalid", format="YYYY-MM-DDThh:mmZ")
        try:
            return moment.astimezone(UTC).replace(second=0, microsecond=0)
        except OverflowError:
            self.fail("invalid", format="YYYY-MM-DDThh:mmZ")


class SessionTokenField(StrictStringField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(pattern=TOKEN.pattern.removesuffix(r"\Z"), **kwargs)


def utc(moment: datetime) -> str:
    """RFC 3339 in UTC to the second, `2026-11-22T20:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"
