"""The only cipher the server has a key for: AES-256-GCM for training data at rest (docs/adr/0010-field-keys.md).

    0  u8 version = 1 | 1  u8 suite = 2 | 2  u32 key id, big-endian | 6  12-byte IV | 18  ciphertext | 16-byte tag

AAD = table 00 column 00 row uuid (16) key id (u32): a value moved to another row, column or table does not open.
The ring is settings.FIELD_KEYS, "3:base64,2:base64": the first key writes, each opens what names its id. A key is
never found by trial.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db.models import BinaryField, Func, IntegerField, Model, Q, Transform

PREFIX = b"\x01\x02"
KEY_BYTES = 32
IV_OFFSET = 6
IV_BYTES = 12
HEADER_BYTES = IV_OFFSET + IV_BYTES
OVERHEAD_BYTES = HEADER_BYTES + 16
MAX_KEY_ID = 2**31 - 1  # the wire has room for a u32; PostgreSQL's integer reads this much


class FieldKeysError(Exception):
    """A field key is missing, malformed or wrong. The text names key ids at most, never a value."""


@dataclass(frozen=True)
class KeyRing:
    """Keys by id. `writes_with` is the id that new values get."""

    writes_with: int
    keys: dict[int, bytes] = field(repr=False)

    @classmethod
    @lru_cache(maxsize=2)
    def parse(cls, text: str) -> "KeyRing":
        """The ring in "3:base64,2:base64" (32 bytes each, ids 1…2³¹−1). Raises FieldKeysError."""
        keys: dict[int, bytes] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            key_id, _, encoded = entry.partition(":")
            if not (key_id.isascii() and key_id.isdigit() and 0 < int(key_id) <= MAX_KEY_ID) or int(key_id) in keys:
                raise FieldKeysError("CBLN_FIELD_KEYS: an id is not a number of its own.")
            keys[int(key_id)] = _decode_key(encoded)
        if not keys:
            raise FieldKeysError("CBLN_FIELD_KEYS is not set.")
        return cls(next(iter(keys)), keys)

    @classmethod
    def current(cls) -> "KeyRing":
        return cls.parse(settings.FIELD_KEYS)

    def key(self, key_id: int) -> bytes:
        try:
            return self.keys[key_id]
        except KeyError:
            raise FieldKeysError(f"CBLN_FIELD_KEYS has no key {key_id}.") from None


def _decode_key(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise FieldKeysError("CBLN_FIELD_KEYS: a key is not base64.") from None
    if len(key) != KEY_BYTES:
        raise FieldKeysError("CBLN_FIELD_KEYS: a key does not have 32 bytes.")
    return key


def new_key(key_id: int) -> str:
    """A fresh random key in the spelling of CBLN_FIELD_KEYS."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def key_id_of(sealed: bytes) -> int:
    """The id of the key a value was sealed with."""
    return int.from_bytes(sealed[2:IV_OFFSET], "big")


def _aad(table: str, column: str, row: UUID, key_id: int) -> bytes:
    return b"\0".join((table.encode(), column.encode(), row.bytes + key_id.to_bytes(4, "big")))


def seal(plaintext: bytes, *, table: str, column: str, row: UUID) -> bytes:
    """`plaintext` under the ring's writing key. Raises FieldKeysError if there is no ring."""
    ring = KeyRing.current()
    key_id, iv = ring.writes_with, secrets.token_bytes(IV_BYTES)
    ciphertext = AESGCM(ring.key(key_id)).encrypt(iv, plaintext, _aad(table, column, row, key_id))
    return PREFIX + key_id.to_bytes(4, "big") + iv + ciphertext


def unseal(sealed: bytes, *, table: str, column: str, row: UUID) -> bytes:
    """The plaintext. Raises FieldKeysError for a missing or wrong key, another place, or a flipped bit."""
    if sealed[:2] != PREFIX or len(sealed) < OVERHEAD_BYTES:
        raise FieldKeysError("A stored value is not a sealed one.")
    key_id = key_id_of(sealed)
    cipher = AESGCM(KeyRing.current().key(key_id))
    try:
        return cipher.decrypt(sealed[IV_OFFSET:HEADER_BYTES], sealed[HEADER_BYTES:], _aad(table, column, row, key_id))
    except InvalidTag:
        raise FieldKeysError(f"A value does not open with key {key_id}: another key, or changed bytes.") from None


class SealedTextField(BinaryField[Any, Any]):
    """BYTEA holding a sealed text of a row that has a `row_uuid`.

    Reading the attribute gives the sealed bytes; only `open_text` gives words. So nothing that prints, serialises,
    compares or keeps history of a row can come by them.
    """

    def seal_text(self, row: Model, text: str) -> None:
        """Set the column of `row` to `text`, sealed; the caller saves."""
        setattr(row, self.attname, seal(text.encode(), **self._place(row)))

    def open_text(self, row: Model) -> str:
        """The words. Raises FieldKeysError."""
        return unseal(bytes(getattr(row, self.attname)), **self._place(row)).decode()

    def _place(self, row: Model) -> dict[str, Any]:
        return {"table": self.model._meta.db_table, "column": self.column, "row": row.row_uuid}  # type: ignore[attr-defined]


@SealedTextField.register_lookup
class KeyId(Transform):
    """The key id inside a sealed value, as PostgreSQL reads it."""

    lookup_name = "key_id"
    template = (
        "(get_byte(%(expressions)s, 2) * 16777216 + get_byte(%(expressions)s, 3) * 65536"
        " + get_byte(%(expressions)s, 4) * 256 + get_byte(%(expressions)s, 5))"
    )
    output_field = IntegerField()


@SealedTextField.register_lookup
class VersionAndSuite(Transform):
    lookup_name = "version_and_suite"
    template = "(get_byte(%(expressions)s, 0) * 256 + get_byte(%(expressions)s, 1))"
    output_field = IntegerField()


class SealedIV(Func):
    """The IV inside a sealed value, for a generated column. SQL counts octets from 1."""

    function = "substring"
    template = f"%(function)s(%(expressions)s from {IV_OFFSET + 1} for {IV_BYTES})"
    output_field = BinaryField()


def is_sealed(column: str) -> Q:
    """CHECK: version, suite and a length that holds at least one byte of ciphertext."""
    return Q(
        **{
            f"{column}__version_and_suite": int.from_bytes(PREFIX, "big"),
            f"{column}__octet_length__gt": OVERHEAD_BYTES,
        }
    )
