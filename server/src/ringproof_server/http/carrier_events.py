"""The carriers' side: callbacks, and the documents that say what to speak on an answered call."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, request

from ringproof_server.domain import errors
from ringproof_server.domain.errors import NotFound
from ringproof_server.http.answers import Answer
from ringproof_server.http.pressed_keys import DIGITS, pressed_keys
from ringproof_server.http.reading import raw_body
from ringproof_server.http.routes import ALWAYS, Operation, Parameter, add
from ringproof_server.http.voice_documents import voice_document
from ringproof_server.ports import CallbackRequest
from ringproof_server.service.carrier_events import CarrierEvents
from ringproof_server.service.spoken import SpokenDocument

_TAG: Final = "Carriers"
_SAFE: Final = "/~:@!$&'()*+,;="

CALLBACK: Final = Operation(
    id="carrier_callback",
    method="POST",
    rule="/carriers/<string(maxlength=64):carrier>/<path:path>",
    tag=_TAG,
    summary="A carrier's signed callback",
    any_body=True,
    answers={204: ""},
    problems=(*ALWAYS, errors.Forbidden, errors.NotFound, errors.PayloadTooLarge),
)
DOCUMENT: Final = Operation(
    id="voice_document",
    method="GET",
    rule="/rcml/<string(maxlength=128):reference>",
    tag=_TAG,
    summary="What to say to whoever answers a call",
    answers={200: "text/xml, application/json"},
    problems=(*ALWAYS, errors.NotFound),
)
DOCUMENT_BY_POST: Final = Operation(
    id="voice_document_by_post",
    method="POST",
    rule=DOCUMENT.rule,
    tag=_TAG,
    summary="The same, for carriers that ask by POST",
    any_body=True,
    answers=DOCUMENT.answers,
    problems=(*DOCUMENT.problems, errors.PayloadTooLarge),
)
KEYS: Final = Operation(
    id="voice_document_keys",
    method="POST",
    rule=f"{DOCUMENT.rule}/keys",
    tag=_TAG,
    summary="What to say after keys were pressed in a call",
    description="The keys are the field `Digits` of a form, or `dtmf.digits` of JSON.",
    any_body=True,
    answers=DOCUMENT.answers,
    problems=(*DOCUMENT.problems, errors.PayloadTooLarge),
)
KEYS_BY_GET: Final = Operation(
    id="voice_document_keys_by_get",
    method="GET",
    rule=KEYS.rule,
    tag=_TAG,
    summary="The same, for carriers that ask by GET",
    answers=DOCUMENT.answers,
    problems=DOCUMENT.problems,
    parameters=(
        Parameter(
            name=DIGITS,
            place="query",
            description="The keys; none were pressed in time if it is left out or empty.",
            schema={"type": "string", "maxLength": 32, "pattern": "^[0-9A-D*#]{0,32}$"},
        ),
    ),
)
OPERATIONS: Final = (CALLBACK, DOCUMENT, DOCUMENT_BY_POST, KEYS, KEYS_BY_GET)


def create_carrier_events(service: CarrierEvents, public_url: str) -> Blueprint:
    """Routes without keys: a callback carries a signature, the address of a document its own secret."""
    blueprint = Blueprint("carrier_events", __name__)

    def callback(carrier: str, path: str) -> Answer:
        service.receive(
            carrier,
            CallbackRequest(
                path=path,
                url=_public_address(public_url),
                method=request.method,
                headers=_headers(request.environ),
                body=raw_body(),
            ),
        )
        return Answer(b"", 204)

    def document(reference: str) -> Answer:
        return _spoken(service.document(reference))

    def keys(reference: str) -> Answer:
        return _spoken(service.keys(reference, pressed_keys()))

    add(blueprint, CALLBACK, callback)
    add(blueprint, DOCUMENT, document)
    add(blueprint, DOCUMENT_BY_POST, document)
    add(blueprint, KEYS, keys)
    add(blueprint, KEYS_BY_GET, keys)
    return blueprint


def _spoken(found: SpokenDocument | None) -> Answer:
    if found is None:
        raise NotFound("There is no such call")
    # That a code is nowhere kept on its way goes for every answer of ours: see the edge.
    content_type = f"{found.dialect.media_type}; charset=utf-8"
    return Answer(voice_document(found).encode(), content_type=content_type)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    """The request's headers as WSGI has them (PEP 3333), by their names in lower case."""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def _public_address(public_url: str) -> str:
    """The URL that the carrier signed: built from where we are known to be, never from the request's host."""
    query = request.environ.get("QUERY_STRING", "")
    return f"{public_url}{quote(request.path, safe=_SAFE)}{f'?{query}' if query else ''}"
