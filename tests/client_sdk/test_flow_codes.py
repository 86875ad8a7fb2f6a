"""`verify`: codes and digits that people type, here and in a call."""

from __future__ import annotations

import json
from functools import partial

import pytest

from ringproof import ManualCallSource
from ringproof._transport import Response
from ringproof.calls import ExpectedCall
from ringproof.errors import (
    ServerUnreachableError,
    VerificationCancelledError,
    VerificationExpiredError,
    VerificationFailedError,
)
from ringproof.testing import FakeServer
from tests.client_sdk.phones import Scene


def test_without_codes_only_a_flash_call_is_asked_for(scene: Scene) -> None:
    """Nobody could enter a code, so none is ordered; the verification fails when no call comes."""
    with pytest.raises(VerificationFailedError) as failure:
        scene.verify(scene.phone())
    assert scene.server.requests[0].body["channels"] == ["flashcall"]
    assert failure.value.reason == "no_call"
    assert failure.value.verification == "vrf_fake"


def test_a_code_that_nobody_can_enter_ends_the_verification(scene: Scene) -> None:
    """Asked for SMS without a way to type: cancelled at the server, and said so."""
    with pytest.raises(VerificationFailedError, match="nobody"):
        scene.verify(scene.phone(), channels=["sms"])
    assert scene.server.state == "cancelled"


def test_a_wrong_code_is_asked_for_again(scene: Scene) -> None:
    """A mismatch is an answer: the person is asked once more and told so."""
    typist = scene.typist("000000", "123456")
    scene.verify(None, typist, channels=["sms"])
    assert [(request.wrong, request.checks_left) for request in typist.asked] == [(False, 3), (True, 2)]


def test_a_slip_of_the_finger_uses_up_no_check(scene: Scene) -> None:
    """A code of another length is not sent; blanks, dashes and other digits are."""
    typist = scene.typist("12345", "١٢٣-٤٥ ٦")
    scene.verify(None, typist, channels=["sms"])
    assert [each["code"] for each in scene.confirms()] == ["123456"]
    assert [request.wrong for request in typist.asked] == [False, True]


def test_too_many_wrong_codes_fail(scene: Scene) -> None:
    """The server ends it; so does verify."""
    with pytest.raises(VerificationFailedError) as failure:
        scene.verify(None, scene.typist("000000", "000001", "000002", "000003"), channels=["sms"])
    assert failure.value.status == "failed"
    assert len(scene.confirms()) == 3


def test_codes_may_be_a_function(scene: Scene) -> None:
    """A function that asks is enough."""
    assert scene.verify(None, lambda request: "1" * 5 + "6" if request.wrong else "123456", channels=["sms"])


def test_giving_up_cancels_at_the_server(scene: Scene) -> None:
    """None as code: the verification is over everywhere."""
    with pytest.raises(VerificationCancelledError):
        scene.verify(None, scene.typist(None), channels=["sms"])
    assert scene.server.state == "cancelled"


def test_a_message_that_overtakes_the_news_of_it_is_used(scene: Scene) -> None:
    """An SMS is read from the phone while the SDK still believes in the call: it looks, and confirms."""
    typist = scene.typist()
    scene.server.on_code = typist.type

    def route_fails() -> None:
        scene.server.move_on()

    scene.clock.later(3, route_fails)
    began = scene.clock.monotonic()
    scene.verify(scene.phone(), typist)
    assert scene.clock.monotonic() - began < 4


def test_digits_typed_by_a_person_verify(scene: Scene) -> None:
    """The person is told the beginning of the number and types its last four digits."""
    told: list[ExpectedCall] = []

    def ask(call: ExpectedCall) -> str | None:
        told.append(call)
        return "00 18" if len(told) == 2 else "99 99"

    scene.verify(ManualCallSource(ask, clock=scene.clock))
    assert [(call.prefix, call.digits, call.wrong) for call in told] == [
        ("+4420", 4, False),
        ("+4420", 4, True),
    ]
    assert scene.confirms() == [
        {"channel": "flashcall", "last_digits": "9999"},
        {"channel": "flashcall", "last_digits": "0018"},
    ]


def test_too_few_digits_are_asked_for_again_and_never_sent(scene: Scene) -> None:
    """Two digits are no evidence."""
    answers = iter(["18", "0018"])
    scene.verify(ManualCallSource(lambda call: next(answers), clock=scene.clock))
    assert scene.confirms() == [{"channel": "flashcall", "last_digits": "0018"}]


def test_the_whole_number_may_be_typed(scene: Scene) -> None:
    """Somebody who types all of it has told more, not something wrong."""
    scene.verify(ManualCallSource(lambda call: "020 7946 0018", clock=scene.clock))
    assert scene.confirms()[0]["caller_id"] == "020 7946 0018"
    assert scene.confirms()[0]["basis"] == "manual"


def _typing(scene: Scene, *typed: tuple[float, str]) -> None:
    """A call asks for digits, and the person types these, so many seconds after the start."""
    scene.serve(FakeServer(scene.clock, fallback="keypad", code="482915"))
    for after, digits in typed:
        scene.clock.later(after, partial(scene.server.type_keys, digits))


def test_digits_typed_in_a_call_verify_without_anything_to_type_here(scene: Scene) -> None:
    """The screen is told the digits; the flow polls until the call has got them and gets the token then."""
    _typing(scene, (6, "000000"), (9, "482915"))
    verified = scene.verify(channels=["keypad"])
    assert verified.channel == "keypad"
    assert scene.confirms() == [{"channel": "keypad"}]
    assert scene.kinds == ["preparing", "starting", "keypad", "checking", "verified"]
    shown = next(each.verification for each in scene.progress if each.kind == "keypad")
    assert shown is not None
    assert shown.keypad is not None
    assert (shown.keypad.digits, shown.keypad.typed) == ("482915", False)
    assert scene.clock.monotonic() - 1000 < 12


def test_the_digits_follow_a_call_that_did_not_come(scene: Scene) -> None:
    _typing(scene, (60, "482915"))
    assert scene.verify(scene.phone(), scene.typist()).channel == "keypad"
    assert "keypad" in scene.kinds


def test_digits_that_nobody_types_end_with_the_time(scene: Scene) -> None:
    """The server is looked at now and then, and never asked for the token of nothing."""
    _typing(scene)
    with pytest.raises(VerificationExpiredError):
        scene.verify(channels=["keypad"])
    assert scene.confirms() == []
    assert len(scene.server.calls_to("GET")) < 200


def test_a_server_that_wants_more_than_the_digits_is_not_asked_without_end(scene: Scene) -> None:
    _typing(scene, (3, "482915"))
    wanting = {"id": "vrf_fake", "status": "pending", "result": "more_evidence"}
    keypad = {"keypad": {"digits": "482915", "typed": True}, "expires_in": 100}
    attempt = {"attempt": {"id": "att_keypad", "channel": "keypad", "status": "answered"}}
    scene.server.fail(
        Response(200, {"content-type": "application/json"}, json.dumps(wanting | keypad | attempt).encode()),
        path="/confirm",
    )
    with pytest.raises(VerificationExpiredError):
        scene.verify(channels=["keypad"])
    assert scene.confirms() == [{"channel": "keypad"}]


def test_a_token_lost_after_the_digits_is_fetched_again(scene: Scene) -> None:
    _typing(scene, (3, "482915"))
    scene.server.fail(ServerUnreachableError("gone"), path="/confirm", processed=True)
    assert scene.verify(channels=["keypad"]).token.startswith("fake.")


def test_the_digits_do_not_show_in_a_repr(scene: Scene) -> None:
    _typing(scene, (3, "482915"))
    scene.verify(channels=["keypad"])
    assert "482915" not in repr(scene.progress)


def test_the_same_wrong_code_typed_again_is_another_guess(scene: Scene) -> None:
    """Only a lost answer is repeated under one key; what a person types anew is new."""
    typist = scene.typist("000000", "000000", "123456")
    scene.verify(None, typist, channels=["sms"])
    assert [request.checks_left for request in typist.asked] == [3, 2, 1]


def test_a_code_is_held_until_it_may_be_checked(scene: Scene) -> None:
    """After a wrong one the server wants a pause: the screen is told, and nothing is sent too early."""
    scene.serve(FakeServer(scene.clock, check_delay=60))
    typist = scene.typist("000000", "123456")
    scene.verify(None, typist, channels=["sms"])
    assert [request.wait for request in typist.asked] == [0, 60]
    first, second = scene.server.calls_to("POST", "/confirm")
    assert second.at - first.at == pytest.approx(60)
