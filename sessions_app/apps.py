from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsConfig(AppConfig):
    """Who is talking, without knowing who."""

    name = "sessions_app"
    verbose_name = _("Anonymous sessions")
