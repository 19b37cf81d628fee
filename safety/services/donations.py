"""Messages that users chose to give. Of the session that gave one, nothing is kept."""

import re
import secrets
from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models.functions import Now
from redis.exceptions import RedisError

from privacy.digests import keyed_digest, token_digest
from privacy.envelope import to_base64url
from privacy.problems import NotFound
from safety.at_rest import FieldKeysError
from safety.models import TrainingData, TrainingDonation
from safety.problems import DonationsClosed, TooManyDonations

CODE = re.compile(r"cbwd_[A-Za-z0-9_-]{43}\Z")
GRACE_DAYS = 3
PER_HOUR = 20
BATCH = 200
# Separates this process's counters from what anyone could compute later; dies with the process.
_process_key = secrets.token_bytes(32)


def new_code() -> str:
    """A withdrawal code of 256 random bits: `cbwd_` and 43 characters of base64url."""
    return "cbwd_" + to_base64url(secrets.token_bytes(32))


def code_digest(code: str) -> bytes:
    return token_digest(code)


def admit_donation(*, session_digest: bytes, key: bytes) -> None:
    """Count one donation of this session in the cache, for an hour, under a digest that no stored key can redo.

    Raises TooManyDonations. If the cache cannot be reached the door stays open.
    """
    name = "donated:" + to_base64url(keyed_digest("donation", session_digest, key=key or _process_key))
    try:
        cache.add(name, 0, timeout=3600)
        count = cache.incr(name)
    except (RedisError, ValueError):  # ValueError: the counter ended between the two calls
        return
    if count > PER_HOUR:
        raise TooManyDonations


@transaction.atomic
def donate(*, text: str, language: str, groups: dict[str, str], code: str) -> bool:
    """Seal and store one message, to be seen by staff after GRACE_DAYS. False if this code has given one already.

    Raises DonationsClosed without a field key. The row is made without history: only staff's acts have one.
    """
    digest = code_digest(code)
    if TrainingDonation.objects.filter(withdrawal_digest=digest).exists():
        return False
    row = TrainingData(source="donation", language=language, is_active=False, **groups)
    try:
        row.seal_content(text)
    except FieldKeysError:
        raise DonationsClosed from None
    row.skip_history_when_saving = True
    row.save(force_insert=True)
    TrainingDonation.objects.create(training_data=row, withdrawal_digest=digest)
    return True


@transaction.atomic
def withdraw(*, code: str) -> None:
    """Delete what this code gave, its history too. Raises NotFound."""
    donation = TrainingDonation.objects.filter(withdrawal_digest=code_digest(code)).select_for_update().first()
    if donation is None:
        raise NotFound
    pk = donation.pk
    TrainingData.objects.filter(pk=pk).delete()
    TrainingData.history.filter(id=pk).delete()


def accept_donations(*, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Let staff see donations whose grace period is over; returns how many. Each batch is its own transaction."""
    waiting = TrainingDonation.objects.past_grace(GRACE_DAYS)
    total, done = waiting.count(), 0
    while True:
        with transaction.atomic():
            ids: list[Any] = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
            TrainingData.objects.filter(pk__in=ids).update(is_active=True)
            TrainingDonation.objects.filter(pk__in=ids).update(accepted_at=Now())
        done += len(ids)
        if on_progress is not None:
            on_progress(done, max(done, total))
        if len(ids) < BATCH:
            return done
