from django.conf import settings
from django.db import models


class OneTimePassword(models.Model):
    """A password that was given out and must be changed at the first sign-in: in force until another is chosen
    (monitoring/passwords.py). Not while the account has that very hash: Django hashes anew when it prefers another."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    password_hash = models.CharField(max_length=128)

    class Meta:
        db_table = "one_time_passwords"

    def __str__(self) -> str:
        return str(self.user_id)
