from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MonitoringConfig(AppConfig):
    """Observes the others; nobody imports it."""

    name = "monitoring"
    verbose_name = _("Monitoring")
