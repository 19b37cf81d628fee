"""Thousands of generated requests against the OpenAPI document: no 5xx, no answer the document does not foresee."""

from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api import Api, envelope, new_message

CASES_EACH = 60  # 2,000 and more in all; an operation without input has but one
schema: Any = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
OPERATIONS = {operation.ok().label: operation.ok() for operation in schema.get_all_operations()}
# An operation that takes no input has no wrong one.
WALK = [
    (label, mode)
    for label, operation in sorted(OPERATIONS.items())
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or list(operation.iter_parameters()) or operation.body
]
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


def test_the_document_could_be_read_whole() -> None:
    assert len(OPERATIONS) >= 18


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("label", "mode"), WALK, ids=str)
def test_no_request_gets_an_answer_the_document_does_not_foresee(label: str, mode: Any, settings: Any) -> None:
    settings.SESSION_CREATIONS_PER_HOUR = 10_000
    opened = Api().post("sessions/").json()

    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    @hypothesis_settings(
        max_examples=CASES_EACH,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        api = furnished(opened["session_token"])
        if "message_id" in (case.path_parameters or {}) and mode is GenerationMode.POSITIVE:
            case.path_parameters["message_id"] = api.get("messages/").json()["results"][0]["id"]
        response = case.call(headers={"Authorization": f"Bearer {api.token}"})
        # Wrong queries have tests of their own: an empty list as a value, say, is never sent and so never wrong.
        # Of the refusals of a body, the check does not know 412.
        is_judged = OPERATIONS[label].body and response.status_code != 412
        refusal = [negative_data_rejection] if is_judged else []
        case.validate_response(response, checks=CHECKS + refusal)

    check()


def furnished(token: str) -> Api:
    """The session of `token` with something in it, also after a case erased it."""
    api = Api(token)
    if api.get("sessions/current/").status_code == 401:
        api.post("sessions/", {"session_token": token})
    if not api.get("messages/").json()["results"]:
        api.post("messages/", new_message())
        api.put("context/", {"envelope": envelope()}, If_None_Match="*")
    return api
