"""Every migration of ours goes down and up again, with data in the tables it touches."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.api import Api, envelope, new_message

OURS = ("sessions_app", "messaging", "safety", "monitoring")


@pytest.mark.django_db(transaction=True)
def test_each_migration_goes_down_and_up_with_data() -> None:
    executor = MigrationExecutor(connection)
    ours = [node for node in executor.loader.graph.leaf_nodes() if node[0] in OURS]
    plan = [key for leaf in ours for key in executor.loader.graph.forwards_plan(leaf) if key[0] in OURS]
    steps = list(dict.fromkeys(plan))
    try:
        for app, name in reversed(steps):
            fill()
            parents = [p for p in executor.loader.graph.node_map[(app, name)].parents if p.key[0] == app]
            call_command("migrate", app, parents[0].key[1] if parents else "zero", verbosity=0)
            call_command("migrate", verbosity=0)
            fill()
    finally:
        call_command("migrate", verbosity=0)


def fill() -> None:
    """Something in each table a user can write to, and proof that it can be read again."""
    api = Api(Api().post("sessions/").json()["session_token"])
    api.patch("sessions/current/", {"shares_signals": True})
    posted = api.post("messages/", new_message(sentiment_score=0.5)).json()
    api.put("context/", {"envelope": envelope()}, If_None_Match="*")
    api.put("feedback/", {"rating": 5}, If_None_Match="*")
    assert api.get("messages/").json()["results"] == [posted]


@pytest.mark.django_db(transaction=True)
def test_the_post_function_can_be_replaced_while_messages_stay() -> None:
    api = Api(Api().post("sessions/").json()["session_token"])
    posted = api.post("messages/", new_message()).json()
    call_command("migrate", "messaging", "0001_initial", verbosity=0)
    call_command("migrate", verbosity=0)
    assert api.get("messages/").json()["results"] == [posted]
    assert api.post("messages/", new_message()).json()["seq"] == 2
