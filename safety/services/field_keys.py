"""Moving what is sealed with an old field key to the new one."""

from collections.abc import Callable

from django.db import transaction

from safety.at_rest import KeyRing
from safety.models import TrainingData

BATCH = 200


def count_old() -> int:
    """How many rows are not sealed with the ring's writing key. Raises FieldKeysError."""
    return TrainingData.objects.sealed_otherwise(KeyRing.current().writes_with).count()


def rotate_field_keys(*, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Seal every row anew that an older key sealed; returns how many. Raises FieldKeysError.

    This must be right: what is overwritten wrongly is lost. Each value is opened before it is replaced, in the
    transaction that holds its row; a batch is a transaction of its own, so a kill loses at most one, and a second run
    goes on with what is left. Rows that someone is deciding on are waited for.
    """
    key_id = KeyRing.current().writes_with
    total, done, last = count_old(), 0, 0
    while True:
        with transaction.atomic():
            old = TrainingData.objects.sealed_otherwise(key_id).filter(pk__gt=last).order_by("pk")
            rows = list(old.select_for_update(of=("self",))[:BATCH])
            for row in rows:
                row.seal_content(row.open_content())
            # update() and not save(): a new seal is no change that history should tell of.
            TrainingData.objects.bulk_update(rows, ["content_encrypted"])
        if not rows:
            return done
        done, last = done + len(rows), rows[-1].pk
        if on_progress is not None:
            on_progress(done, max(done, total))
