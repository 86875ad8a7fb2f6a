"""`verify` with a server that answers nonsense or means harm: what leaves the phone, and that it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ringproof import ManualCallSource
from ringproof._match import digits_that_fit
from ringproof._models import CallerIdPattern
from ringproof._transport import Request, Response
from ringproof.calls import matches, ringing_once
from ringproof.errors import VerificationExpiredError
from ringproof.testing import FakeServer
from tests.client_sdk.phones import CALLER, Scene

STRANGERS = ("+33639980123", "06 39 98 01 23", CALLER, "020 7946 0018", "+12025550143", "112233")

ODD_PATTERNS: list[object] = [
    None,
    [],
    "+44",
    {},
    {"prefix": ""},
    {"prefix": "+"},
    {"prefix": "", "length": 0},
    {"prefix": "+", "length": 13},
    {"prefix": "+44", "length": 0},
    {"prefix": "+44", "length": -1},
    {"prefix": "+44", "length": 10**11},
    {"prefix": "+44", "length": "13"},
    {"prefix": "+4420", "length": 5},
    {"prefix": "+[0-9]", "length": 13},
    {"prefix": "44", "length": 13},
    {"prefix": "+٤٤", "length": 13},
    {"prefix": "+" + "4" * 16},
    {"prefix": 44},
]


class Odd(FakeServer):
    """Changes every view before it is sent."""

    def __init__(self, scene: Scene, change: Callable[[dict[str, Any]], None], **parts: Any) -> None:
        super().__init__(scene.clock, **parts)
        self.change = change

    def send(self, request: Request) -> Response:
        answer = super().send(request)
        body = json.loads(answer.body)
        if "status" in body and "id" in body:
            self.change(body)
        return Response(answer.status, answer.headers, json.dumps(body).encode())


def in_the_call(**members: object) -> Callable[[dict[str, Any]], None]:
    """A change of what is said of the call that is expected."""

    def change(view: dict[str, Any]) -> None:
        if view.get("flashcall"):
            view["flashcall"].update(members)

    return change


@pytest.mark.parametrize("pattern", ODD_PATTERNS)
def test_where_no_call_is_named_none_leaves_the_phone(scene: Scene, pattern: object) -> None:
    """No pattern, one without a digit, or one that cannot be: no call is reported, nor the lack of one."""
    scene.serve(Odd(scene, in_the_call(caller_id_pattern=pattern)))
    calls = ringing_once(STRANGERS[0], after=1) + ringing_once(CALLER, after=12)
    assert scene.verify(scene.phone(calls), scene.typist("123456")).channel == "sms"
    assert [each["channel"] for each in scene.confirms()] == ["sms"]
    assert scene.server.reports == []
    told = {each.kind: each.automatic for each in scene.progress}
    assert (told["starting"], told["calling"]) == (True, False)


def test_a_strangers_call_is_not_dug_out_when_a_later_pattern_fits_it(scene: Scene) -> None:
    """What did not fit the call that was expected is forgotten, and is nobody's proof of the next one."""
    stranger, second = "+33639985555", "+33639980123"
    server = scene.serve(FakeServer(scene.clock, caller_ids=(CALLER, second)))
    phone = scene.phone(ringing_once(stranger, after=1, ring=2) + ringing_once(CALLER, after=5, ring=4))
    scene.clock.later(12, lambda: phone.play(ringing_once(second, after=1, ring=4)))
    assert scene.verify(phone).channel == "flashcall"
    assert [each["caller_id"] for each in scene.confirms()] == [CALLER, second]
    assert server.state == "verified"


def test_without_a_pattern_the_person_still_types(scene: Scene) -> None:
    """The last digits are enough, whatever was typed."""
    scene.serve(Odd(scene, in_the_call(caller_id_pattern={"prefix": "+", "length": None})))
    digits = ManualCallSource(lambda _: "020 7946 0018", clock=scene.clock)
    assert scene.verify([scene.phone(), digits]).channel == "flashcall"
    assert scene.confirms() == [{"channel": "flashcall", "last_digits": "0018"}]


@pytest.mark.parametrize("length", [None, 13])
@pytest.mark.parametrize("prefix", ["", "+"])
def test_nobody_is_silenced_by_a_pattern_of_every_number(prefix: str, length: int | None) -> None:
    """In Python as in the expression that Android's call screening gets."""
    pattern = CallerIdPattern(prefix, length)
    assert [each for each in STRANGERS if matches(pattern, each)] == []
    assert [each for each in STRANGERS if re.fullmatch(digits_that_fit(pattern), each)] == []


ENDLESS: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "no expiry": lambda view: view.pop("expires_in"),
    "always as long": lambda view: view.update(expires_in=300),
    "for ever": lambda view: view.update(expires_in=10**11),
    "no time at all": lambda view: view.update(expires_in=0),
}


@pytest.mark.parametrize("endless", ENDLESS)
def test_a_verification_that_never_ends_is_ended_here(scene: Scene, endless: str) -> None:
    """The phone does not listen for ever, and the server is told that nobody waits any more."""

    def change(view: dict[str, Any]) -> None:
        ENDLESS[endless](view)
        view["status"] = "pending"

    scene.serve(Odd(scene, change))
    phone, typist = scene.phone(), scene.typist()
    with pytest.raises(VerificationExpiredError):
        scene.verify(phone, typist)
    assert scene.clock.monotonic() - 1000 < 3_700
    assert len(scene.server.requests) < 1_300
    assert scene.server.requests[-1].method == "DELETE"
    assert typist.stopped


def test_a_step_is_not_waited_for_longer_than_any_server_lets_it_last(scene: Scene) -> None:
    """An interception timeout of years does not keep the phone listening for a call."""
    scene.serve(
        Odd(scene, in_the_call(interception_timeout=10**9, report_timeout=10**9, calls=10**9, call=0))
    )
    run = scene.client.begin(
        "+447400123456", scene.phone(), scene.typist("123456"), on_progress=scene.progress.append
    )
    scene.clock.later(3, lambda: run.switch("sms"))
    run.result()
    (flash,) = {
        each.verification.flashcall for each in scene.progress if each.kind == "calling" and each.verification
    }
    assert flash is not None
    assert (flash.interception_timeout, flash.report_timeout, flash.calls, flash.call) == (600, 600, 1, 1)


@pytest.mark.parametrize("length", [0, -6, 33, 10**9, "6", None])
def test_a_code_can_be_entered_whatever_length_was_said(scene: Scene, length: object) -> None:
    """A length that no code has is none, and does not hold every code for a slip of the finger."""

    def change(view: dict[str, Any]) -> None:
        if view.get("code"):
            view["code"]["length"] = length

    scene.serve(Odd(scene, change))
    typist = scene.typist("123456")
    assert scene.verify(None, typist, channels=["sms"]).channel == "sms"
    assert [request.length for request in typist.asked] == [None]


def test_no_more_channels_are_offered_than_a_screen_can_hold(scene: Scene) -> None:
    """A button for each of a million names would end the app."""

    def change(view: dict[str, Any]) -> None:
        view["next"]["channels"] = {f"channel {number}": 0 for number in range(10_000)}

    scene.serve(Odd(scene, change))
    view = scene.client.start("+447400123456").verification
    assert view is not None
    assert len(view.next.channels) == 50


@pytest.mark.parametrize("digits", [0, -3, 10**9, "4", None, True])
def test_how_many_digits_are_asked_for_is_a_number_that_can_be_typed(scene: Scene, digits: object) -> None:
    """Four, where the server does not say it sensibly."""
    scene.serve(Odd(scene, in_the_call(digits_to_type=digits)))
    source = ManualCallSource(lambda call: CALLER[-call.digits :], clock=scene.clock)
    scene.verify([source])
    assert scene.confirms() == [{"channel": "flashcall", "last_digits": "0018"}]
