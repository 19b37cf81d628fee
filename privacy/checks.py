"""Numbered system checks: a configuration that would break a promise does not start."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def check_secrets(**_kwargs: Any) -> Sequence[CheckMessage]:
    if len(settings.DIGEST_KEY) < 32:
        return [Error("DIGEST_KEY is shorter than 32 characters.", hint="openssl rand -hex 32", id="privacy.E001")]
    if settings.SECRET_KEY.encode() == settings.DIGEST_KEY:
        return [Error("DIGEST_KEY and SECRET_KEY are the same.", hint="Make one of them anew.", id="privacy.E002")]
    return []


@register(Tags.security)
def check_trusted_proxies(**_kwargs: Any) -> Sequence[CheckMessage]:
    for network in settings.TRUSTED_PROXIES:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            return [
                Error(
                    "TRUSTED_PROXIES holds something that is not a network.",
                    hint="10.0.0.0/8,::1/128",
                    id="privacy.E003",
                )
            ]
    return []


@register(Tags.security, deploy=True)
def check_origins(**_kwargs: Any) -> Sequence[CheckMessage]:
    if getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False) or getattr(settings, "CORS_ALLOW_CREDENTIALS", False):
        return [Error("The API must not answer every origin, nor with credentials.", id="privacy.E004")]
    return []


@register(Tags.database)
def check_engine(**_kwargs: Any) -> Sequence[CheckMessage]:
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        return [
            Error("DATABASE_URL must name a PostgreSQL server.", hint="postgres://user@host/name", id="privacy.E005")
        ]
    return []
