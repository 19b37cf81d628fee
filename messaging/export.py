"""Everything of a session as newline-delimited JSON, streamed a page at a time."""

import logging
from collections.abc import Iterator
from contextlib import suppress

from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from messaging import services
from messaging.models import ConversationContext, Feedback
from messaging.serializers import context_body, feedback_body, message_body
from privacy.logs import describe_exception
from privacy.problems import NotFound, Unauthorized
from privacy.renderers import JSONRenderer, to_json
from privacy.views import ApiView
from sessions_app.serializers import session_body
from sessions_app.services import get_session

logger = logging.getLogger("cbln.export")


class NDJSONRenderer(JSONRenderer):
    media_type = "application/x-ndjson"
    format = "ndjson"


class ExportView(ApiView):
    renderer_classes = [NDJSONRenderer, JSONRenderer]

    @extend_schema(
        operation_id="export_session",
        responses={
            (200, "application/x-ndjson"): {
                "type": "string",
                "description": "One JSON object a line; the last has type `end`.",
            }
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Everything of this session, a JSON object a line. Without its last line, of type `end`, the file is
        incomplete."""
        session = get_session(token_digest=self.token_digest)
        first = session_body(session, user_agent=request.META.get("HTTP_USER_AGENT", ""))
        return StreamingHttpResponse(_lines(self.token_digest, first), content_type=NDJSONRenderer.media_type)


def _lines(token_digest: bytes, session: dict[str, object]) -> Iterator[bytes]:
    count = 0
    yield _line("session", session)
    try:
        for kind, document in _documents(token_digest):
            yield _line(kind, document)
        for message in services.iterate_messages(token_digest=token_digest):
            count += 1
            yield _line("message", message_body(message))
    except Unauthorized:
        return  # erased or expired while it was read: the missing last line says so
    except Exception as error:  # noqa: BLE001 - past Django's handlers: the web server would log its text
        logger.error("export broke off", extra={"exception": describe_exception(error)})
        return
    yield _line("end", {"messages": count})


def _documents(token_digest: bytes) -> Iterator[tuple[str, dict[str, object]]]:
    with suppress(NotFound):
        yield "context", context_body(services.get_document(ConversationContext, token_digest=token_digest))
    with suppress(NotFound):
        yield "feedback", feedback_body(services.get_document(Feedback, token_digest=token_digest))


def _line(kind: str, body: dict[str, object]) -> bytes:
    return to_json({"type": kind} | body) + b"\n"
