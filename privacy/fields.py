"""Column types for what this server stores without being able to read it, and the lookups its CHECK constraints are
written in."""

from typing import Any

from django.db.models import (
    BigIntegerField,
    BinaryField,
    DateTimeField,
    DecimalField,
    Func,
    IntegerField,
    Q,
    Transform,
    UUIDField,
    Value,
)
from django.db.models.functions import Now

from privacy.digests import DIGEST_BYTES
from privacy.envelope import ENVELOPE_BYTES, IV_BYTES, IV_OFFSET, SUITE, VERSION


class CiphertextField(BinaryField[Any, Any]):
    """BYTEA holding a cbln/1 envelope. The server has no key for it: there is no method here that opens one."""


class DigestField(BinaryField[Any, Any]):
    """BYTEA holding a 32-byte digest."""


class IVField(BinaryField[Any, Any]):
    """BYTEA holding the 12-byte IV of the envelope beside it."""


class EnvelopeIV(Func):
    """The IV inside an envelope, for a generated column. SQL counts octets from 1."""

    function = "substring"
    template = f"%(function)s(%(expressions)s from {IV_OFFSET + 1} for {IV_BYTES})"
    output_field = IVField()


class IVNumber(Func):
    """The first 8 of the 12 bytes of an IV as a number."""

    template = "('x' || encode(substring(%(expressions)s for 8), 'hex'))::bit(64)::bigint"
    output_field = BigIntegerField()


class IVKey(Func):
    """64 bits that stand for (owner, IV) in a unique index of less than half the size.

    The same IV of the same owner has the same key, always. Two different ones share a key with a chance of 2^-64 a
    pair; the
    writer is then told to seal again, which is what it does anyway. The function is PostgreSQL's own for hash
    partitions and
    so does not change between releases.
    """

    function = "uuid_hash_extended"
    output_field = BigIntegerField()


@BinaryField.register_lookup
class OctetLength(Transform):
    lookup_name = "octet_length"
    function = "octet_length"
    output_field = IntegerField()


@CiphertextField.register_lookup
class VersionAndSuite(Transform):
    """The first two octets as one number, 256 * version + suite."""

    lookup_name = "version_and_suite"
    template = "(get_byte(%(expressions)s, 0) * 256 + get_byte(%(expressions)s, 1))"
    output_field = IntegerField()


@DateTimeField.register_lookup
class SecondsPastHour(Transform):
    lookup_name = "seconds_past_hour"
    template = "mod(extract(epoch from %(expressions)s), 3600)"
    output_field = DecimalField(max_digits=12, decimal_places=6)


@DateTimeField.register_lookup
class SecondsPastMinute(SecondsPastHour):
    lookup_name = "seconds_past_minute"
    template = "mod(extract(epoch from %(expressions)s), 60)"


@UUIDField.register_lookup
class UUIDVersion(Transform):
    """The version nibble. By get_byte, because uuid_extract_version() exists from PostgreSQL 17 on only."""

    lookup_name = "uuid_version"
    template = "(get_byte(uuid_send(%(expressions)s), 6) >> 4)"
    output_field = IntegerField()


class DateTrunc(Func):
    """date_trunc(unit, time) in the connection's time zone, which is UTC."""

    function = "date_trunc"
    output_field = DateTimeField()


def this(unit: str) -> DateTrunc:
    """The database's present time cut to the `unit` ('hour', 'minute'), so that no exact moment is kept."""
    return DateTrunc(Value(unit), Now())


def is_digest(field: str) -> Q:
    """CHECK: exactly the length of a digest."""
    return Q(**{f"{field}__octet_length": DIGEST_BYTES})


def is_envelope(field: str) -> Q:
    """CHECK: the length, version and suite of a cbln/1 envelope."""
    return Q(**{f"{field}__octet_length__in": ENVELOPE_BYTES, f"{field}__version_and_suite": 256 * VERSION + SUITE})
