"""Staff with roles, an installation with keys, and examples that hold a canary."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from safety.models import TrainingData
from safety.roles import create_roles
from safety.services.training import add_example
from safety.tests.keys import FIELD_KEYS, SIGNING_KEY


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.FIELD_KEYS = FIELD_KEYS
    settings.BUNDLE_SIGNING_KEY = SIGNING_KEY
    settings.BUNDLE_PUBLIC_KEYS = []


type NewStaff = Callable[..., User]


@pytest.fixture
def new_staff(db: None) -> NewStaff:
    """new_staff("verifier", username="lan"): a member of staff with this role."""
    create_roles()

    def create(role: str = "", username: str = "", **fields: Any) -> User:
        name = username or (role or "nobody").replace(" ", "-")
        user: User = User.objects.create_user(name, password="mật khẩu dài", is_staff=True, **fields)
        if role:
            user.groups.add(Group.objects.get(name=role))
        return user

    return create


@pytest.fixture
def new_example(db: None) -> Callable[..., TrainingData]:
    def create(text: str = "một câu để học", **fields: Any) -> TrainingData:
        return add_example(**{"text": text, "language": "vi", "source": "written", "staff": None} | fields)

    return create
