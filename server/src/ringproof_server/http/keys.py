"""The public keys by which anybody checks tokens."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint

from ringproof_server.http import examples
from ringproof_server.http.answers import Answer, json_answer
from ringproof_server.http.bodies import KeySetView
from ringproof_server.http.routes import ALWAYS, Operation, add
from ringproof_server.ports import KEY_SET_MAY_BE_KEPT, Tokens

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

    seconds = int(KEY_SET_MAY_BE_KEPT.total_seconds())
    headers = {"Cache-Control": f"public, max-age={seconds}", "Access-Control-Allow-Origin": "*"}

    def key_set() -> Answer:
        return json_answer(msgspec.convert(tokens.public_keys(), KeySetView), headers=headers)

    add(blueprint, KEY_SET, key_set)
    return blueprint
