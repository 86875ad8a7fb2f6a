"""Every source keeps the contract, and each its own promises."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

import pytest

from ringproof import ManualCallSource, ScriptedCallSource, SimulatedCallSource, TypedCodes
from ringproof._calls import CallEvent, CallSource
from ringproof._system import SystemClock
from ringproof._transport import Request, Response
from ringproof.calls import (
    CodeRequest,
    Copy,
    ExpectedCall,
    Ready,
    SeenCall,
    SimulatedCodes,
    TypedCode,
    burst,
    ringing_once,
)
from ringproof.errors import ServerUnreachableError
from ringproof.testing import (
    BurstContract,
    CopiesContract,
    FakeClock,
    Fault,
    ForeignCallContract,
    LateCallContract,
    LogContract,
    RefusedContract,
    SecondCallContract,
    VerificationContract,
    WakingContract,
    WithheldContract,
)
from tests.client_sdk.phones import CALLER, OWNER


class TestScriptedCallSource(
    CopiesContract,
    BurstContract,
    WithheldContract,
    SecondCallContract,
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
    LogContract,
    WakingContract,
):
    """The scripted phone as a source: nothing that Android does is beyond it."""

    def make_source(self) -> CallSource:
        return ScriptedCallSource(clock=self.clock, log=())

    def ring(self, source: CallSource, number: str | None) -> None:
        self.call(source, number, 5.0)
        self.clock.sleep(10)

    def call(self, source: CallSource, number: str | None, seconds: float) -> None:
        scripted(source).play(ringing_once(number or "", after=0.0, ring=seconds))

    def hear(self, source: CallSource, copies: Sequence[Copy]) -> None:
        self.hear_later(source, copies)
        self.clock.sleep(copies[-1].after + 1)

    def hear_later(self, source: CallSource, copies: Sequence[Copy]) -> None:
        scripted(source).play(copies)

    def burst(self, source: CallSource, number: str) -> None:
        scripted(source).play(burst(number, after=0.0))

    def ring_during_ring(self, source: CallSource, first: str, second: str) -> None:
        """Android announces no call while another one rings, so `second` is not in any copy."""
        self.ring(source, first)

    def make_refused_source(self) -> CallSource:
        return ScriptedCallSource(clock=self.clock, granted=False)

    def take_away(self, source: CallSource) -> None:
        scripted(source).refuse()

    def ring_unheard(self, source: CallSource) -> None:
        self.ring(source, self.number)

    def write_to_log(self, source: CallSource, number: str | None, *, began_ms: int, ring_ms: int) -> None:
        row = SeenCall(f"row {began_ms}", number, number is None, began_ms, ring_ms)
        scripted(source).write(row)

    def come_back(self, source: CallSource) -> None:
        scripted(source).come_back()


def scripted(source: CallSource) -> ScriptedCallSource:
    """The source as what it is."""
    assert isinstance(source, ScriptedCallSource)
    return source


class TestManualCallSource(VerificationContract):
    """A person as a source: hears nothing live, types the last digits."""

    cannot: ClassVar[Mapping[Fault, str]] = {
        "copies": "a person types what the screen shows",
        "burst": "a person measures no ring time",
        "withheld": "a person types no digits of a number that is not shown",
        "second_call": "a person types the digits of one call at a time",
        "foreign_call": "what a person types is an answer, and the person chose the call",
        "late_call": "a person is not asked any more after the step",
        "refused": "a person needs no permission",
        "log": "a person keeps no log that could be read",
        "waking": "a person does not tell when the app is back",
    }

    def make_source(self) -> CallSource:
        return ManualCallSource(clock=self.clock)

    def ring(self, source: CallSource, number: str | None) -> None:
        assert isinstance(source, ManualCallSource)
        assert number is not None
        assert source.enter(self.told(number))

    def call(self, source: CallSource, number: str | None, seconds: float) -> None:
        self.ring(source, number)

    def told(self, number: str) -> str:
        return number[-4:]


class Handset:
    """The virtual handset's side of `GET /handset/{number}/events`."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        self.asked: list[str] = []
        self.down = self.gone = False

    def add(self, **event: object) -> None:
        self.events.append({"seq": len(self.events) + 1, **event})

    def begin(self, caller_id: str | None) -> Callable[[int | None], None]:
        """A call rings; call the answer with its ring time to end it."""
        call = f"call_{len(self.events)}"
        common = {"kind": "call", "call": call, "caller_id": caller_id, "heard": None}
        self.add(**common, state="ringing", ring_ms=None, answered=False)
        return lambda ring_ms: self.add(**common, state="ended", ring_ms=ring_ms, answered=False)

    def call(self, caller_id: str | None, *, ring_ms: int | None = 5000, answered: bool = False) -> None:
        call = f"call_{len(self.events)}"
        common = {"kind": "call", "call": call, "caller_id": caller_id, "heard": None}
        self.add(**common, state="ringing", ring_ms=None, answered=False)
        self.add(**common, state="ended", ring_ms=ring_ms, answered=answered)

    def send(self, request: Request) -> Response:
        self.asked.append(request.url)
        if self.down:
            raise ServerUnreachableError("gone")
        if self.gone:
            return Response(404, {}, b"{}")
        after = int(re.findall(r"after=(\d+)", request.url)[0])
        fresh = [event for event in self.events if int(str(event["seq"])) > after]
        return Response(200, {}, json.dumps({"events": fresh}).encode())


class TestSimulatedCallSource(
    BurstContract,
    WithheldContract,
    SecondCallContract,
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
):
    """A virtual handset as a source."""

    cannot: ClassVar[Mapping[Fault, str]] = {
        "copies": "a handset numbers its events, and each is read once and in order",
        "log": "every event is read from the server sooner or later",
        "waking": "no app can be away from a virtual handset",
    }
    hears_second = True

    @cached_property
    def handset(self) -> Handset:
        return Handset()

    def make_source(self) -> CallSource:
        return SimulatedCallSource(
            "https://demo.example/", OWNER, transport=self.handset, clock=self.clock, every=0.25
        )

    def ring(self, source: CallSource, number: str | None) -> None:
        self.handset.call(number)
        self.clock.sleep(1)

    def call(self, source: CallSource, number: str | None, seconds: float) -> None:
        end = self.handset.begin(number)
        self.clock.later(seconds, lambda: end(round(seconds * 1000)))

    def burst(self, source: CallSource, number: str) -> None:
        self.handset.call(number, ring_ms=None)

    def ring_during_ring(self, source: CallSource, first: str, second: str) -> None:
        end_first = self.handset.begin(first)
        self.clock.sleep(1)
        end_second = self.handset.begin(second)
        self.clock.sleep(1)
        end_first(2000)
        self.clock.sleep(1)
        end_second(2000)
        self.clock.sleep(1)

    def make_refused_source(self) -> CallSource:
        self.handset.gone = True
        return self.make_source()

    def take_away(self, source: CallSource) -> None:
        self.handset.gone = True

    def ring_unheard(self, source: CallSource) -> None:
        self.ring(source, self.number)

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
