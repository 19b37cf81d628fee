from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from safety.models import BlockedKeyword, LexiconRelease, TrainingData
from safety.services.seed import seed
from safety.tests.keys import CANARY

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name: str | None) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("safety", name)])


@pytest.fixture(autouse=True)
def _back_again() -> Any:
    yield
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes("safety")[0][1])


def test_the_guard_of_releases_goes_down_and_up_again_and_rows_stay() -> None:
    seed()
    before = bytes(LexiconRelease.objects.get().bundle)
    migrate("0001_initial")
    LexiconRelease.objects.update(published_at=None)  # nothing guards them now
    migrate("0002_releases_stay")
    assert bytes(LexiconRelease.objects.get().bundle) == before
    with pytest.raises(IntegrityError), transaction.atomic():
        LexiconRelease.objects.update(bundle=b"{}")


def test_all_of_it_goes_down_with_data_and_comes_up_empty(new_example: Any) -> None:
    new_example(CANARY)
    seed()
    migrate(None)
    assert "training_data" not in connection.introspection.table_names()
    migrate("0002_releases_stay")
    assert not TrainingData.objects.exists()
    assert not BlockedKeyword.objects.exists()
    new_example(CANARY)
