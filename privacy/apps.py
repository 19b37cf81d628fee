from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Types and rules that keep what users write unreadable here. No tables; knows none of the other apps."""

    name = "privacy"

    def ready(self) -> None:
        from privacy import checks  # noqa: F401  (importing registers the checks; they need settings)
