"""The virtual phones of fictitious numbers: what they have seen and how they act."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, request

from ringproof_server.domain import errors
from ringproof_server.domain.errors import InvalidPhoneNumber, InvalidRequest, NotFound
from ringproof_server.domain.fictitious import is_fictitious
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.http import examples
from ringproof_server.http.answers import Answer, json_answer
from ringproof_server.http.bodies import (
    BehaviourBody,
    HandsetEvents,
    KeysBody,
    Nothing,
    handset_events,
)
from ringproof_server.http.parts import Handsets
from ringproof_server.http.reading import BodyOf
from ringproof_server.http.routes import ALWAYS, IDEMPOTENCY_HEADER, WITH_BODY, Operation, Parameter, add

_TAG: Final = "Virtual handsets"
_RULE: Final = "/handset/<handset:number>"
_LARGEST_SEQ: Final = 2**53 - 1
_PROBLEMS: Final = (*ALWAYS, errors.NotFound)

EVENTS: Final = Operation(
    id="handset_events",
    method="GET",
    rule=f"{_RULE}/events",
    tag=_TAG,
    summary="What a virtual handset has seen",
    description="For fictitious numbers only, where they are enabled.",
    answers={200: HandsetEvents},
    problems=_PROBLEMS,
    parameters=(
        Parameter(
            name="after",
            place="query",
            description="Only events with a greater `seq`.",
            schema={"type": "integer", "minimum": 0, "maximum": _LARGEST_SEQ, "default": 0},
        ),
    ),
    answer_example=examples.HANDSET_EVENTS,
)
BEHAVIOUR: Final = Operation(
    id="handset_behaviour",
    method="POST",
    rule=f"{_RULE}/behaviour",
    tag=_TAG,
    summary="Set how a virtual handset acts from now on",
    body=BehaviourBody,
    answers={200: Nothing},
    problems=(*_PROBLEMS, *WITH_BODY),
    parameters=(IDEMPOTENCY_HEADER,),
    request_example=examples.BEHAVIOUR,
    answer_example={},
)
KEYS: Final = Operation(
    id="handset_keys",
    method="POST",
    rule=f"{_RULE}/keys",
    tag=_TAG,
    summary="Press keys during a call",
    body=KeysBody,
    answers={200: Nothing},
    problems=(*_PROBLEMS, *WITH_BODY),
    parameters=(IDEMPOTENCY_HEADER,),
    request_example=examples.KEYS,
    answer_example={},
)
OPERATIONS: Final = (EVENTS, BEHAVIOUR, KEYS)

_behaviour_body: Final = BodyOf(BehaviourBody)
_keys_body: Final = BodyOf(KeysBody)


def create_handsets(handsets: Handsets | None) -> Blueprint:
    """The routes below `/handset/<number>/`; without `handsets` all of them answer that nothing is there."""
    blueprint = Blueprint("handsets", __name__)

    def reach(number: str) -> tuple[Handsets, PhoneNumber]:
        e164 = number if number.startswith("+") else f"+{number}"
        if handsets is None or not is_fictitious(e164):
            raise NotFound("There is no virtual handset with this number")
        try:
            return handsets, PhoneNumber.parse(e164)
        except InvalidPhoneNumber:
            raise NotFound("There is no virtual handset with this number") from None

    def events(number: str) -> Answer:
        phones, phone_number = reach(number)
        seen = phones.events(phone_number, _after())
        return json_answer(handset_events(seen))

    def behaviour(number: str) -> Answer:
        phones, phone_number = reach(number)
        body, _ = _behaviour_body.read()
        phones.behave(phone_number, body.behaviour, body.delay_ms)
        return json_answer(Nothing())

    def keys(number: str) -> Answer:
        phones, phone_number = reach(number)
        body, _ = _keys_body.read()
        phones.press(phone_number, body.digits)
        return json_answer(Nothing())

    add(blueprint, EVENTS, events)
    add(blueprint, BEHAVIOUR, behaviour)
    add(blueprint, KEYS, keys)
    return blueprint


def _after() -> int:
    given = request.args.getlist("after") or ["0"]
    text = given[0]
    if len(given) == 1 and text.isascii() and text.isdigit() and len(text) <= 16:
        value = int(text)
        if value <= _LARGEST_SEQ:
            return value
    raise InvalidRequest("A parameter does not fit", faults=(("after", "must be a whole number from 0"),))
