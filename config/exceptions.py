"""Every failure of the API as application/problem+json, whoever raised it: a view, DRF, Django, or nobody in
particular."""

import json
import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import BadRequest as DjangoBadRequest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views import defaults
from rest_framework import exceptions as drf

from privacy import problems
from privacy.logs import describe_exception
from privacy.problems import Problem
from sessions_app.services import has_session

logger = logging.getLogger("cbln.api")

CONTENT_TYPE = "application/problem+json"
API_PATH = "/api/"

_EQUIVALENTS: dict[type[Exception], type[Problem]] = {
    drf.NotAuthenticated: problems.Unauthorized,
    drf.AuthenticationFailed: problems.Unauthorized,
    drf.NotFound: problems.NotFound,
    Http404: problems.NotFound,
    drf.PermissionDenied: problems.Forbidden,
    PermissionDenied: problems.Forbidden,
    drf.MethodNotAllowed: problems.MethodNotAllowed,
    drf.NotAcceptable: problems.NotAcceptable,
    drf.UnsupportedMediaType: problems.UnsupportedMediaType,
    drf.ParseError: problems.MalformedBody,
    RequestDataTooBig: problems.BodyTooLarge,
    DjangoBadRequest: problems.BadRequest,
    OperationalError: problems.Unavailable,
    InterfaceError: problems.Unavailable,
}

# The words for each field error are ours: a library's may repeat the value that was sent.
_FIELD_CODES = {
    "min_value": "out_of_range",
    "max_value": "out_of_range",
    "min_length": "wrong_length",
    "max_length": "wrong_length",
    "empty": "wrong_length",
    "overflow": "out_of_range",
    "max_string_length": "out_of_range",
    "not_a_list": "invalid",
}
_FIELD_DETAILS: dict[str, Promise] = {
    "required": _("This field is required."),
    "null": _("This field may not be null."),
    "blank": _("This field may not be empty."),
    "out_of_range": _("This number is out of range."),
    "wrong_length": _("There are too many or too few entries."),
    "unknown_field": _("There is a field here that this call does not know."),
    "not_a_choice": _("This is not one of the values it can have."),
    "not_offered": _("A session can live for 1, 7 or 30 days."),
    "not_random": _("Use a random UUID (version 4)."),
    "not_an_envelope": _("This is not a cbln/1 envelope in base64url without padding."),
    "not_higher": _("The version must be higher than the stored one."),
    "ends_too_early": _("This end is in the past."),
    "ends_too_late": _("This end is after the end of the session."),
}
# A call finds out in its one statement whether the session is live; what is wrong with the request shows earlier.
# Both at once
# is answered as every unknown token is.
_FOUND_BEFORE_THE_SESSION = frozenset({400, 411, 413, 415, 428})
_INVALID = _("This value does not have the form it must have.")


def problem_response(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's exception handler. None for what nobody foresaw; Django then calls `server_error`."""
    problem = _as_problem(error)
    if problem is None:
        return None
    if problem.status_code in _FOUND_BEFORE_THE_SESSION and not _has_session(context["request"].auth):
        problem = problems.Unauthorized()
    if isinstance(problem, problems.Unavailable):
        logger.warning("unavailable", extra={"exception": describe_exception(error)})
    response = render_problem(problem, context["request"])
    if problem.status_code == 405:
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    return response


def _has_session(token_digest: bytes | None) -> bool:
    """False for a token that opens nothing. A call that takes no token has nothing to open."""
    return token_digest is None or has_session(token_digest=token_digest)


def _as_problem(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, drf.ValidationError):
        return problems.InvalidFields(extra={"errors": list(_field_errors(error.detail, ""))})
    for kind, equivalent in _EQUIVALENTS.items():
        if isinstance(error, kind):
            return equivalent()
    return None


def _field_errors(detail: Any, pointer: str) -> Iterator[dict[str, Any]]:
    """{pointer, code, detail} for each leaf of a validation error. Keys are names of known fields or places in a
    list."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            ours = key in ("", "non_field_errors")
            yield from _field_errors(inner, pointer if ours else f"{pointer}/{key}")
    elif isinstance(detail, list) and any(isinstance(item, dict) for item in detail):
        for index, inner in enumerate(detail):
            yield from _field_errors(inner, f"{pointer}/{index}")
    elif isinstance(detail, list):
        for inner in detail:
            yield from _field_errors(inner, pointer)
    else:
        code = _FIELD_CODES.get(detail.code, detail.code)
        text = _FIELD_DETAILS.get(code)
        yield {"pointer": pointer, "code": code if text else "invalid", "detail": text or _INVALID}


def render_problem(problem: Problem, request: HttpRequest) -> HttpResponse:
    """The answer to send, in the language the request asks for."""
    language = preferred_language(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))
    with translation.override(language):
        body = {
            "type": "about:blank",
            "title": problem.title,
            "status": problem.status_code,
            "code": problem.code,
            "detail": problem.detail_text,
        } | problem.extra
        content = json.dumps(body, ensure_ascii=False, default=str).encode()
    headers = {"Content-Language": language, "Cache-Control": "no-store"} | problem.headers
    return HttpResponse(content, status=problem.status_code, content_type=CONTENT_TYPE, headers=headers)


def preferred_language(accept_language: str) -> str:
    """'vi' or 'en' by Accept-Language; Vietnamese when in doubt."""
    for tag, quality in parse_accept_lang_header(accept_language):
        language = tag.split("-")[0]
        if quality > 0 and language in ("vi", "en"):
            return language
    return "vi"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API_PATH):
        return render_problem(_as_problem(exception) or problems.BadRequest(), request)
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API_PATH):
        return render_problem(problems.Forbidden(), request)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API_PATH):
        return render_problem(problems.NotFound(), request)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API_PATH):
        return render_problem(problems.InternalError(), request)
    return defaults.server_error(request)
