"""Errors of the API: RFC 9457 problems with a stable code. The words are ours; nothing of a request enters them."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException


class Problem(APIException):
    """One kind of refusal. `extra` are further members of the answer, `headers` go beside it."""

    status_code: int
    code: str
    title: Promise
    detail_text: Promise

    def __init__(self, *, extra: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(self.code), self.code)
        self.extra = extra or {}
        self.headers = headers or {}


class MalformedBody(Problem):
    status_code = 400
    code = "malformed_body"
    title = _("The body cannot be read")
    detail_text = _(
        "Send one JSON object in UTF-8: no duplicate keys, NaN, NUL or lone surrogates, nested at most 32 deep."
    )


class InvalidFields(Problem):
    """`extra["errors"]` lists {pointer, code, detail}."""

    status_code = 400
    code = "invalid_fields"
    title = _("Some fields are not valid")
    detail_text = _("Correct the fields named under errors and send the request again. Nothing was changed.")


class InvalidQuery(Problem):
    status_code = 400
    code = "invalid_query"
    title = _("The query is not valid")
    detail_text = _(
        "A key of the query is unknown, repeated or out of range. The documentation lists those this call takes."
    )


class Unauthorized(Problem):
    """Missing, malformed, unknown and expired tokens, erased and closed sessions: one answer tells nothing apart."""

    status_code = 401
    code = "unauthorized"
    title = _("No open session")
    detail_text = _(
        "Send the bearer token of an open session. It may have expired or been erased; then start a new one."
    )

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class NotFound(Problem):
    status_code = 404
    code = "not_found"
    title = _("Not found")
    detail_text = _("There is nothing here, or it was deleted.")


class MethodNotAllowed(Problem):
    status_code = 405
    code = "method_not_allowed"
    title = _("Method not allowed")
    detail_text = _("This address does not take this method. The Allow header lists those it takes.")


class NotAcceptable(Problem):
    status_code = 406
    code = "not_acceptable"
    title = _("Not acceptable")
    detail_text = _("This call answers in a form your Accept header does not allow. Accept application/json.")


class IVReused(Problem):
    status_code = 409
    code = "iv_reused"
    title = _("This IV was used before")
    detail_text = _("Seal the message again with a fresh random IV. Two messages under one IV would reveal both.")


class SessionFull(Problem):
    status_code = 409
    code = "session_full"
    title = _("This conversation is full")
    detail_text = _("The server keeps no more messages in one conversation. Start a new one.")


class SignalsNotShared(Problem):
    status_code = 409
    code = "signals_not_shared"
    title = _("Signals are not shared in this session")
    detail_text = _(
        "Send the message without model, time, sentiment, emotion and crisis fields, or switch sharing on first."
    )


class LengthRequired(Problem):
    status_code = 411
    code = "length_required"
    title = _("Length required")
    detail_text = _("Send the body with a Content-Length header instead of in chunks.")


class PreconditionFailed(Problem):
    status_code = 412
    code = "precondition_failed"
    title = _("It has changed in the meantime")
    detail_text = _("Another device wrote here. Read the present version, merge, and send again with its ETag.")


class BodyTooLarge(Problem):
    status_code = 413
    code = "body_too_large"
    title = _("The body is too large")
    detail_text = _("A request body may have 128 KiB. Send less at a time.")


class UnsupportedMediaType(Problem):
    status_code = 415
    code = "unsupported_media_type"
    title = _("Unsupported media type")
    detail_text = _("Send application/json in UTF-8, without content encoding.")


class IdReused(Problem):
    status_code = 422
    code = "id_reused"
    title = _("This message id was used for other content")
    detail_text = _("Every message has an id of its own. Send this one under a new id.")


class LifetimeNotShorter(Problem):
    status_code = 422
    code = "lifetime_not_shorter"
    title = _("A session's life can only be shortened")
    detail_text = _("The lifetime asked for would end later than the session does now. Nothing was changed.")


class PreconditionRequired(Problem):
    status_code = 428
    code = "precondition_required"
    title = _("Precondition required")
    detail_text = _("Send If-None-Match: * to create, or If-Match with the ETag of the version you replace.")


class ProofOfWorkRequired(Problem):
    status_code = 429
    code = "proof_of_work_required"
    title = _("A little work first")
    detail_text = _(
        "Many sessions were opened from this network. Solve the proof of work and send again; nobody is turned away."
    )


class InternalError(Problem):
    status_code = 500
    code = "internal_error"
    title = _("Something went wrong here")
    detail_text = _("The fault is ours and was noted without your words. Try again later.")


class Unavailable(Problem):
    status_code = 503
    code = "unavailable"
    title = _("Not available at the moment")
    detail_text = _(
        "The service cannot be reached for a moment. Wait as Retry-After says, then send the same again: "
        "nothing is stored twice."
    )

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})


class BadRequest(Problem):
    """What is refused before any call is reached: a host name not ours, a header that cannot be read."""

    status_code = 400
    code = "bad_request"
    title = _("Bad request")
    detail_text = _("The request cannot be understood.")


class Forbidden(Problem):
    status_code = 403
    code = "forbidden"
    title = _("Forbidden")
    detail_text = _("This is not allowed.")
