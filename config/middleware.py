"""What wraps every request. The API passes the first four only (log, headers, security, CORS): it has
no cookie, no browser session and no page."""

import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

from monitoring.middleware import PasswordChangeMiddleware

logger = logging.getLogger("cbln.request")
NOT_PAGES = ("/api/v1/", "/healthz/")
type GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequestLogMiddleware:
    """One line a request: route template, status, duration, a random id. Never the address, path, query, headers or
    body."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        start = time.perf_counter()
        request_id = secrets.token_hex(8)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        match = request.resolver_match
        logger.info(
            "request",
            extra={
                "route": match.route if match else None,
                "method": request.method if request.method in _METHODS else "other",
                "status": response.status_code,
                "ms": round((time.perf_counter() - start) * 1000, 1),
                "id": request_id,
            },
        )
        return response


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ApiHeadersMiddleware:
    """No cache keeps an answer of the API, unless the call itself says otherwise; its length comes first."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith(NOT_PAGES):
            response.headers.setdefault("Cache-Control", "no-store")
            if isinstance(response, HttpResponse):
                response.headers["Content-Length"] = str(len(response.content))
        return response


class PagesOnly:
    """Mixed in before a middleware: skips it for all that is not a page."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(NOT_PAGES):
            passed: HttpResponseBase = self.get_response(request)
            return passed
        response: HttpResponseBase = super().__call__(request)  # type: ignore[misc]
        return response


class PageStaticMiddleware(PagesOnly, WhiteNoiseMiddleware): ...  # type: ignore[misc]  # whitenoise has no types


class PageSessionMiddleware(PagesOnly, SessionMiddleware): ...


class PageLocaleMiddleware(PagesOnly, LocaleMiddleware): ...


class PageCommonMiddleware(PagesOnly, CommonMiddleware): ...


class PageCsrfMiddleware(PagesOnly, CsrfViewMiddleware):
    """The one of them with a second hook."""

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        return None if request.path.startswith(NOT_PAGES) else super().process_view(request, *args)


class PageAuthenticationMiddleware(PagesOnly, AuthenticationMiddleware): ...


class PageMessageMiddleware(PagesOnly, MessageMiddleware): ...


class PageFrameMiddleware(PagesOnly, XFrameOptionsMiddleware): ...


class PageCspMiddleware(PagesOnly, ContentSecurityPolicyMiddleware): ...


class PagePasswordMiddleware(PagesOnly, PasswordChangeMiddleware): ...
