"""The description of the HTTP contract (OpenAPI 3.1), made from the operations that are routed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import msgspec
from flask import Blueprint

from ringproof_server.domain.errors import CLIENT_ERRORS
from ringproof_server.http import carrier_events, devices, handsets, health, keys, simple, verifications
from ringproof_server.http.answers import Answer
from ringproof_server.http.bodies import TAG_MEANINGS, ProblemView
from ringproof_server.http.bodies.texts import END
from ringproof_server.http.problems import MEDIA_TYPE, PROBLEM_STATUS
from ringproof_server.http.routes import (
    DEVICE_ID,
    FICTITIOUS_NUMBER,
    OWN_NAME,
    VERIFICATION_ID,
    Operation,
    Parameter,
    add,
)

DESCRIPTION: Final = Operation(
    id="openapi",
    method="GET",
    rule="/openapi.json",
    tag="Description",
    summary="This description",
    answers={200: "application/json"},
)
OPERATIONS: Final[tuple[Operation, ...]] = (
    *verifications.OPERATIONS,
    *devices.OPERATIONS,
    *simple.OPERATIONS,
    *keys.OPERATIONS,
    *handsets.OPERATIONS,
    *carrier_events.OPERATIONS,
    *health.OPERATIONS,
    DESCRIPTION,
)

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_SCHEMA_REF: Final = "#/components/schemas/{name}"
_PATH_PARAMETER: Final = re.compile(r"<(?:[a-z]+(?:\([^)]*\))?:)?([a-z_]+)>")
_PATH_MEANINGS: Final = {
    "verification_id": "Name of the verification, `vrf_…`.",
    "device_id": "Name of the device, `dev_…`.",
    "number": "A fictitious number in E.164, with or without the `+`.",
    "carrier": "Name of the carrier.",
    "path": "Which of the carrier's callbacks it is.",
    "reference": "The signed name of the attempt.",
    "token": "Your own name for the code.",
    "code": "The code that the person typed.",
}
_PATH_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "verification_id": {
        "type": "string",
        "pattern": f"^{VERIFICATION_ID}$",
        "examples": ["vrf_06a1k2m3n4p5q6r7s8t9v0w1x2"],
    },
    "device_id": {
        "type": "string",
        "pattern": f"^{DEVICE_ID}$",
        "examples": ["dev_06a1k2m3n4p5q6r7s8t9v0w1x2"],
    },
    "number": {"type": "string", "pattern": f"^{FICTITIOUS_NUMBER}$", "examples": ["+447700900123"]},
    "carrier": {"type": "string", "pattern": "^[a-z]{1,32}$", "examples": ["simulated"]},
    "path": {"type": "string", "pattern": "^[a-z]{1,64}$", "examples": ["events"]},
    "reference": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,128}$"},
    "token": {"type": "string", "pattern": f"^{OWN_NAME}$", "examples": ["signup-42"]},
    "code": {"type": "string", "pattern": "^[0-9]{4,10}$", "examples": ["123456"]},
}


def create_openapi(public_url: str) -> Blueprint:
    """The route of the description, which is written once."""
    blueprint = Blueprint("openapi", __name__)
    text = msgspec.json.encode(openapi_document(public_url))

    headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}

    def description() -> Answer:
        return Answer(text, headers=headers)

    add(blueprint, DESCRIPTION, description)
    return blueprint


def openapi_document(public_url: str) -> dict[str, object]:
    """The whole description as JSON values."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = _PATH_PARAMETER.sub(r"{\1}", operation.rule)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringproof",
            "version": version("ringproof-server"),
            "summary": "Proves that a person controls a phone number, by ringing it.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": public_url}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": _schemas(OPERATIONS),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A publishable key `rp_pk_…` or a secret key `rp_sk_…`.",
                },
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The same key as the password, or as the name without a password.",
                },
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.rule), *map(_parameter, operation.parameters)],
        "responses": _responses(operation),
        "security": [{"key": []}, {"basic": []}] if operation.needs_key else [],
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body is not None:
        content: dict[str, Any] = {"schema": _reference(operation.body)}
        if operation.request_example is not None:
            content["example"] = operation.request_example
        contents = {_JSON: content, **({_FORM: content} if operation.form else {})}
        described["requestBody"] = {"required": operation.body_required, "content": contents}
    elif operation.any_body:
        form = {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
        described["requestBody"] = {"content": {_FORM: form}}
    return described


def _path_parameters(rule: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "description": _PATH_MEANINGS[name],
            "required": True,
            "schema": _PATH_SCHEMAS[name],
        }
        for name in _PATH_PARAMETER.findall(rule)
    ]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }


def _responses(operation: Operation) -> dict[str, Any]:
    """All answers by status; what is a plain text in some cases may be a problem in others."""
    responses = _answers(operation)
    for status, problem in _problems(operation).items():
        if isinstance(operation.answers.get(int(status)), str):
            answer = responses[status]
            answer["description"] += f"\n{problem['description']}"
            answer["content"] |= problem["content"]
        else:
            responses.setdefault(status, problem)
    return responses


def _answers(operation: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, body in operation.answers.items():
        answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if isinstance(body, str):
            if body:
                answer["content"] = {
                    media_type: {"schema": {} if media_type == _JSON else {"type": "string"}}
                    for media_type in body.split(", ")
                }
        else:
            content: dict[str, Any] = {"schema": _reference(body)}
            if operation.answer_example is not None and status < 300:
                content["example"] = operation.answer_example
            answer["content"] = {_JSON: content}
        answer["headers"] = _answer_headers(operation, status)
        answers[str(status)] = answer
    return answers


def _answer_headers(operation: Operation, status: int) -> dict[str, Any]:
    headers = {"X-Request-ID": {"schema": {"type": "string"}, "required": True}}
    if operation.location and status == 201:
        headers["Location"] = {"schema": {"type": "string"}, "required": True}
    return headers


def _problems(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    titles = {error.slug: error.title for error in CLIENT_ERRORS}
    for slug in dict.fromkeys(error.slug for error in operation.problems):
        by_status.setdefault(PROBLEM_STATUS[slug], []).append(slug)
    if operation.body is not None:
        by_status.setdefault(415, []).append("invalid-request")
    answers: dict[str, Any] = {}
    for status, slugs in sorted(by_status.items()):
        headers: dict[str, Any] = {"X-Request-ID": {"schema": {"type": "string"}, "required": True}}
        if status in {409, 429, 503}:
            headers["Retry-After"] = {"schema": {"type": "integer", "minimum": 0}}
        answers[str(status)] = {
            "description": "\n".join(f"- `{slug}`: {titles[slug]}" for slug in slugs),
            "headers": headers,
            "content": {MEDIA_TYPE: {"schema": _reference(ProblemView)}},
        }
    return answers


def _reference(body: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _SCHEMA_REF.format(name=body.__name__)}


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    bodies: dict[type[msgspec.Struct], None] = {ProblemView: None}
    for operation in operations:
        if operation.body is not None:
            bodies[operation.body] = None
        bodies.update((body, None) for body in operation.answers.values() if not isinstance(body, str))
    _, schemas = msgspec.json.schema_components(tuple(bodies), ref_template=_SCHEMA_REF)
    for body in schemas.values():
        for name, field in body.get("properties", {}).items():
            if name in TAG_MEANINGS:
                field.setdefault("description", TAG_MEANINGS[name])
    return {name: _portable(schema) for name, schema in schemas.items()}


def _portable(schema: Any) -> Any:
    """The schema with Python's way to say "end of the text" turned into everybody's."""
    if isinstance(schema, Mapping):
        return {
            name: value.replace(END, "$")
            if name == "pattern" and isinstance(value, str)
            else _portable(value)
            for name, value in schema.items()
        }
    if isinstance(schema, list | tuple):
        return [_portable(item) for item in schema]
    return schema
