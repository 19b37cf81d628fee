"""The first start's one staff account: a password shown once, that opens one page until it is changed."""

import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from monitoring.models import OneTimePassword
from monitoring.services import create_first_staff

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "một câu dài mà chỉ mình biết"
LOGIN, CHANGE, INDEX = "/admin/login/", "/admin/password_change/", "/admin/"


def seed() -> str:
    out = io.StringIO()
    call_command("seed", stdout=out)
    return out.getvalue()


@pytest.fixture
def password() -> str:
    made = create_first_staff(username="admin")
    assert made is not None
    return made


def fill_in(client: Client, path: str, fields: dict[str, str]) -> Any:
    """Send the form on this page as a browser does, with the token hidden in it."""
    page = client.get(path).content.decode()
    [token] = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page))
    return client.post(path, fields | {"csrfmiddlewaretoken": token})


def sign_in(password: str) -> Client:
    client = Client(enforce_csrf_checks=True)
    fill_in(client, LOGIN, {"username": "admin", "password": password, "next": INDEX})
    return client


def change(client: Client, old: str, new: str) -> Any:
    return fill_in(client, CHANGE, {"old_password": old, "new_password1": new, "new_password2": new})


def test_the_first_run_makes_one_administrator_and_says_how_to_sign_in() -> None:
    said = seed()
    assert "One-time password" in said
    assert "/admin/" in said
    staff = User.objects.get()
    assert (staff.username, staff.is_staff, staff.is_superuser) == ("admin", True, True)
    [password] = re.findall(r"shown only now: (\S+)", said)
    assert len(password) >= 20
    assert password not in staff.password
    assert password not in OneTimePassword.objects.get().password_hash


def test_the_second_run_changes_nothing_and_says_nothing() -> None:
    seed()
    before = list(User.objects.values())
    assert seed() == ""
    assert list(User.objects.values()) == before


def test_a_run_after_the_account_got_another_name_makes_no_second_one(password: str) -> None:
    User.objects.update(username="lan", is_superuser=False)
    assert create_first_staff(username="admin") is None
    assert User.objects.count() == 1


def test_two_installations_do_not_share_a_password(password: str) -> None:
    User.objects.all().delete()
    assert create_first_staff(username="admin") != password


def test_until_it_is_changed_the_password_leads_to_the_change_page_only(password: str) -> None:
    client = sign_in(password)
    for path in (INDEX, "/admin/sessions_app/anonymoussession/", "/admin/auth/user/", "/api/docs/"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers.get("Location")) == (302, CHANGE), path
    assert client.post("/admin/auth/user/add/", {"username": "x"}).status_code in (302, 403)
    assert User.objects.count() == 1


def test_once_changed_the_new_one_opens_all_and_the_old_one_nothing(password: str) -> None:
    client = sign_in(password)
    assert change(client, password, NEW_PASSWORD).status_code == 302
    assert client.get(INDEX).status_code == 200
    assert sign_in(NEW_PASSWORD).get(INDEX).status_code == 200
    stranger = sign_in(password).get(INDEX)
    assert stranger.status_code == 302
    assert stranger.headers["Location"].startswith(LOGIN)


@pytest.mark.parametrize("new", ["short", "1234567890123", "password", ""])
def test_a_weak_password_does_not_end_it(password: str, new: str) -> None:
    client = sign_in(password)
    assert change(client, password, new).status_code == 200
    assert client.get(INDEX).headers["Location"] == CHANGE


def test_the_handed_out_password_cannot_be_chosen_as_ones_own(password: str) -> None:
    client = sign_in(password)
    assert change(client, password, password).status_code == 200
    assert client.get(INDEX).headers["Location"] == CHANGE


def test_a_wrong_password_opens_nothing(password: str) -> None:
    answer = sign_in(password[:-1] + "!").get(INDEX)
    assert answer.headers["Location"].startswith(LOGIN)


def test_a_password_set_on_the_command_line_is_nobodys_one_time_password(password: str) -> None:
    staff = User.objects.get()
    staff.set_password(NEW_PASSWORD)
    staff.save(update_fields=["password"])
    assert sign_in(NEW_PASSWORD).get(INDEX).status_code == 200


def test_a_stronger_hash_made_at_sign_in_does_not_lift_the_duty_to_change(password: str, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["monitoring.tests.hashers.Stronger", *settings.PASSWORD_HASHERS]
    client = sign_in(password)
    assert User.objects.get().password.startswith("stronger$")
    assert client.get(INDEX).headers["Location"] == CHANGE
