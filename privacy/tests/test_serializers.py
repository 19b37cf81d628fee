"""Input taken at its word: each field refuses what another field, or another reader, could take for the same."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.fields import Field

from privacy.envelope import from_base64url
from privacy.serializers import (
    EXAMPLE_ENVELOPE,
    EndsAtField,
    EnvelopeField,
    SessionTokenField,
    StrictBooleanField,
    StrictChoiceField,
    StrictIntegerField,
    StrictNumberField,
    StrictSerializer,
    StrictStringField,
    UUID4Field,
    utc,
)

ID = "6385f93d-0417-4f63-b1ce-24a000bccb37"
INTEGER = StrictIntegerField(min_value=0, max_value=5)
NUMBER = StrictNumberField(min_value=-1, max_value=1)
BOOLEAN = StrictBooleanField()
STRING = StrictStringField(pattern=r"[a-z]{1,3}")
CHOICE = StrictChoiceField(choices=("vi", "en"))
TOKEN = SessionTokenField()


@pytest.mark.parametrize(
    ("field", "taken"),
    [
        (INTEGER, {0: 0, 5: 5}),
        (NUMBER, {-1: -1.0, 0.5: 0.5, 1: 1.0}),
        (BOOLEAN, {True: True, False: False}),
        (STRING, {"a": "a", "abc": "abc"}),
        (CHOICE, {"vi": "vi"}),
        (UUID4Field(), {ID: uuid.UUID(ID), ID.upper(): uuid.UUID(ID)}),
        (EnvelopeField(), {EXAMPLE_ENVELOPE: from_base64url(EXAMPLE_ENVELOPE)}),
        (TOKEN, {"cbln_" + "A" * 43: "cbln_" + "A" * 43}),
        (
            EndsAtField(),
            {
                "2030-01-01T00:00:59.9Z": datetime(2030, 1, 1, tzinfo=UTC),
                "2030-01-01T07:00+07:00": datetime(2030, 1, 1, tzinfo=UTC),
            },
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Field) else "",
)
def test_it_takes_what_it_should(field: Any, taken: dict[Any, Any]) -> None:
    for sent, read in taken.items():
        value = field.run_validation(sent)
        assert value == read
        assert type(value) is type(read)


REFUSED: list[tuple[Any, list[Any]]] = [
    (INTEGER, ["1", 1.0, True, None, [], {}, -1, 6, 10**400, float("inf")]),
    (NUMBER, ["0.5", True, None, [], 1.1, -1.1, 10**400, -(10**400), float("inf"), float("-inf")]),
    (BOOLEAN, ["true", "on", 1, 0, 1.0, None, [], {}]),
    (STRING, ["", "abcd", "a\n", "\na", " a", "A", "ă", "a\0", "\ud800", 5, True, None, ["a"], {}]),
    (CHOICE, ["", "fr", "VI", "vi ", 0, True, None, ["vi"], {}]),
    (
        UUID4Field(),
        [
            ID[:-1],
            ID + "0",
            ID.replace("-", ""),
            "{" + ID + "}",
            "urn:uuid:" + ID,
            ID.replace("-", "") + "----",
            "{{" + ID.replace("-", "") + "}}",
            "uuid:" + ID.replace("-", "")[:31],
            ID[:9] + "_" + ID[10:],
            ID[:9] + "0_4" + ID[12:],
            ID.replace("6385", "６３８５"),
            "c232ab00-9414-11ec-b3c8-9f6bdeced846",
            "6385f93d-0417-4f63-01ce-24a000bccb37",
            str(uuid.UUID(int=0)),
            uuid.UUID(ID).int,
            [ID],
            None,
        ],
    ),
    (EnvelopeField(), ["", EXAMPLE_ENVELOPE + "=", EXAMPLE_ENVELOPE[:-4], "é", 5, None, [], {}, b"AQEA", True]),
    (TOKEN, ["cbln_" + "A" * 42, "cbln_" + "A" * 43 + "\n", "cbln_" + "A" * 44, "xbln_" + "A" * 43, 5, None]),
    (
        EndsAtField(),
        ["", "2030-01-01", "2030-01-01T00:00:00", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59"],
    ),
    (EndsAtField(), ["2030-02-30T00:00Z", 1893456000, True, None, [], {}]),
]


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, refused in REFUSED for value in refused],
    ids=lambda value: type(value).__name__ if isinstance(value, Field) else ascii(value)[:40],
)
def test_it_refuses_every_other_spelling_and_type(field: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        field.run_validation(value)


class Inner(StrictSerializer):
    role = STRING


class Outer(StrictSerializer):
    seq = StrictIntegerField(read_only=True)
    inner = Inner(required=False)
    role = StrictStringField(pattern="[a-z]+", required=False)


@pytest.mark.parametrize("data", [{"canary": 1}, {"seq": 1}, {"inner": {"role": "a", "canary": 1}}], ids=str)
def test_an_unknown_field_is_refused_without_its_name(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.validated(data)
    assert "unknown_field" in str(caught.value.get_codes())
    assert "canary" not in repr(caught.value.detail)


@pytest.mark.parametrize("data", [None, [], "role", 5, {"inner": []}, {"inner": None}], ids=str)
def test_what_is_not_an_object_is_refused(data: Any) -> None:
    with pytest.raises(ValidationError):
        Outer.validated(data)


def test_one_instance_serves_all_and_remembers_nothing() -> None:
    assert Outer.validated({"role": "a"}) == {"role": "a"}
    with pytest.raises(ValidationError):
        Outer.validated({"role": ""})
    assert Outer.validated({}) == {}
    assert Inner.validated({"role": "b"}) == {"role": "b"}


def test_times_are_told_in_utc_to_the_second() -> None:
    assert utc(datetime.fromisoformat("2026-11-23T03:07:09.999+07:00")) == "2026-11-22T20:07:09Z"
