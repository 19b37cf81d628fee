"""What the OpenAPI document says beyond the views: problems, security, closed objects."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from privacy import problems
from privacy.serializers import StrictSerializer
from safety.problems import DonationsClosed, TooManyDonations

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; the words are not."},
        "detail": {"type": "string"},
        "pointer": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {"pointer": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "proof_of_work": {
            "type": "object",
            "required": ["algorithm", "challenge", "bits", "expires_at"],
            "properties": {
                "algorithm": {"type": "string", "enum": ["sha256"]},
                "challenge": {"type": "string"},
                "bits": {"type": "integer"},
                "expires_at": {"type": "string", "format": "date-time"},
            },
        },
    },
}
_EVERYWHERE = (
    problems.InvalidQuery,
    problems.NotAcceptable,
    problems.MethodNotAllowed,
    problems.Unavailable,
    problems.InternalError,
)
_WITH_BODY = (
    problems.MalformedBody,
    problems.InvalidFields,
    problems.LengthRequired,
    problems.BodyTooLarge,
    problems.UnsupportedMediaType,
)
_BY_OPERATION: dict[str, tuple[type[problems.Problem], ...]] = {
    "create_session": (problems.ProofOfWorkRequired,),
    "update_session": (problems.LifetimeNotShorter,),
    "post_message": (problems.IVReused, problems.SessionFull, problems.SignalsNotShared, problems.IdReused),
    "post_messages": (problems.IVReused, problems.SessionFull, problems.SignalsNotShared, problems.IdReused),
    "get_bundle": (problems.NotFound,),
    "donate": (TooManyDonations, DonationsClosed),
    "withdraw_donation": (problems.NotFound,),
    "get_message": (problems.NotFound,),
    "delete_message": (problems.NotFound,),
    **{f"get_{name}": (problems.NotFound,) for name in ("context", "feedback")},
    **{f"put_{name}": (problems.PreconditionFailed, problems.PreconditionRequired) for name in ("context", "feedback")},
    **{f"delete_{name}": (problems.NotFound, problems.PreconditionFailed) for name in ("context", "feedback")},
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "sessions_app.authentication.BearerAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "cbln_ and 43 characters of base64url"}


class ProblemSchema(AutoSchema):
    """Adds to each operation the problems it can answer with, and closes objects that refuse unknown fields."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        kinds: list[type[problems.Problem]] = [*_EVERYWHERE, *_BY_OPERATION.get(operation["operationId"], ())]
        if "requestBody" in operation:
            kinds += _WITH_BODY
        if operation.get("security"):
            kinds.append(problems.Unauthorized)
        codes: dict[int, list[str]] = {}
        for kind in kinds:
            codes.setdefault(kind.status_code, []).append(kind.code)
        for status, names in sorted(codes.items()):
            operation["responses"].setdefault(
                str(status),
                {
                    "description": ", ".join(f"`{name}`" for name in sorted(names)),
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
            )
        return operation

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema


def only_the_versioned_api(
    endpoints: list[tuple[str, Any, str, Any]], **_kwargs: Any
) -> list[tuple[str, Any, str, Any]]:
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def finish_document(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    result["components"]["schemas"]["Problem"] = PROBLEM
    return result
