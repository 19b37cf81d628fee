import gzip
import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from privacy.envelope import to_base64url
from privacy.problems import InvalidQuery, NotFound
from privacy.views import ApiView, query_integer
from safety.models import CrisisResource, LexiconRelease
from safety.models.keywords import LANGUAGES
from safety.models.resources import LEVELS
from safety.serializers import (
    BundleSerializer,
    DonatedSerializer,
    DonationSerializer,
    ResourcesSerializer,
    WithdrawalSerializer,
)
from safety.services import donations, releases
from sessions_app.services import get_session

# A version never changes; the short life is for noticing the next one. The one answer of the API a cache may keep.
BUNDLE_CACHE = "public, max-age=300, stale-while-revalidate=86400"
IMMUTABLE_CACHE = "public, max-age=31536000, immutable"
MAX_VERSION = 2**31 - 1


def bundle_body(release: LexiconRelease) -> bytes:
    """The answer's bytes: canonical JSON inside JSON, so that a client verifies exactly the bytes that were signed."""
    return json.dumps(
        {
            "bundle": bytes(release.bundle).decode(),
            "key_id": release.signature_key_id,
            "signature": to_base64url(bytes(release.signature or b"")),
        },
        ensure_ascii=False,
    ).encode()


class BundleView(ApiView):
    authentication_classes = []
    query_keys = frozenset({"version"})

    @extend_schema(
        operation_id="get_bundle",
        parameters=[
            OpenApiParameter(
                "version",
                {"type": "integer", "minimum": 1, "maximum": MAX_VERSION},
                description="This very version, cacheable for ever. Without it the newest.",
            )
        ],
        responses=BundleSerializer,
    )
    def get(self, request: Request) -> HttpResponse:
        """The signed detection bundle."""
        version = query_integer(request, "version", low=1, high=MAX_VERSION)
        published = LexiconRelease.objects.published()
        if version is not None:
            published = published.filter(version=version)
        heading = published.defer("bundle").first()
        if heading is None:
            raise NotFound
        is_gzip = _takes_gzip(request)
        # A strong tag names bytes, and the compressed ones are others.
        etag = heading.etag[:-1] + '-gz"' if is_gzip else heading.etag
        cache = IMMUTABLE_CACHE if version else BUNDLE_CACHE
        headers = {"ETag": etag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
        if _matches(request, etag):
            return HttpResponse(status=304, headers=headers)
        if not is_gzip:
            return HttpResponse(bundle_body(heading), content_type="application/json", headers=headers)
        headers["Content-Encoding"] = "gzip"
        return HttpResponse(
            _compressed(heading.version, heading.etag), content_type="application/json", headers=headers
        )


@lru_cache(maxsize=2)
def _compressed(version: int, _etag: str) -> bytes:
    """The answer, gzipped: a quarter of its size, and too much work to do each time. A version never changes."""
    return gzip.compress(bundle_body(LexiconRelease.objects.get(version=version)), mtime=0)


def _takes_gzip(request: Request) -> bool:
    codings = [coding.partition(";") for coding in request.headers.get("Accept-Encoding", "").split(",")]
    return any(name.strip() == "gzip" and "q=0" not in quality.replace("q=0.", "") for name, _, quality in codings)


def _matches(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this version. Weak comparison (RFC 9110, 13.1.2): a proxy that compresses weakens
    the tag."""
    tags = request.headers.get("If-None-Match", "").split(",")
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in tags)


class ResourcesView(ApiView):
    authentication_classes = []
    query_keys = frozenset({"language", "level"})

    @extend_schema(
        operation_id="list_resources",
        parameters=[
            OpenApiParameter("language", {"type": "string", "enum": list(LANGUAGES)}, description="Spoken there."),
            OpenApiParameter("level", {"type": "string", "enum": list(LEVELS)}, description="Those meant for it."),
        ],
        responses=ResourcesSerializer,
    )
    def get(self, request: Request) -> Response:
        """Verified hotlines, the most general first. Those never verified, or not lately, are not among them."""
        resources = CrisisResource.objects.visible()
        if (language := _choice(request, "language", LANGUAGES)) is not None:
            resources = resources.for_language(language)
        if (level := _choice(request, "level", LEVELS)) is not None:
            resources = resources.for_level(level)
        return Response({"results": [releases.resource_entry(resource) for resource in resources]})


def _choice(request: Request, key: str, known: Any) -> str | None:
    value = request.GET.get(key)
    if value is not None and value not in known:
        raise InvalidQuery
    return value


class DonationsView(ApiView):
    @extend_schema(
        operation_id="donate",
        request=DonationSerializer,
        responses={201: DonatedSerializer, 200: DonatedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Give one message for training, without a link to the session. The same withdrawal code again gives nothing
        twice."""
        values = DonationSerializer.validated(request.data)
        get_session(token_digest=self.token_digest)
        donations.admit_donation(session_digest=self.token_digest, key=settings.RATE_LIMIT_KEY)
        code = values.pop("withdrawal_code")
        text, language = values.pop("text"), values.pop("language")
        is_new = donations.donate(text=text, language=language, groups=values, code=code)
        body = {"withdrawal_code": code, "grace_days": donations.GRACE_DAYS}
        return Response(body, status=201 if is_new else 200)


class WithdrawalsView(ApiView):
    authentication_classes = []

    @extend_schema(operation_id="withdraw_donation", request=WithdrawalSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Take a donation back. The code is enough: the session may be long gone."""
        values = WithdrawalSerializer.validated(request.data)
        donations.withdraw(code=values["withdrawal_code"])
        return Response(status=204)
