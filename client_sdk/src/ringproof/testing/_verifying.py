"""A source of calls in whole verifications: what leaves the phone, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from ringproof._calls import CallEvent, CallSource, CodeRequest, CodeSink, Ready, TypedCode
from ringproof._client import Ringproof
from ringproof._models import Verified
from ringproof._progress import Progress
from ringproof._sources import ManualCallSource
from ringproof._system import Clock
from ringproof.testing._contract import CallSourceContract, Fault
from ringproof.testing._server import FakeServer

OWNER = "+447400123456"


class _Typist:
    """A person who types the code so many seconds after it was asked for, or when something is so."""

    def __init__(self, clock: Clock, code: str, after: float, when: Callable[[], bool]) -> None:
        self._clock, self._code, self._after, self._when = clock, code, after, when
        self._sink: CodeSink | None = None

    def start(self, sink: CodeSink) -> None:
        self._sink = sink

    def ask(self, request: CodeRequest) -> None:  # noqa: ARG002 - it knows the code anyway
        self._clock.later(self._after, self._type)

    def _type(self) -> None:
        if self._sink is not None and not self._when():
            self._clock.later(self._after, self._type)
        elif self._sink is not None:
            self._sink(TypedCode(self._code))

    def stop(self) -> None:
        self._sink = None


class VerificationContract(CallSourceContract):
    """The source verifies a number at a stand-in of the server. Override `call` too."""

    foreign: ClassVar[str] = "+33639981234"
    """A number that calls for reasons of its own."""

    def call(self, source: CallSource, number: str | None, seconds: float) -> None:
        """Let the phone ring for so many seconds from now on; need not wait for the end.

        On a FakeClock it must not wait: the verification runs on the same thread.
        """
        raise NotImplementedError

    @cached_property
    def server(self) -> FakeServer:
        """The server of this test, whose flash call comes from `number`."""
        return FakeServer(self.clock, caller_ids=(self.number,), interception=45.0, report=120.0)

    @cached_property
    def progress(self) -> list[Progress]:
        """What a screen was told."""
        return []

    def verify(
        self,
        calls: CallSource | Sequence[CallSource],
        *,
        code_after: float | None = None,
        code_when: Callable[[], bool] = lambda: True,
    ) -> Verified:
        """Verify `OWNER`.

        With `code_after` a person types the code of the SMS so many seconds after it was asked for, or later,
        as soon as `code_when` is so.
        """
        client = Ringproof(
            "https://verify.example", "rp_pk_contract", transport=self.server, clock=self.clock
        )
        codes = None if code_after is None else _Typist(self.clock, self.server.code, code_after, code_when)
        return client.verify(OWNER, calls, codes, on_progress=self.progress.append)

    def when_ordered(self, act: Callable[[], None], *, after: float = 0.1) -> None:
        """Have something happen so many seconds after the call was ordered."""
        self.server.on_start = lambda: _only(self.clock.later(after, act))

    def when_code_sent(self, act: Callable[[], None], *, after: float = 0.1) -> None:
        """Have something happen so many seconds after the server went over to an SMS."""
        self.server.on_code = lambda _: _only(self.clock.later(after, act))

    @property
    def evidence(self) -> list[Mapping[str, Any]]:
        """What was reported as a proof, in order."""
        return [seen.body["evidence"] for seen in self.server.calls_to("POST", "/confirm")]

    def left_the_phone(self, number: str) -> bool:
        """Whether any request tells the digits of a number, however it is written."""
        sent = [(seen.path, json.dumps(seen.body), dict(seen.headers)) for seen in self.server.requests]
        return number.lstrip("+")[-9:] in repr(sent)

    def test_the_expected_call_verifies(self) -> None:
        """One report with what the source told of the call, and the ring time when it can measure one."""
        source, began = self.make_source(), self.clock.monotonic()
        self.when_ordered(lambda: self.call(source, self.number, self.ring_seconds))
        assert self.verify(source).channel == "flashcall"
        (proof,) = self.evidence
        if source.capabilities().zero_touch:
            assert proof["caller_id"] == self.told(self.number)
        if source.capabilities().ring_time:
            assert proof["quality"] == "live"
            # Real phones may begin to ring later than they are called, and a busy machine may hear it late.
            assert 0 < proof["ring_ms"] <= (self.clock.monotonic() - began) * 1000

    def test_the_start_says_what_the_phone_can(self) -> None:
        """Neither more nor less than what the source is able to."""
        source = self.make_source()
        self.when_ordered(lambda: self.call(source, self.number, self.ring_seconds))
        self.verify(source)
        can = source.capabilities()
        told = self.server.calls_to("POST", "/v1/verifications")[0].body["capabilities"]
        assert told == {"caller_id": can.number_live or can.history, "ring_time": can.ring_time}

    def test_instant_mode_does_not_wait_for_the_end(self) -> None:
        """Where the server does not look at the ring time, a live source's call is reported as it rings."""
        source, long = self.make_source(), self.ring_seconds + 2 * self.pause
        self.server.ring_time = "ignore"
        self.when_ordered(lambda: self.call(source, self.number, long))
        assert self.verify(source).channel == "flashcall"
        (proof,) = self.evidence
        if source.capabilities().number_live:
            assert "ring_ms" not in proof
            assert proof["quality"] == "estimated"
        self.clock.sleep(long + self.pause)

    def test_without_a_call_it_goes_on_to_the_code(self) -> None:
        """The server's clock ends the step; an automatic source is a witness that no call came."""
        self.server.interception = self.silence
        source = self.make_source()
        assert self.verify(source, code_after=0.1).channel == "sms"
        assert [proof["channel"] for proof in self.evidence] == ["sms"]
        if source.capabilities().zero_touch:
            self.wait_until(lambda: bool(self.server.reports))
            assert [report["kind"] for report in self.server.reports] == ["no_call"]

    def test_nothing_is_sent_after_the_end(self) -> None:
        """The source was stopped: a call that comes when all is over is nobody's business."""
        source = self.make_source()
        self.when_ordered(lambda: self.call(source, self.number, self.ring_seconds))
        self.verify(source)
        self.clock.sleep(self.ring_seconds + self.pause)
        sent = len(self.server.requests)
        self.ring(source, self.number)
        assert len(self.server.requests) == sent


class ForeignCallContract(VerificationContract):
    """Other people's calls, as automatic sources hear them."""

    plays: ClassVar[Fault | None] = "foreign_call"

    def test_a_foreign_call_before_the_expected_one_never_leaves_the_phone(self) -> None:
        """It is heard, it fits nothing, and no request has its digits; the expected one still counts."""
        source, heard = self.make_source(), self.ring_seconds + self.pause
        self.when_ordered(lambda: self.call(source, self.foreign, self.ring_seconds))
        begin = self.server.on_start

        def both() -> None:
            begin()
            self.clock.later(heard, lambda: self.call(source, self.number, self.ring_seconds))

        self.server.on_start = both
        assert self.verify(source).channel == "flashcall"
        assert [proof["caller_id"] for proof in self.evidence] == [self.told(self.number)]
        assert not self.left_the_phone(self.foreign)
        assert self.foreign not in repr(self.progress)

    def test_calls_that_beat_the_servers_answer_are_sorted_out(self) -> None:
        """What rings before it is known what to expect is kept, reported if it fits, and else forgotten."""
        source, whole = self.make_source(), self.ring_seconds + self.pause

        def before_the_answer() -> None:
            self.call(source, self.foreign, self.ring_seconds)
            self.clock.sleep(whole)
            self.call(source, self.number, self.ring_seconds)
            self.clock.sleep(whole)

        self.server.on_start = before_the_answer
        assert self.verify(source).channel == "flashcall"
        assert [proof["caller_id"] for proof in self.evidence] == [self.told(self.number)]
        assert not self.left_the_phone(self.foreign)

    def test_a_foreign_call_alone_proves_nothing_and_is_not_told(self) -> None:
        """Not as a proof, not as a late call, not in passing."""
        self.server.interception = self.silence
        source = self.make_source()
        self.when_ordered(lambda: self.call(source, self.foreign, self.ring_seconds))
        assert self.verify(source, code_after=0.1).channel == "sms"
        assert [proof["channel"] for proof in self.evidence] == ["sms"]
        assert not self.left_the_phone(self.foreign)


class LateCallContract(VerificationContract):
    """The call comes when the server has gone on."""

    plays: ClassVar[Fault | None] = "late_call"

    def test_a_late_call_is_told_and_proves_nothing(self) -> None:
        """After the interception deadline it is telemetry; the code does it."""
        self.server.interception = self.silence
        source = self.make_source()
        self.when_code_sent(lambda: self.call(source, self.number, self.ring_seconds))
        verified = self.verify(source, code_after=0.2, code_when=lambda: bool(self.server.reports))
        assert verified.channel == "sms"
        assert [proof["channel"] for proof in self.evidence] == ["sms"]
        (report,) = self.server.reports
        assert (report["kind"], report["caller_id"]) == ("late_call", self.told(self.number))


class WithheldContract(VerificationContract):
    """The network keeps the number back."""

    plays: ClassVar[Fault | None] = "withheld"

    def test_a_withheld_number_is_said_to_be_withheld(self) -> None:
        """No number and withheld, rather than an empty or invented number."""
        source, events = self.started()
        self.ring(source, None)
        source.stop()
        assert events[-1].withheld
        assert all(event.number is None for event in events)

    def test_a_withheld_call_leads_to_the_next_step(self) -> None:
        """It is reported without a number, which is no guess, and the server goes on to the code."""
        source = self.make_source()
        self.when_ordered(lambda: self.call(source, None, self.ring_seconds))
        assert self.verify(source, code_after=0.1).channel == "sms"
        told = [(proof["channel"], proof.get("caller_id")) for proof in self.evidence]
        assert told == [("flashcall", ""), ("sms", None)]


class RefusedContract(VerificationContract):
    """The person, or the phone, does not let the app hear calls; from the beginning or at some time."""

    plays: ClassVar[Fault | None] = "refused"

    def make_refused_source(self) -> CallSource:
        """A new source that is not allowed to hear anything."""
        raise NotImplementedError

    def take_away(self, source: CallSource) -> None:
        """What the source was allowed is taken from it, while it listens."""
        raise NotImplementedError

    def ring_unheard(self, source: CallSource) -> None:
        """Make the phone ring from `number`, if it still can; the source is not allowed to know."""
        raise NotImplementedError

    def test_a_refusal_is_said_exactly_once_with_what_is_missing(self) -> None:
        """Not usable, and a name for what was refused."""
        answers: list[Ready] = []
        self.make_refused_source().prepare(answers.append)
        self.wait_until(lambda: bool(answers))
        assert [answer.usable for answer in answers] == [False]
        assert all(answers[0].missing)
        assert answers[0].missing

    def test_without_permission_nothing_is_heard(self) -> None:
        """Also when it is started all the same; and that raises nothing."""
        source, events = self.make_refused_source(), list[CallEvent]()
        source.start(events.append)
        self.ring_unheard(source)
        assert list(source.history(0)) == []
        source.stop()
        assert [event.number for event in events if event.number] == []

    def test_typed_digits_do_it_without_permission(self) -> None:
        """The start says that this phone hears nothing, and the person's digits verify."""
        source, person = self.make_refused_source(), ManualCallSource(clock=self.clock)
        self.when_ordered(lambda: _only(person.enter(self.number[-4:])))
        assert self.verify([source, person]).channel == "flashcall"
        assert [dict(proof) for proof in self.evidence] == [
            {"channel": "flashcall", "last_digits": self.number[-4:]}
        ]
        told = self.server.calls_to("POST", "/v1/verifications")[0].body["capabilities"]
        assert told == {"caller_id": False, "ring_time": False}

    def test_a_code_does_it_without_permission(self) -> None:
        """Nobody types digits: the server goes on to the SMS; a deaf phone reports no missing call."""
        self.server.interception = self.silence
        source = self.make_refused_source()
        assert self.verify(source, code_after=0.1).channel == "sms"
        assert self.server.reports == []

    def test_what_is_taken_away_while_listening_breaks_nothing(self) -> None:
        """From then on no number is told; the log is empty, and stopping works."""
        source, events = self.started()
        self.take_away(source)
        self.ring_unheard(source)
        assert list(source.history(0)) == []
        source.stop()
        assert [event.number for event in events if event.number] == []

    def test_typed_digits_do_it_when_permission_is_taken_away(self) -> None:
        """In the middle of a verification: it goes on, and the person's digits verify."""
        source, person = self.make_source(), ManualCallSource(clock=self.clock)

        def act() -> None:
            self.take_away(source)
            self.clock.later(0.1, lambda: _only(person.enter(self.number[-4:])))

        self.when_ordered(act)
        assert self.verify([source, person]).channel == "flashcall"
        assert [proof.get("last_digits") for proof in self.evidence] == [self.number[-4:]]


def _only(_: object) -> None:
    """Take no notice of what a plan answers."""
