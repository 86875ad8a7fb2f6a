"""The public keys by which anybody checks tokens."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, Response

from ringproof_server.http import examples
from ringproof_server.http.bodies import KeySetView, encode
from ringproof_server.http.routes import ALWAYS, Operation, add
from ringproof_server.ports import Tokens

MAY_BE_KEPT: Final = 300
"""Seconds a verifier may keep the key set: new keys are published longer than that before they sign."""

KEY_SET: Final = Operation(
    id="keys",
    method="GET",
    rule="/.well-known/jwks.json",
    tag="Tokens",
    summary="Public keys for checking tokens",
    answers={200: KeySetView},
    problems=ALWAYS,
    answer_example=examples.KEY_SET,
)
OPERATIONS: Final = (KEY_SET,)


def create_keys(tokens: Tokens) -> Blueprint:
    """The JWK set (RFC 7517), readable by every web page."""
    blueprint = Blueprint("keys", __name__)

    def key_set() -> Response:
        keys = msgspec.convert(tokens.public_keys(), KeySetView)
        response = Response(encode(keys), content_type="application/json")
        response.headers["Cache-Control"] = f"public, max-age={MAY_BE_KEPT}"
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    add(blueprint, KEY_SET, key_set)
    return blueprint
