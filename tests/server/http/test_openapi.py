"""The description of the contract: valid, complete and true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.http import PROBLEM_STATUS, openapi_document
from ringproof_server.http.bodies.incoming import AnyEvidence
from ringproof_server.http.openapi import OPERATIONS
from tests.server.http.conftest import Door

DOCUMENT: dict[str, Any] = json.loads(json.dumps(openapi_document("https://ringproof.example")))
RULES = [(operation.method, operation.rule) for operation in OPERATIONS]


def described() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": DOCUMENT["components"]}, validate_formats=True
    )


def test_it_is_served_as_it_is_made(door: Door) -> None:
    response = door.client.get("/openapi.json")
    assert response.content_type == "application/json"
    assert response.get_json() == DOCUMENT


def test_every_route_is_described_and_every_description_is_routed(door: Door) -> None:
    """A new endpoint cannot be forgotten here, nor an old one remembered."""
    routed = {
        (method, rule.rule)
        for rule in door.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routed == set(RULES)
    assert len(RULES) == len(set(RULES))


def test_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    names = re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT))
    assert set(names) <= schemas.keys()


def test_every_schema_is_a_schema() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate({**schema, "components": DOCUMENT["components"]})


def test_every_field_and_every_parameter_says_in_a_sentence_what_it_means() -> None:
    """In both directions, at the field itself, so that the reference has no empty cell."""
    said: dict[str, object] = {}
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, kind in schema.get("properties", {}).items():
            said[f"{name}.{field}"] = kind.get("description")
    for method, path, operation in described():
        for parameter in operation["parameters"]:
            said[f"{method} {path} {parameter['name']}"] = parameter.get("description")
    assert len(said) > 120
    assert [where for where, text in said.items() if not re.fullmatch(r"[A-Z−`].{5,}\.", str(text))] == []


def test_every_example_fits_its_schema() -> None:
    checked = 0
    for _, _, operation in described():
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for content in body.get("content", {}).values():
                if "example" in content:
                    validator(content["schema"]).validate(content["example"])
                    checked += 1
    assert checked >= 15


def test_every_pattern_means_the_same_to_everybody() -> None:
    """Nothing in a pattern that ECMA-262 does not know, which JSON Schema refers to."""
    for pattern in re.findall(r'"pattern": "([^"]*)"', json.dumps(DOCUMENT)):
        assert "(?!" not in pattern
        assert "\\Z" not in pattern


def test_every_operation_names_its_problems() -> None:
    """By slug, under the status of the table, as problem documents."""
    for _, path, operation in described():
        for status, answer in operation["responses"].items():
            slugs = re.findall(r"- `([a-z-]+)`", answer["description"])
            if int(status) < 400 or (path, status) == ("/readyz", "503"):
                assert not slugs
                continue
            kinds = set(answer["content"])
            if "text/plain" in kinds and path.startswith("/otp"):
                # The simple API's own words, where they stand alone or beside problems.
                kinds = kinds - {"text/plain"} if slugs else {"application/problem+json"}
            else:
                assert slugs
            assert kinds == {"application/problem+json"}
            assert {PROBLEM_STATUS[slug] for slug in slugs if status != "415"} <= {int(status)}


def test_operations_of_the_contract_need_a_key_and_others_do_not() -> None:
    for _, path, operation in described():
        assert operation["security"] == (
            [{"key": []}, {"basic": []}] if path.startswith(("/v1/", "/otp")) else []
        )


def test_every_post_of_the_contract_takes_an_idempotency_key() -> None:
    for method, path, operation in described():
        if method == "post" and path.startswith(("/v1/", "/otp")):
            assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}


def test_every_channel_has_its_evidence() -> None:
    tags = {kind.__struct_config__.tag for kind in AnyEvidence.__args__}
    assert tags == {str(channel) for channel in Channel}


@pytest.mark.parametrize("key", ["publishable", "secret"])
def test_real_answers_fit_the_description(door: Door, key: str) -> None:
    """A whole verification, every answer checked against its schema."""
    started = door.start(key=getattr(door, key), reference="signup-42")
    view = validator({"$ref": "#/components/schemas/VerificationView"})
    view.validate(started.view)
    door.world.pass_time(20)
    view.validate(door.confirm(started, {"channel": "flashcall", "last_digits": "0000"}).get_json())
    view.validate(door.get(f"/v1/verifications/{started.id}", key=door.secret).get_json())
    view.validate(door.confirm(started, door.seen_call()).get_json())
    validator({"$ref": "#/components/schemas/HandsetEvents"}).validate(
        door.client.get("/handset/+447700900123/events").get_json()
    )
    validator({"$ref": "#/components/schemas/KeySetView"}).validate(
        door.client.get("/.well-known/jwks.json").get_json()
    )
    validator({"$ref": "#/components/schemas/ProblemView"}).validate(door.client.get("/v1/x").get_json())
