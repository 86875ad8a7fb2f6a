"""The carriers' side: callbacks, and the documents that say what to speak on an answered call."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, request

from ringproof_rcml import confirmed, confirming, hang_up
from ringproof_server.domain import errors
from ringproof_server.domain.errors import NotFound
from ringproof_server.http.answers import Answer
from ringproof_server.http.reading import raw_body
from ringproof_server.http.routes import ALWAYS, Operation, add
from ringproof_server.ports import CallbackRequest
from ringproof_server.service.carrier_events import CarrierEvents, DocumentKind, SpokenDocument

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
OPERATIONS: Final = (CALLBACK, DOCUMENT, DOCUMENT_BY_POST)


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
        found = service.document(reference)
        if found is None:
            raise NotFound("There is no such call")
        content_type = f"{found.dialect.media_type}; charset=utf-8"
        return Answer(voice_document(found).encode(), content_type=content_type)

    add(blueprint, CALLBACK, callback)
    add(blueprint, DOCUMENT, document)
    add(blueprint, DOCUMENT_BY_POST, document)
    return blueprint


def voice_document(document: SpokenDocument) -> str:
    """The document in the dialect of the carrier that asks, in the language of the person who answered."""
    dialect = document.dialect
    match document.kind:
        case DocumentKind.CONFIRMED:
            return confirmed(dialect, document.language)
        case DocumentKind.CONFIRMING:
            return confirming(dialect, document.language)
        case DocumentKind.HANG_UP:
            return hang_up(dialect)


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
