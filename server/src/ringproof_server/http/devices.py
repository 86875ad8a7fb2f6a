"""Enrolling devices after a verification, listing and revoking them."""

from __future__ import annotations

from typing import Final

from flask import request

from ringproof_server.domain import errors
from ringproof_server.domain.application import Caller
from ringproof_server.domain.errors import InvalidRequest
from ringproof_server.http import examples
from ringproof_server.http.answers import Answer, json_answer
from ringproof_server.http.auth import KeyedBlueprint
from ringproof_server.http.bodies.devices import (
    DeviceList,
    DeviceView,
    EnrolBody,
    EnrolledView,
    PushKeyView,
    device_list,
    device_view,
    enrolled_view,
)
from ringproof_server.http.exchange import current_exchange
from ringproof_server.http.reading import BodyOf
from ringproof_server.http.routes import (
    IDEMPOTENCY_HEADER,
    REQUEST_ID_HEADER,
    WITH_BODY,
    WITH_CHALLENGE,
    WITH_KEY,
    Operation,
    Parameter,
    add,
)
from ringproof_server.service.devices import DeviceService

LONGEST_NUMBER: Final = 64

_TAG: Final = "Devices"
_NOT_KEPT: Final = {"Cache-Control": "no-store"}

ENROL: Final = Operation(
    id="enrol_device",
    method="POST",
    rule="/v1/verifications/<verification:verification_id>/devices",
    tag=_TAG,
    summary="Enrol a device for the number that was just verified",
    description="Once for each verification, within five minutes after its success. An authenticator takes "
    "the place of the number's earlier one. What its app needs is told in this answer only. Of browsers a "
    "number may have three; another one takes the place of the oldest.",
    body=EnrolBody,
    answers={201: EnrolledView},
    problems=(
        *WITH_CHALLENGE,
        *WITH_BODY,
        errors.VerifierMismatch,
        errors.TooEarly,
        errors.AlreadyFinished,
    ),
    parameters=(IDEMPOTENCY_HEADER, REQUEST_ID_HEADER),
    needs_key=True,
    request_example=examples.ENROL,
    answer_example=examples.ENROLLED,
)
LIST: Final = Operation(
    id="list_devices",
    method="GET",
    rule="/v1/devices",
    tag=_TAG,
    summary="The devices of a number",
    description="For secret keys; at most 20, newest first.",
    answers={200: DeviceList},
    problems=(*WITH_KEY, errors.InvalidPhoneNumber),
    parameters=(
        Parameter(
            name="phone_number",
            place="query",
            description="The number, in international form.",
            schema={"type": "string", "minLength": 1, "maxLength": LONGEST_NUMBER},
            required=True,
        ),
        REQUEST_ID_HEADER,
    ),
    needs_key=True,
    answer_example={"devices": [examples.DEVICE]},
)
REVOKE: Final = Operation(
    id="revoke_device",
    method="DELETE",
    rule="/v1/devices/<device:device_id>",
    tag=_TAG,
    summary="Revoke a device",
    description="For secret keys. Its secret is forgotten, and it proves nothing any more.",
    answers={200: DeviceView},
    problems=(*WITH_KEY, errors.NotFound),
    parameters=(REQUEST_ID_HEADER,),
    needs_key=True,
    answer_example=examples.DEVICE,
)
PUSH_KEY: Final = Operation(
    id="push_key",
    method="GET",
    rule="/v1/push-key",
    tag=_TAG,
    summary="The key that push subscriptions are made for",
    description="Where push messages are not sent at all it is not found.",
    answers={200: PushKeyView},
    problems=(*WITH_KEY, errors.NotFound),
    parameters=(REQUEST_ID_HEADER,),
    needs_key=True,
    answer_example=examples.PUSH_KEY,
)
OPERATIONS: Final = (ENROL, LIST, REVOKE, PUSH_KEY)

_enrol_body: Final = BodyOf(EnrolBody)


def add_devices(blueprint: KeyedBlueprint, service: DeviceService) -> None:
    """Add the routes; each view is handed its caller by the blueprint."""

    def enrol(caller: Caller, verification_id: str) -> Answer:
        body, idempotency = _enrol_body.read()
        current_exchange().verification = verification_id
        enrolled = service.enrol(caller, verification_id, body.to_request(), idempotency)
        return json_answer(enrolled_view(enrolled), 201, _NOT_KEPT)

    def list_them(caller: Caller) -> Answer:
        return json_answer(device_list(service.of_number(caller, _number())), headers=_NOT_KEPT)

    def revoke(caller: Caller, device_id: str) -> Answer:
        return json_answer(device_view(service.revoke(caller, device_id)))

    def push_key(_: Caller) -> Answer:
        return json_answer(PushKeyView(key=service.push_key()))

    add(blueprint, PUSH_KEY, push_key)
    add(blueprint, ENROL, enrol)
    add(blueprint, LIST, list_them)
    add(blueprint, REVOKE, revoke)


def _number() -> str:
    """The number that is asked about. Raises `InvalidRequest`."""
    numbers = request.args.getlist("phone_number")
    if len(numbers) != 1 or not 1 <= len(numbers[0]) <= LONGEST_NUMBER or "\0" in numbers[0]:
        raise InvalidRequest(
            "The number is needed",
            faults=(("phone_number", f"must be given once, with 1 to {LONGEST_NUMBER} characters"),),
        )
    # A plus sign in a query stands for a space, so a number whose plus was not escaped begins with one.
    number = numbers[0]
    return f"+{number[1:]}" if number.startswith(" ") else number
