"""Every source keeps the contract, and each its own promises."""

from __future__ import annotations

import json
import re
import threading

import pytest

from ringproof import ManualCallSource, ScriptedCallSource, SimulatedCallSource, TypedCodes
from ringproof._calls import CallEvent, CallSource
from ringproof._system import SystemClock
from ringproof._transport import Request, Response
from ringproof.calls import (
    CodeRequest,
    ExpectedCall,
    Ready,
    SimulatedCodes,
    TypedCode,
    ringing_once,
    withheld,
)
from ringproof.errors import ServerUnreachableError
from ringproof.testing import CallSourceContract, FakeClock
from tests.client_sdk.phones import CALLER, OWNER


class TestScriptedCallSource(CallSourceContract):
    """The scripted phone as a source."""

    def make_source(self) -> CallSource:
        self.clock = FakeClock()
        return ScriptedCallSource(clock=self.clock)

    def ring(self, source: CallSource, number: str | None) -> None:
        assert isinstance(source, ScriptedCallSource)
        source.play(withheld() if number is None else ringing_once(number))
        self.clock.sleep(10)


class TestManualCallSource(CallSourceContract):
    """A person as a source: hears nothing live, types the last digits."""

    withholds = False

    def make_source(self) -> CallSource:
        return ManualCallSource(clock=FakeClock())

    def ring(self, source: CallSource, number: str | None) -> None:
        assert isinstance(source, ManualCallSource)
        assert number is not None
        assert source.enter(self.told(number))

    def told(self, number: str) -> str:
        return number[-4:]


class Handset:
    """The virtual handset's side of `GET /handset/{number}/events`."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        self.asked: list[str] = []
        self.down = False

    def add(self, **event: object) -> None:
        self.events.append({"seq": len(self.events) + 1, **event})

    def call(self, caller_id: str | None, *, ring_ms: int | None = 5000, answered: bool = False) -> None:
        call = f"call_{len(self.events)}"
        common = {"kind": "call", "call": call, "caller_id": caller_id, "heard": None}
        self.add(**common, state="ringing", ring_ms=None, answered=False)
        self.add(**common, state="ended", ring_ms=ring_ms, answered=answered)

    def send(self, request: Request) -> Response:
        self.asked.append(request.url)
        if self.down:
            raise ServerUnreachableError("gone")
        after = int(re.findall(r"after=(\d+)", request.url)[0])
        fresh = [event for event in self.events if int(str(event["seq"])) > after]
        return Response(200, {}, json.dumps({"events": fresh}).encode())


class TestSimulatedCallSource(CallSourceContract):
    """A virtual handset as a source."""

    def make_source(self) -> CallSource:
        self.clock, self.handset = FakeClock(), Handset()
        return SimulatedCallSource(
            "https://demo.example/", OWNER, transport=self.handset, clock=self.clock, every=0.25
        )

    def ring(self, source: CallSource, number: str | None) -> None:
        self.handset.call(number)
        self.clock.sleep(1)

    def test_what_the_handset_saw_before_is_not_told(self) -> None:
        """Calls of an earlier verification are never taken for the expected one."""
        source = self.make_source()
        self.handset.call("+442079460099")
        events: list[CallEvent] = []
        source.start(events.append)
        self.clock.sleep(2)
        assert events == []
        self.ring(source, CALLER)
        assert {event.number for event in events} == {CALLER}

    def test_a_server_that_was_away_at_the_start_tells_nothing_old(self) -> None:
        """The first answer only says where the handset stands."""
        source = self.make_source()
        self.handset.call("+442079460099")
        self.handset.down = True
        events: list[CallEvent] = []
        source.start(events.append)
        self.handset.down = False
        self.clock.sleep(2)
        assert events == []
        self.ring(source, CALLER)
        assert {event.number for event in events} == {CALLER}

    def test_the_ring_time_is_the_handsets_own(self) -> None:
        """Looking four times a second does not blur it; without one it is a burst."""
        source = self.make_source()
        events: list[CallEvent] = []
        source.start(events.append)
        self.handset.call(CALLER, ring_ms=5123, answered=True)
        self.handset.call(CALLER, ring_ms=None)
        self.clock.sleep(1)
        ends = [event for event in events if event.kind == "ended"]
        assert [(end.ring_ms, end.quality, end.answered) for end in ends] == [
            (5123, "live", True),
            (None, "burst", False),
        ]

    def test_an_unreachable_server_is_a_quiet_phone(self) -> None:
        """Events are told when it is back; nothing is lost and nothing raised."""
        source = self.make_source()
        events: list[CallEvent] = []
        source.start(events.append)
        self.handset.down = True
        self.handset.call(CALLER)
        self.clock.sleep(3)
        assert events == []
        self.handset.down = False
        self.clock.sleep(1)
        assert [event.kind for event in events] == ["ringing", "ended"]

    @pytest.mark.parametrize("body", [b"", b"[]", b'{"events": 5}', b'{"events": [1, {"kind": "call"}]}'])
    def test_strange_answers_are_no_calls(self, body: bytes) -> None:
        """What cannot be read is not told."""

        class Strange:
            def send(self, request: Request) -> Response:
                return Response(200, {}, body)

        clock, events = FakeClock(), list[CallEvent]()
        source = SimulatedCallSource("https://demo.example", OWNER, transport=Strange(), clock=clock)
        source.start(events.append)
        clock.sleep(2)
        assert events == []

    def test_a_number_is_quoted_in_the_address(self) -> None:
        """The plus sign survives the way."""
        self.make_source().start(lambda event: None)
        assert self.handset.asked[0] == "https://demo.example/handset/%2B447400123456/events?after=0"


def test_simulated_codes_are_read_from_new_messages() -> None:
    """The code of an SMS that comes now, not of an old one, and not the digits of a phone number."""
    clock, handset, codes = FakeClock(), Handset(), list[TypedCode]()
    handset.add(kind="message", channel="sms", text="111111 is your old code")
    source = SimulatedCodes("https://demo.example", OWNER, transport=handset, clock=clock)
    source.start(codes.append)
    source.ask(CodeRequest("sms", 6))
    handset.add(kind="message", channel="sms", text="<#> 123456 is your Example code\n\n@example.com #123456")
    handset.call(CALLER)
    clock.sleep(2)
    source.stop()
    handset.add(kind="message", channel="sms", text="222222")
    clock.sleep(2)
    assert [(code.code, code.source) for code in codes] == [("123456", "retriever")]


def test_a_person_is_asked_once_per_call_and_again_when_wrong() -> None:
    """`ask` gets what is expected; None is no answer."""
    asked: list[ExpectedCall] = []
    events: list[CallEvent] = []

    def ask(call: ExpectedCall) -> str | None:
        asked.append(call)
        return None if len(asked) == 1 else "0018"

    source = ManualCallSource(ask, clock=FakeClock())
    source.start(events.append)
    source.expect(ExpectedCall("+4420", 4))
    assert events == []
    source.expect(ExpectedCall("+4420", 4, wrong=True))
    assert [(event.kind, event.number, event.basis) for event in events] == [("ended", "0018", "manual")]


def test_a_screen_can_show_what_is_expected() -> None:
    """Without `ask`, `expected` says what to show and `enter` refuses too few digits."""
    source = ManualCallSource(clock=FakeClock())
    source.start(lambda event: None)
    assert (source.expected,) == (None,)
    call = ExpectedCall("+4420", 4)
    source.expect(call)
    assert (source.expected, source.enter("018"), source.enter("0018")) == (call, False, True)
    source.stop()
    assert (source.expected,) == (None,)


def test_an_answer_to_an_older_question_is_dropped() -> None:
    """What was typed for the first call is no evidence for the second."""
    questions, events = [threading.Event(), threading.Event()], list[CallEvent]()
    asked = threading.Semaphore(0)

    def ask(call: ExpectedCall) -> str | None:
        asked.release()
        questions[call.call - 1].wait(10)
        return f"000{call.call}"

    done = threading.Event()

    def hear(event: CallEvent) -> None:
        events.append(event)
        done.set()

    source = ManualCallSource(ask, clock=SystemClock())
    source.start(hear)
    source.expect(ExpectedCall("+4420", 4, call=1, calls=2))
    assert asked.acquire(timeout=10)
    source.expect(ExpectedCall("+4420", 4, call=2, calls=2))
    assert asked.acquire(timeout=10)
    questions[0].set()
    questions[1].set()
    assert done.wait(10)
    source.stop()
    assert [event.number for event in events] == ["0002"]


def test_typed_codes_tell_the_screen_and_the_flow() -> None:
    """`request` is what to show; nothing is told after stop."""
    codes, got = TypedCodes(), list[TypedCode]()
    codes.enter("too early")
    codes.start(got.append)
    codes.ask(CodeRequest("sms", 6))
    assert (codes.request,) == (CodeRequest("sms", 6),)
    codes.enter("123456", "webotp")
    codes.stop()
    codes.enter("123456")
    assert [(code.code, code.source) for code in got] == [("123456", "webotp")]
    assert (codes.request,) == (None,)
    assert "123456" not in repr(got)


def test_a_refused_permission_silences_the_scripted_phone() -> None:
    """No permission: not usable, and nothing is heard."""
    clock, answers, events = FakeClock(), list[Ready](), list[CallEvent]()
    source = ScriptedCallSource(ringing_once(CALLER), clock=clock, granted=False)
    source.prepare(answers.append)
    source.start(events.append)
    clock.sleep(60)
    assert [answer.usable for answer in answers] == [False]
    assert events == []
