"""Any history of clients, carriers, crashes and time: what must never happen does not."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.code import spell
from ringproof_server.domain.errors import (
    AlreadyFinished,
    CarrierThrottled,
    CarrierUnavailable,
    ChallengeExpired,
    ConcurrentVerification,
    FraudSuspected,
    GuessBudgetExhausted,
    InvalidRequest,
    NoChannelAvailable,
    NoStepsLeft,
    NumberRefused,
    OutcomeUnknown,
    RateLimited,
    TooEarly,
)
from ringproof_server.domain.evidence import CallEvidence, Evidence
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status, Verification
from tests.support.carriers import Orders
from tests.support.switchboard import Switchboard
from tests.support.world import App, Process, Session, call_report, code_report

NUMBERS = ["+447700900123", "+447700900456"]
BUDGET = 0.02
POLICIES = {
    # One call and three reports; two calls in a row; a code before the call.
    "large": Policy(number_guess_budget=BUDGET, flash_starts=100),
    "serial": Policy(number_guess_budget=BUDGET, max_guess_probability=1e-2, flash_starts=100),
    "code first": Policy(
        number_guess_budget=BUDGET, workflow=(Channel.SMS, Channel.FLASHCALL), flash_starts=100
    ),
}
POOLS = {"large": 9_999, "serial": 29, "code first": 9_999}
LIVE = {AttemptState.ACCEPTED, AttemptState.RINGING, AttemptState.ANSWERED}
REFUSALS = (
    AlreadyFinished,
    ChallengeExpired,
    ConcurrentVerification,
    GuessBudgetExhausted,
    InvalidRequest,
    NoChannelAvailable,
    NoStepsLeft,
    RateLimited,
    TooEarly,
)


CARRIERS = ("obedient", "spare")
FAULTS: list[Exception | None] = [
    None,
    None,
    CarrierUnavailable("away"),
    CarrierThrottled("slow down", 2.0),
    OutcomeUnknown("no answer"),
    RuntimeError("a plug-in's own fault"),
    NumberRefused("no"),
    FraudSuspected("stop"),
]
FIND_FAULTS: list[Exception | None] = [None, CarrierUnavailable("away"), ValueError("a plug-in's own fault")]


class Crash(BaseException):
    """The process dies where this is raised."""


@dataclass
class Known:
    """What the test knows of one verification besides what is stored."""

    session: Session
    right_calls: dict[str, bool] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    ending: Verification | None = None


def _die(orders: Orders, is_taken: bool, _item: object, remote_id: str) -> None:
    if not is_taken:
        del orders.taken[remote_id]
    raise Crash


class AnyHistory(RuleBasedStateMachine):
    """Two processes, two numbers, three applications and two carriers that may say anything at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="ringproof-history-")
        self.board = Switchboard(Path(self.folder.name), CARRIERS)
        self.world = self.board.world
        self.others = [self.world.process()]
        self.known: list[Known] = []
        self.apps: dict[str, App] = {}
        self.said: list[tuple[str, str, AttemptEvent, Reason | None, str]] = []

    @initialize()
    def create_applications(self) -> None:
        for name, policy in POLICIES.items():
            pool = [f"+442079460000-+44207946{POOLS[name]:04}"]
            self.apps[name] = self.world.app(policy, pool=pool, name=name)

    def teardown(self) -> None:
        self.world.close()
        self.folder.cleanup()

    def process(self, index: int) -> Process:
        return [self.world.server, *self.others][index % 2]

    def taken(self) -> list[tuple[str, str]]:
        """Every call and message that exists, by its carrier and its attempt."""
        return [
            (name, item.attempt_id)
            for name, orders in self.board.orders.items()
            for item in orders.taken.values()
        ]

    # --- clients

    @rule(app=st.sampled_from(list(POLICIES)), number=st.sampled_from(NUMBERS))
    def start(self, app: str, number: str) -> None:
        try:
            self.known.append(Known(self.world.start(self.apps[app], number)))
        except REFUSALS:
            return

    @precondition(lambda self: self.known)
    @rule(
        pick=st.integers(0, 20),
        process=st.integers(0, 1),
        what=st.sampled_from(
            ["right call", "right call", "wrong call", "withheld", "right code", "wrong code"]
        ),
    )
    def confirm(self, pick: int, process: int, what: str) -> None:
        known = self.known[pick % len(self.known)]
        known.session.process = self.process(process)
        evidence = self._evidence(known, what)
        if evidence is None:
            return
        call = self._last_call(known.session)
        is_first_report = call is not None and call.reported is None
        try:
            answer = known.session.confirm(evidence)
        except REFUSALS:
            return
        if call is not None and isinstance(evidence, CallEvidence) and is_first_report:
            known.right_calls.setdefault(call.id, what == "right call")
        if answer.token is not None:
            known.tokens.add(answer.token)
            assert answer.status is Status.VERIFIED
            assert what in {"right call", "right code"}
            self._assert_all_calls_right(known, what)

    def _assert_all_calls_right(self, known: Known, what: str) -> None:
        calls = [item for item in known.session.attempts if item.channel is Channel.FLASHCALL]
        if what == "right code" or not calls:
            return
        earlier = {item.call: known.right_calls.get(item.id) for item in calls if item.call < calls[-1].call}
        assert all(earlier.values()), "a serial call that was reported wrong counted as right"

    def _evidence(self, known: Known, what: str) -> Evidence | None:
        stored = known.session.stored
        call = self._last_call(known.session)
        if what == "withheld":
            return call_report(None) if call else None
        if what.endswith("call"):
            if call is None or call.caller_id is None:
                return None
            right = call.caller_id
            wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
            return call_report(right if what == "right call" else wrong)
        if stored.code_salt is None:
            return None
        code = spell(self.world.server.parts.seals.code_key(), stored.code_salt, 6)
        wrong = str((int(code) + 1) % 10**6).zfill(6)
        return code_report(code if what == "right code" else wrong)

    def _last_call(self, session: Session) -> Attempt | None:
        calls = [item for item in session.attempts if item.channel is Channel.FLASHCALL]
        return calls[-1] if calls else None

    @precondition(lambda self: self.known)
    @rule(pick=st.integers(0, 20), channel=st.sampled_from([None, Channel.SMS, Channel.FLASHCALL]))
    def advance(self, pick: int, channel: Channel | None) -> None:
        try:
            self.known[pick % len(self.known)].session.advance(channel)
        except REFUSALS:
            return

    @precondition(lambda self: self.known)
    @rule(pick=st.integers(0, 20))
    def cancel(self, pick: int) -> None:
        try:
            self.known[pick % len(self.known)].session.cancel()
        except REFUSALS:
            return

    # --- the carrier

    @rule(carrier=st.sampled_from(CARRIERS), fault=st.sampled_from(FAULTS), loses=st.booleans())
    def set_fault(self, carrier: str, fault: Exception | None, loses: bool) -> None:
        self.board.orders[carrier].faults = [fault]
        self.board.orders[carrier].loses_answer = loses

    @rule(carrier=st.sampled_from(CARRIERS), fault=st.sampled_from(FIND_FAULTS))
    def set_look_up_fault(self, carrier: str, fault: Exception | None) -> None:
        self.board.orders[carrier].find_fault = fault

    @precondition(lambda self: self.taken())
    @rule(
        pick=st.integers(0, 50),
        kind=st.sampled_from([kind for kind in AttemptEvent if kind is not AttemptEvent.CLAIM]),
        reason=st.sampled_from([Reason.RANG, Reason.BUSY, Reason.CANCELLED, Reason.REJECTED, None]),
        process=st.integers(0, 1),
    )
    def say(self, pick: int, kind: AttemptEvent, reason: Reason | None, process: int) -> None:
        taken = self.taken()
        carrier, attempt_id = taken[pick % len(taken)]
        key = f"event {len(self.said)}"
        self.said.append((carrier, attempt_id, kind, reason, key))
        self.board.say(
            attempt_id, kind, reason=reason, key=key, carrier=carrier, process=self.process(process)
        )

    @precondition(lambda self: self.said)
    @rule(pick=st.integers(0, 50), process=st.integers(0, 1))
    def say_again(self, pick: int, process: int) -> None:
        carrier, attempt_id, kind, reason, key = self.said[pick % len(self.said)]
        before = self.process(process).attempt(attempt_id)
        self.board.say(
            attempt_id, kind, reason=reason, key=key, carrier=carrier, process=self.process(process)
        )
        assert self.process(process).attempt(attempt_id) == before

    # --- the server and time

    @rule(process=st.integers(0, 1))
    def dispatch(self, process: int) -> None:
        self.process(process).dispatch_all()

    @rule(is_taken=st.booleans())
    def crash_while_placing(self, is_taken: bool) -> None:
        for orders in self.board.orders.values():
            orders.meanwhile = partial(_die, orders, is_taken)
        try:
            self.others[0].dispatch_all()
        except Crash:
            self.others[0].storage.close()
            self.others = [self.world.process()]
        for orders in self.board.orders.values():
            orders.meanwhile = None

    @rule(process=st.integers(0, 1), busy=st.sets(st.sampled_from(CARRIERS)))
    def dispatch_while_lines_are_long(self, process: int, busy: set[str]) -> None:
        """What waits goes to a carrier that is not busy, or on to its next step, or waits on."""
        worker = self.process(process)
        for attempt_id in worker.storage.read(lambda session: session.verifications.queued_attempts(100)):
            route = worker.dispatching.route(attempt_id, busy)
            if route is not None:
                assert route.carrier.name not in busy
                worker.dispatching.dispatch(attempt_id, route, busy)
            else:
                worker.dispatching.leave_line(attempt_id, busy, after=timedelta(seconds=3))

    @rule(process=st.integers(0, 1))
    def do_what_is_due(self, process: int) -> None:
        """Until there is nothing left; then nothing is overdue."""
        worker = self.process(process)
        for _ in range(20):
            if worker.due.run() == 0:
                break
        now = self.world.clock.now()
        for known in self.known:
            stored = known.session.stored
            assert stored.status is not Status.PENDING or stored.expires_at > now
            if stored.status is Status.PENDING:
                assert stored.wake_at is not None
                assert stored.wake_at > now
            for attempt in known.session.attempts:
                if attempt.channel.is_call and stored.status is not Status.PENDING:
                    assert attempt.state not in {AttemptState.ACCEPTED, AttemptState.RINGING} or (
                        attempt.hang_ups > 0 or attempt.remote_id is None
                    )

    @rule(seconds=st.sampled_from([0.5, 2.0, 6.0, 20.0, 31.0, 46.0, 61.0, 130.0, 301.0]))
    def pass_time(self, seconds: float) -> None:
        self.world.clock.move(seconds)

    # --- what must never happen

    @invariant()
    def a_verdict_never_changes_and_a_token_is_one(self) -> None:
        for known in self.known:
            stored = known.session.stored
            assert len(known.tokens) <= 1
            assert not known.tokens or stored.status is Status.VERIFIED
            if known.ending is not None:
                assert stored == known.ending
            elif stored.status is not Status.PENDING:
                known.ending = stored
                assert (stored.status is Status.VERIFIED) == (len(known.tokens) == 1)

    @invariant()
    def nothing_is_placed_twice(self) -> None:
        asked = Counter(itertools.chain.from_iterable(orders.asked for orders in self.board.orders.values()))
        assert not asked or max(asked.values()) == 1

    @invariant()
    def a_call_is_repeated_only_when_its_carrier_said_that_it_did_nothing(self) -> None:
        for known in self.known:
            calls = [item for item in known.session.attempts if item.channel is Channel.FLASHCALL]
            for before, after in itertools.pairwise(calls):
                if (before.step, before.call) == (after.step, after.call):
                    assert before.reason in {Reason.CARRIER_ERROR, Reason.CONFIG_ERROR}
                    assert before.carrier != after.carrier

    @invariant()
    def the_sum_of_guesses_stays_within_the_budget(self) -> None:
        since = self.world.clock.now() - timedelta(days=1)
        for number in NUMBERS:
            assert self.world.server.spent(number, since) <= BUDGET + 1e-12

    @invariant()
    def no_more_is_asked_than_was_planned(self) -> None:
        for known in self.known:
            stored = known.session.stored
            flash = next((step.flash for step in stored.plan.steps if step.flash), None)
            assert stored.reports <= (flash.reports if flash else 0)
            assert stored.checks <= 5
            calls = [item for item in known.session.attempts if item.channel is Channel.FLASHCALL]
            assert len({item.caller_id for item in calls}) <= (flash.calls if flash else 0)

    @invariant()
    def every_call_under_way_will_be_hung_up(self) -> None:
        for known in self.known:
            for attempt in known.session.attempts:
                if attempt.channel.is_call and attempt.state in LIVE:
                    assert attempt.hang_up_at is not None

    @invariant()
    def at_most_three_verifications_of_a_number_are_under_way(self) -> None:
        now = self.world.clock.now()
        open_ones = Counter(
            known.session.stored.number.e164
            for known in self.known
            if known.session.stored.status_at(now) is Status.PENDING
        )
        assert not open_ones or max(open_ones.values()) <= 3


AnyHistory.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyHistory = pytest.mark.timeout(280)(AnyHistory.TestCase)
