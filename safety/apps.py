from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SafetyConfig(AppConfig):
    """Keywords, hotlines, training data and the signed bundle that clients detect with; it never sees a message."""

    name = "safety"
    verbose_name = _("Safety")

    def ready(self) -> None:
        from safety import checks  # noqa: F401  (importing registers the checks; they need settings)
