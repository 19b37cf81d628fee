from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from monitoring.models import OneTimePassword


class OneTimePasswordValidator:
    """A password that was handed out is not one's own, and is no longer in force once another was chosen."""

    def validate(self, password: str, user: User | None = None) -> None:
        given = OneTimePassword.objects.filter(user=user).first() if user is not None and user.pk else None
        if given is not None and check_password(password, given.password_hash):
            raise ValidationError(_("This password was handed out. Choose one that only you know."), code="handed_out")

    def password_changed(self, password: str, user: User) -> None:
        """Django calls this for a new password, and not when it hashes the same one anew at a sign-in."""
        OneTimePassword.objects.filter(user=user).delete()

    def get_help_text(self) -> str:
        return _("Your password cannot be the one that was handed out.")
