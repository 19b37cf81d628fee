"""The one call that speaks for the whole house."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.version import VERSION
from messaging.serializers import BATCH_MESSAGES
from messaging.views import MAX_PAGE_MESSAGES
from privacy.envelope import ENVELOPE_BYTES, to_base64url
from privacy.views import ApiView
from safety.services.releases import current_version
from safety.signature import trusted_keys
from sessions_app.models import LANGUAGES, LIFETIMES_DAYS


class LimitsSerializer(serializers.Serializer[Any]):
    body_bytes = serializers.IntegerField()
    envelope_bytes_min = serializers.IntegerField()
    envelope_bytes_max = serializers.IntegerField()
    batch_messages = serializers.IntegerField()
    page_messages = serializers.IntegerField()
    session_messages = serializers.IntegerField()


class RepliesSerializer(serializers.Serializer[Any]):
    is_offered = serializers.BooleanField()
    provider = serializers.CharField(allow_null=True)


class ConfigSerializer(serializers.Serializer[Any]):
    protocol = serializers.CharField()
    version = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    lifetimes_days = serializers.ListField(child=serializers.IntegerField())
    limits = LimitsSerializer()
    bundle_version = serializers.IntegerField(allow_null=True)
    bundle_keys = serializers.ListField(child=serializers.CharField())
    replies = RepliesSerializer()


class ConfigView(ApiView):
    authentication_classes = []

    @extend_schema(operation_id="get_config", responses=ConfigSerializer)
    def get(self, request: Request) -> Response:
        """Protocol, limits, lifetimes and languages of this server; whether it offers replies."""
        return Response(
            {
                "protocol": "cbln/1",
                "version": VERSION,
                "languages": LANGUAGES,
                "lifetimes_days": LIFETIMES_DAYS,
                "limits": {
                    "body_bytes": settings.BODY_BYTES,
                    "envelope_bytes_min": min(ENVELOPE_BYTES),
                    "envelope_bytes_max": max(ENVELOPE_BYTES),
                    "batch_messages": BATCH_MESSAGES,
                    "page_messages": MAX_PAGE_MESSAGES,
                    "session_messages": settings.SESSION_MESSAGES,
                },
                "bundle_version": current_version(),
                "bundle_keys": [to_base64url(key) for key in trusted_keys().values()],
                "replies": {"is_offered": False, "provider": None},
            }
        )


def not_found_in_api(request: HttpRequest) -> HttpResponse:
    """Paths below /api/ that lead nowhere, so that no page-serving middleware answers for them."""
    raise Http404
