from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Messages, context and feedback: ciphertext in, ciphertext out."""

    name = "messaging"
