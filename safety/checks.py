"""Numbered system checks: keys that are missing, malformed or wrong stop a start, not a request."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from safety.at_rest import FieldKeysError, KeyRing
from safety.signature import SigningKeyError, public_key_of, trusted_keys

_FIELD_KEYS_HINT = (
    'CBLN_FIELD_KEYS="1:$(openssl rand -base64 32)". Keep it with the backups: without it the rows are lost.'
)


@register(Tags.security)
def check_field_keys(**_kwargs: Any) -> Sequence[CheckMessage]:
    if not settings.FIELD_KEYS:
        return [Error("CBLN_FIELD_KEYS is not set.", hint=_FIELD_KEYS_HINT, id="safety.E001")]
    try:
        KeyRing.current()
    except FieldKeysError as error:
        return [Error(str(error), hint=_FIELD_KEYS_HINT, id="safety.E002")]
    return []


@register(Tags.security)
def check_signing_keys(**_kwargs: Any) -> Sequence[CheckMessage]:
    try:
        if settings.BUNDLE_SIGNING_KEY:
            public_key_of(settings.BUNDLE_SIGNING_KEY)
        trusted_keys()
    except SigningKeyError as error:
        return [Error(str(error), hint="manage.py publish_release --new-key", id="safety.E003")]
    return []


@register(Tags.database)
def check_stored_rows(databases: Sequence[str] | None = None, **_kwargs: Any) -> Sequence[CheckMessage]:
    """That the ring has each key the rows name, and that one row of each opens."""
    from safety.models import TrainingData  # models are not loaded yet when this module is

    if not databases:
        return []
    try:
        ring = KeyRing.current()
        newest = list(TrainingData.objects.newest_of_each_key())
    except (FieldKeysError, DatabaseError):  # E001 or E002 speaks; or the table is not there yet
        return []
    messages = []
    for row in newest:
        if row.key_id not in ring.keys:
            text = f"Training data is sealed with key {row.key_id}, which CBLN_FIELD_KEYS does not have."
            messages.append(Error(text, hint="Put the old key back behind the new one.", id="safety.E004"))
        elif not row.opens():
            text = f"Training data does not open with key {row.key_id}: it is another key than it was."
            messages.append(Error(text, hint="Put the key back from the backup.", id="safety.E005"))
    return messages
