"""Starting, proving, advancing, cancelling and reading verifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import request

from ringproof_server.domain import errors
from ringproof_server.domain.application import Caller
from ringproof_server.domain.errors import InvalidRequest
from ringproof_server.http import examples
from ringproof_server.http.answers import Answer, json_answer
from ringproof_server.http.auth import KeyedBlueprint
from ringproof_server.http.bodies import (
    ConfirmBody,
    NextBody,
    ReportBody,
    StartBody,
    VerificationList,
    VerificationView,
    list_of,
    view_of,
)
from ringproof_server.http.exchange import current_exchange
from ringproof_server.http.reading import BodyOf, challenge_header
from ringproof_server.http.routes import (
    CHALLENGE_HEADER,
    IDEMPOTENCY_HEADER,
    REQUEST_ID_HEADER,
    STARTING,
    WITH_BODY,
    WITH_CHALLENGE,
    WITH_KEY,
    Operation,
    Parameter,
    add,
)
from ringproof_server.service.progress import Progress
from ringproof_server.service.verifications import VerificationService

LONGEST_REFERENCE: Final = 128

_ALL: Final = "/v1/verifications"
_ONE: Final = f"{_ALL}/<verification:verification_id>"
_TAG: Final = "Verifications"
_POST_HEADERS: Final = (IDEMPOTENCY_HEADER, REQUEST_ID_HEADER)
_CHALLENGE_POST_HEADERS: Final = (CHALLENGE_HEADER, IDEMPOTENCY_HEADER, REQUEST_ID_HEADER)

START: Final = Operation(
    id="start",
    method="POST",
    rule=_ALL,
    tag=_TAG,
    summary="Start a verification",
    description="Start listening for calls first: the phone may ring before this answer arrives.",
    body=StartBody,
    answers={201: VerificationView},
    problems=(
        *WITH_KEY,
        *WITH_BODY,
        *STARTING,
    ),
    parameters=_POST_HEADERS,
    needs_key=True,
    location=True,
    request_example=examples.START,
    answer_example=examples.STARTED,
)
CONFIRM: Final = Operation(
    id="confirm",
    method="POST",
    rule=f"{_ONE}/confirm",
    tag=_TAG,
    summary="Prove the number",
    description="A wrong answer is no error: look at `status` and `result`. After success the same proof "
    "gets the same token again.",
    body=ConfirmBody,
    answers={200: VerificationView},
    problems=(
        *WITH_CHALLENGE,
        *WITH_BODY,
        errors.VerifierMismatch,
        errors.TooEarly,
        errors.AlreadyFinished,
    ),
    parameters=_POST_HEADERS,
    needs_key=True,
    request_example=examples.CONFIRM,
    answer_example=examples.VERIFIED,
)
NEXT: Final = Operation(
    id="next",
    method="POST",
    rule=f"{_ONE}/next",
    tag=_TAG,
    summary="Go on to the next step or to a certain channel",
    body=NextBody,
    body_required=False,
    answers={200: VerificationView},
    problems=(
        *WITH_CHALLENGE,
        *WITH_BODY,
        errors.TooEarly,
        errors.NoStepsLeft,
        errors.AlreadyFinished,
        errors.GuessBudgetExhausted,
        errors.SpendLimitReached,
        errors.RateLimited,
    ),
    parameters=_CHALLENGE_POST_HEADERS,
    needs_key=True,
    request_example=examples.NEXT,
    answer_example=examples.PENDING,
)
REPORT: Final = Operation(
    id="report",
    method="POST",
    rule=f"{_ONE}/reports",
    tag=_TAG,
    summary="Report what the phone saw, without proving anything",
    body=ReportBody,
    answers={200: VerificationView},
    problems=(*WITH_CHALLENGE, *WITH_BODY),
    parameters=_CHALLENGE_POST_HEADERS,
    needs_key=True,
    request_example=examples.REPORT,
    answer_example=examples.PENDING,
)
GET: Final = Operation(
    id="get",
    method="GET",
    rule=_ONE,
    tag=_TAG,
    summary="Read a verification",
    description="A secret key also sees all attempts and the trace of every decision.",
    answers={200: VerificationView},
    problems=WITH_CHALLENGE,
    parameters=(CHALLENGE_HEADER, REQUEST_ID_HEADER),
    needs_key=True,
    answer_example=examples.PENDING,
)
CANCEL: Final = Operation(
    id="cancel",
    method="DELETE",
    rule=_ONE,
    tag=_TAG,
    summary="Cancel a verification and hang up",
    answers={200: VerificationView},
    problems=WITH_CHALLENGE,
    parameters=(CHALLENGE_HEADER, REQUEST_ID_HEADER),
    needs_key=True,
    answer_example=examples.PENDING,
)
FIND: Final = Operation(
    id="find",
    method="GET",
    rule=_ALL,
    tag=_TAG,
    summary="Look verifications up by your own reference",
    description="For secret keys; at most 20, newest first.",
    answers={200: VerificationList},
    problems=WITH_KEY,
    parameters=(
        Parameter(
            name="reference",
            place="query",
            description="The reference given at the start.",
            schema={"type": "string", "minLength": 1, "maxLength": LONGEST_REFERENCE},
            required=True,
        ),
        REQUEST_ID_HEADER,
    ),
    needs_key=True,
    answer_example={"verifications": [examples.PENDING]},
)
OPERATIONS: Final = (START, FIND, GET, CONFIRM, NEXT, REPORT, CANCEL)

_start_body: Final = BodyOf(StartBody)
_confirm_body: Final = BodyOf(ConfirmBody)
_next_body: Final = BodyOf(NextBody, empty=NextBody())
_report_body: Final = BodyOf(ReportBody)


def add_verifications(blueprint: KeyedBlueprint, service: VerificationService) -> None:
    """Add the routes of the public contract; each view is handed its caller by the blueprint."""
    views = _Views(service)
    add(blueprint, START, views.start)
    add(blueprint, FIND, views.find)
    add(blueprint, GET, views.get)
    add(blueprint, CONFIRM, views.confirm)
    add(blueprint, NEXT, views.next)
    add(blueprint, REPORT, views.report)
    add(blueprint, CANCEL, views.cancel)


class _Views:
    def __init__(self, service: VerificationService) -> None:
        self._service = service

    def start(self, caller: Caller) -> Answer:
        body, idempotency = _start_body.read()
        progress = self._service.start(caller, body.to_request(), idempotency)
        return _shown(progress, 201, {"Location": f"{_ALL}/{progress.verification.id}"})

    def confirm(self, caller: Caller, verification_id: str) -> Answer:
        body, idempotency = _confirm_body.read()
        return _shown(self._service.confirm(caller, verification_id, body.to_request(), idempotency))

    def next(self, caller: Caller, verification_id: str) -> Answer:
        body, idempotency = _next_body.read()
        return _shown(
            self._service.advance(
                caller,
                verification_id,
                challenge=challenge_header(),
                channel=body.channel,
                idempotency=idempotency,
            )
        )

    def report(self, caller: Caller, verification_id: str) -> Answer:
        body, idempotency = _report_body.read()
        return _shown(
            self._service.report(
                caller,
                verification_id,
                challenge=challenge_header(),
                report=body.to_report(),
                idempotency=idempotency,
            )
        )

    def cancel(self, caller: Caller, verification_id: str) -> Answer:
        return _shown(self._service.cancel(caller, verification_id, challenge=challenge_header()))

    def get(self, caller: Caller, verification_id: str) -> Answer:
        return _shown(self._service.get(caller, verification_id, challenge=challenge_header()))

    def find(self, caller: Caller) -> Answer:
        references = request.args.getlist("reference")
        if len(references) != 1 or not 1 <= len(references[0]) <= LONGEST_REFERENCE or "\0" in references[0]:
            raise InvalidRequest(
                "The reference is needed",
                faults=(("reference", f"must be given once, with 1 to {LONGEST_REFERENCE} characters"),),
            )
        return json_answer(list_of(self._service.by_reference(caller, references[0])))


def _shown(progress: Progress, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    current_exchange().verification = progress.verification.id
    return json_answer(view_of(progress), status, headers)
