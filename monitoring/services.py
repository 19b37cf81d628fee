import secrets

from django.contrib.auth.models import User
from django.db import transaction

from monitoring.models import OneTimePassword


@transaction.atomic
def create_first_staff(*, username: str) -> str | None:
    """Create the first staff account, an administrator; returns its one-time password, or None if there are staff
    already."""
    if User.objects.select_for_update().filter(is_staff=True).exists():
        return None
    password = secrets.token_urlsafe(15)
    user = User.objects.create_superuser(username=username, password=password)
    OneTimePassword.objects.create(user=user, password_hash=user.password)
    return password
