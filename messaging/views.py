from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from messaging import services
from messaging.models import ConversationContext, Feedback, SealedDocument
from messaging.preconditions import optional_precondition, required_precondition
from messaging.serializers import (
    ContextSerializer,
    FeedbackSerializer,
    MessagePageSerializer,
    MessageSerializer,
    MessagesSerializer,
    NewContextSerializer,
    NewFeedbackSerializer,
    NewMessageSerializer,
    NewMessagesSerializer,
    context_body,
    feedback_body,
    message_body,
)
from privacy.problems import InvalidQuery
from privacy.serializers import StrictSerializer
from privacy.views import ApiView, query_integer

PAGE_MESSAGES = 50
MAX_PAGE_MESSAGES = 200
MAX_SEQ = 2**31 - 1


def _seq_parameter(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "integer", "minimum": 0, "maximum": MAX_SEQ}, description=description)


class MessagesView(ApiView):
    query_keys = frozenset({"limit", "before", "after"})

    @extend_schema(
        operation_id="list_messages",
        parameters=[
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_MESSAGES, "default": PAGE_MESSAGES},
                description="How many messages at most.",
            ),
            _seq_parameter("before", "Newest first, below this seq."),
            _seq_parameter("after", "Oldest first, above this seq. Not together with `before`."),
        ],
        responses=MessagePageSerializer,
    )
    def get(self, request: Request) -> Response:
        """A page of messages, newest first, or oldest first from a point."""
        before = query_integer(request, "before", low=0, high=MAX_SEQ)
        after = query_integer(request, "after", low=0, high=MAX_SEQ)
        limit = query_integer(request, "limit", low=1, high=MAX_PAGE_MESSAGES) or PAGE_MESSAGES
        if before is not None and after is not None:
            raise InvalidQuery
        rows, has_more = services.list_messages(token_digest=self.token_digest, limit=limit, before=before, after=after)
        return Response({"results": [message_body(row) for row in rows], "has_more": has_more})

    @extend_schema(
        operation_id="post_message",
        request=NewMessageSerializer,
        responses={201: MessageSerializer, 200: MessageSerializer},
    )
    def post(self, request: Request) -> Response:
        """Store one sealed message. The same again is answered with the same and stored once."""
        if request.META.get("QUERY_STRING"):
            raise InvalidQuery
        message = NewMessageSerializer.validated(request.data)
        row, is_new = services.post_message(token_digest=self.token_digest, message=message)
        return Response(message_body(row), status=201 if is_new else 200)


class MessageBatchView(ApiView):
    @extend_schema(
        operation_id="post_messages",
        request=NewMessagesSerializer,
        responses={201: MessagesSerializer, 200: MessagesSerializer},
    )
    def post(self, request: Request) -> Response:
        """Store up to 100 sealed messages in their order, all or none."""
        messages = NewMessagesSerializer.validated(request.data)["messages"]
        rows, is_any_new = services.post_messages(token_digest=self.token_digest, messages=messages)
        return Response({"results": [message_body(row) for row in rows]}, status=201 if is_any_new else 200)


class MessageView(ApiView):
    @extend_schema(operation_id="get_message", responses=MessageSerializer)
    def get(self, request: Request, message_id: UUID) -> Response:
        """One message."""
        return Response(message_body(services.get_message(token_digest=self.token_digest, message_id=message_id)))

    @extend_schema(operation_id="delete_message", responses={204: None})
    def delete(self, request: Request, message_id: UUID) -> Response:
        """Delete one message. Its seq stays unused."""
        services.delete_message(token_digest=self.token_digest, message_id=message_id)
        return Response(status=204)


IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag of the version to replace.")
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", {"type": "string", "enum": ["*"]}, OpenApiParameter.HEADER, description="`*` to create."
)
ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 201])


class SealedDocumentView(ApiView):
    """GET, PUT and DELETE of the one context or feedback of a session."""

    model: ClassVar[type[SealedDocument]]
    input_serializer: ClassVar[type[StrictSerializer]]

    @staticmethod
    def body(document: Any, /) -> dict[str, object]:
        raise NotImplementedError

    def get(self, request: Request) -> Response:
        document = services.get_document(self.model, token_digest=self.token_digest)
        return self._respond(document)

    def put(self, request: Request) -> Response:
        precondition = required_precondition(request.headers)
        values = self.input_serializer.validated(request.data)
        document, is_new = services.put_document(
            self.model, token_digest=self.token_digest, precondition=precondition, values=values
        )
        return self._respond(document, status=201 if is_new else 200)

    def delete(self, request: Request) -> Response:
        precondition = optional_precondition(request.headers)
        services.delete_document(self.model, token_digest=self.token_digest, precondition=precondition)
        return Response(status=204)

    def _respond(self, document: SealedDocument, status: int = 200) -> Response:
        return Response(self.body(document), status=status, headers={"ETag": document.etag})


def _documented(
    name: str, shown: type[BaseSerializer[Any]], taken: type[StrictSerializer]
) -> Callable[[type[SealedDocumentView]], type[SealedDocumentView]]:
    """The three calls of a sealed document in the OpenAPI file."""
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"get_{name}", responses=shown, parameters=[ETAG], description=f"The sealed {name}."
        ),
        put=extend_schema(
            operation_id=f"put_{name}",
            request=taken,
            responses={201: shown, 200: shown},
            parameters=[ETAG, IF_MATCH, IF_NONE_MATCH],
            description=f"Create or replace the sealed {name}, never unseen.",
        ),
        delete=extend_schema(
            operation_id=f"delete_{name}",
            responses={204: None},
            parameters=[IF_MATCH],
            description=f"Delete the sealed {name}.",
        ),
    )


@_documented("context", ContextSerializer, NewContextSerializer)
class ContextView(SealedDocumentView):
    model = ConversationContext
    input_serializer = NewContextSerializer
    body = staticmethod(context_body)


@_documented("feedback", FeedbackSerializer, NewFeedbackSerializer)
class FeedbackView(SealedDocumentView):
    model = Feedback
    input_serializer = NewFeedbackSerializer
    body = staticmethod(feedback_body)
