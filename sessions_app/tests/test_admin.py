from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.models import AnonymousSession

LIST = "/admin/sessions_app/anonymoussession/"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("an", password="a long enough one"))
    return client


def test_staff_close_a_session_by_its_id_seeing_nothing_of_it(staff: Client, open_session: Callable[..., Any]) -> None:
    abusive, other = open_session(), open_session()
    page = staff.get(LIST + abusive.opened["id"] + "/change/").content.decode()
    stored = AnonymousSession.objects.get(id=abusive.opened["id"])
    assert bytes(stored.session_token).hex() not in page
    assert "session_token" not in page
    assert "user_agent" not in page
    data = {"action": "close", "_selected_action": [abusive.opened["id"]]}
    answer = staff.post(LIST, data, follow=True)
    assert answer.status_code == 200
    assert abusive.get("sessions/current/").status_code == 401
    assert other.get("sessions/current/").status_code == 200


def test_staff_can_neither_add_nor_delete_nor_edit(staff: Client, api: Any) -> None:
    session_id = api.opened["id"]
    assert staff.get(LIST + "add/").status_code == 403
    assert staff.post(LIST + session_id + "/delete/", {"post": "yes"}).status_code == 403
    staff.post(LIST + session_id + "/change/", {"is_active": "", "expires_at_0": "2020-01-01"})
    assert api.get("sessions/current/").status_code == 200


def test_strangers_see_a_sign_in_page(db: None) -> None:
    answer = Client().get(LIST)
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]
