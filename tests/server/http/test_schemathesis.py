"""Generated requests against the server's own description."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from ringproof_server.http.openapi import OPERATIONS
from tests.server.http.conftest import Door
from tests.support.world import NUMBER

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


@pytest.fixture(scope="module")
def described(common_door: Door) -> dict[str, Any]:
    """The operations of the server's description, by their ids."""
    schema = from_wsgi("/openapi.json", common_door.app)
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    return {operation.definition.raw["operationId"]: operation for operation in operations}


def modes() -> list[tuple[str, GenerationMode]]:
    """Every operation with right requests, and with wrong ones where there is something to get wrong."""
    found = []
    for operation in OPERATIONS:
        if operation.rule == "/openapi.json":
            continue  # The description is not asked for itself.
        found.append((operation.id, GenerationMode.POSITIVE))
        if operation.body or operation.any_body or operation.parameters or "<" in operation.rule:
            found.append((operation.id, GenerationMode.NEGATIVE))
    return found


@pytest.mark.parametrize(("operation", "mode"), modes())
def test_every_answer_is_as_described(
    operation: str, mode: GenerationMode, described: dict[str, Any], common_door: Door
) -> None:
    """Whatever is sent, right or wrong: a described status, its headers, and a body that fits its schema.

    Where a verification is named, half of the requests are about one that exists.
    """
    target = described[operation]
    with_key = target.path.startswith(("/v1", "/otp"))
    headers = {"Authorization": f"Bearer {common_door.secret}"} if with_key else {}
    number = f"+447700900{modes().index((operation, mode)):03}"
    started = common_door.start(number, key=common_door.secret) if "verification_id" in target.path else None

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=target.as_strategy(generation_mode=mode), is_real=st.booleans())
    def call(case: Any, is_real: bool) -> None:
        if started is not None and is_real:
            case.path_parameters["verification_id"] = started.id
        case.call_and_validate(headers=headers, checks=CHECKS)

    call()


def test_the_example_of_the_description_is_a_request_that_works(door: Door) -> None:
    """With a challenge of one's own: the verifier of the example is known to all the world."""
    operation = door.client.get("/openapi.json").get_json()["paths"]["/v1/verifications"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert example["phone_number"] == NUMBER
    _, challenge = door.world.pkce()
    assert door.post("/v1/verifications", {**example, "code_challenge": challenge}).status_code == 201
