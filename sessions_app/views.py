from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from privacy.digests import new_token, token_digest
from privacy.views import ApiView
from sessions_app import services
from sessions_app.limits import Proof, admit_creation, client_network
from sessions_app.serializers import (
    CreatedSessionSerializer,
    NewSessionSerializer,
    SessionChangesSerializer,
    SessionSerializer,
    session_body,
)


def _user_agent(request: Request) -> str:
    return str(request.META.get("HTTP_USER_AGENT", ""))


class SessionsView(ApiView):
    authentication_classes = []

    @extend_schema(
        operation_id="create_session",
        request=NewSessionSerializer,
        responses={201: CreatedSessionSerializer, 200: SessionSerializer},
    )
    def post(self, request: Request) -> Response:
        """Open a session. The same session_token again gives the session it already opens."""
        values = NewSessionSerializer.validated(request.data)
        own_token = values.get("session_token")
        token = own_token or new_token()
        proof = values.get("proof_of_work")
        if own_token is None or not services.has_session(token_digest=token_digest(own_token)):
            admit_creation(network=client_network(request.META), proof=Proof(**proof) if proof else None)
        session, is_new = services.create_session(
            token_digest=token_digest(token),
            language=values["language_preference"],
            lifetime_days=values["lifetime_days"],
            user_agent=_user_agent(request),
        )
        body = session_body(session, user_agent=_user_agent(request))
        return Response(body if own_token else body | {"session_token": token}, status=201 if is_new else 200)


class CurrentSessionView(ApiView):
    @extend_schema(operation_id="get_session", responses=SessionSerializer)
    def get(self, request: Request) -> Response:
        """Look at the session."""
        session = services.get_session(token_digest=self.token_digest)
        return Response(session_body(session, user_agent=_user_agent(request)))

    @extend_schema(operation_id="update_session", request=SessionChangesSerializer, responses=SessionSerializer)
    def patch(self, request: Request) -> Response:
        """Change language, crisis mode or sharing; shorten the session's life."""
        changes = SessionChangesSerializer.validated(request.data)
        session = services.update_session(token_digest=self.token_digest, changes=changes)
        return Response(session_body(session, user_agent=_user_agent(request)))

    @extend_schema(operation_id="erase_session", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Erase everything of this session now. The token is dead when the answer arrives."""
        services.erase_session(token_digest=self.token_digest)
        return Response(status=204)
