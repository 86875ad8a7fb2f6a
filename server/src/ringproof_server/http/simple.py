"""The simple API: two tiny endpoints as in one-time-code tutorials, for back ends with a secret key."""

from __future__ import annotations

from typing import Final

from flask import request
from werkzeug.exceptions import MethodNotAllowed

from ringproof_server.domain import errors
from ringproof_server.domain.application import Caller
from ringproof_server.domain.errors import RateLimited, TooEarly
from ringproof_server.http import examples
from ringproof_server.http.answers import Answer, json_answer
from ringproof_server.http.auth import KeyedBlueprint
from ringproof_server.http.bodies import VerificationView, view_of
from ringproof_server.http.bodies.simple import PasscodeBody, PasscodeView, SendCodeBody
from ringproof_server.http.exchange import current_exchange
from ringproof_server.http.reading import BodyOf
from ringproof_server.http.routes import (
    IDEMPOTENCY_HEADER,
    REQUEST_ID_HEADER,
    STARTING,
    WITH_BODY,
    WITH_KEY,
    Operation,
    add,
)
from ringproof_server.service.one_time_codes import CodeCheck, OneTimeCodes

_TAG: Final = "Simple API"
_TEXT: Final = "text/plain"
_NOT_KEPT: Final = {"Cache-Control": "no-store"}

SEND: Final = Operation(
    id="otp_send",
    method="POST",
    rule="/otp/<label:token>",
    tag=_TAG,
    summary="Send a code under a name of your own",
    description="To Messenger first, and by SMS when it has not been read there within 120 seconds.",
    body=SendCodeBody,
    form=True,
    answers={201: VerificationView},
    problems=(*WITH_KEY, errors.NotFound, *WITH_BODY, *STARTING),
    parameters=(IDEMPOTENCY_HEADER, REQUEST_ID_HEADER),
    needs_key=True,
    location=True,
    request_example=examples.SEND_CODE,
    answer_example=examples.CODE_SENT,
)
CHECK: Final = Operation(
    id="otp_check",
    method="GET",
    rule="/otp/<label:token>/<code:code>",
    tag=_TAG,
    summary="Check a code",
    description="200 is right, 404 is wrong (or an unknown name), 409 was right before, 410 is expired or "
    "used up. Every wrong answer counts; 429 says when the next one is allowed.",
    answers={200: _TEXT, 404: _TEXT, 409: _TEXT, 410: _TEXT},
    problems=(*WITH_KEY, errors.NotFound, errors.RateLimited),
    parameters=(REQUEST_ID_HEADER,),
    needs_key=True,
)
PASSCODE: Final = Operation(
    id="otp_passcode",
    method="POST",
    rule="/otp",
    tag=_TAG,
    summary="Send a code by SMS and be told it",
    body=PasscodeBody,
    form=True,
    answers={200: PasscodeView},
    problems=(*WITH_KEY, *WITH_BODY, *STARTING),
    parameters=(IDEMPOTENCY_HEADER, REQUEST_ID_HEADER),
    needs_key=True,
    request_example=examples.PASSCODE,
    answer_example={"passcode": "123456"},
)
OPERATIONS: Final = (PASSCODE, SEND, CHECK)

_ANSWERS: Final = {
    CodeCheck.RIGHT: (200, b"OK"),
    CodeCheck.WRONG: (404, b"Wrong code"),
    CodeCheck.ALREADY_VERIFIED: (409, b"Already verified"),
    CodeCheck.OVER: (410, b"Expired"),
}
_send_body: Final = BodyOf(SendCodeBody, form=True)
_passcode_body: Final = BodyOf(PasscodeBody, form=True)


def add_simple(blueprint: KeyedBlueprint, codes: OneTimeCodes) -> None:
    """Add the routes of the simple API; each view is handed its caller by the blueprint."""
    views = _Views(codes)
    add(blueprint, PASSCODE, views.passcode)
    add(blueprint, SEND, views.send)
    add(blueprint, CHECK, views.check)


class _Views:
    def __init__(self, codes: OneTimeCodes) -> None:
        self._codes = codes

    def send(self, caller: Caller, token: str) -> Answer:
        body, idempotency = _send_body.read()
        progress = self._codes.send(
            caller,
            token,
            phone_number=body.number,
            messenger_id=body.messenger_id,
            idempotency=idempotency,
        )
        current_exchange().verification = progress.verification.id
        headers = {**_NOT_KEPT, "Location": f"/v1/verifications/{progress.verification.id}"}
        return json_answer(view_of(progress), 201, headers)

    def check(self, caller: Caller, token: str, code: str) -> Answer:
        if request.method != "GET":
            # Flask lets HEAD through to every GET, and whoever only looks must not use up a check.
            raise MethodNotAllowed(valid_methods=["GET"])
        try:
            status, text = _ANSWERS[self._codes.check(caller, token, code)]
        except TooEarly as early:
            # Here 409 says that the code was right before.
            raise RateLimited(str(early), retry_after=early.retry_after) from None
        return Answer(text, status, content_type=f"{_TEXT}; charset=utf-8", headers=_NOT_KEPT)

    def passcode(self, caller: Caller) -> Answer:
        body, idempotency = _passcode_body.read()
        sent = self._codes.passcode(
            caller, phone_number=body.phone_number, language=body.language, idempotency=idempotency
        )
        current_exchange().verification = sent.verification.id
        return json_answer(PasscodeView(passcode=sent.code), headers=_NOT_KEPT)
