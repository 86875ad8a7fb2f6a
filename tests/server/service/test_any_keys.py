"""Any history of a call that asks for digits: keys, clients, carriers and time in whatever order."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import AlreadyFinished, ChallengeExpired, NoStepsLeft, TooEarly
from ringproof_server.domain.evidence import KeypadEvidence, Verdict
from ringproof_server.domain.keypad import TRIES_PER_CALL
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from ringproof_server.service.spoken import DocumentKind
from tests.support import leaks
from tests.support.switchboard import Switchboard
from tests.support.world import Session, wrong_code

POLICY = Policy(workflow=(Channel.KEYPAD, Channel.VOICE), send_spacing=(5,), voice_after=5)
LIVE = {AttemptState.ACCEPTED, AttemptState.RINGING, AttemptState.ANSWERED}


class Keys(RuleBasedStateMachine):
    """One verification with as many calls as it allows; the machine knows every digit it presses."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="ringproof-keys-")
        self.board = Switchboard(Path(self.folder.name))
        self.session: Session = self.board.world.start(self.board.world.app(POLICY))
        shown = self.session.started.keypad
        assert shown is not None
        self.digits = shown.digits
        leaks.secret(self.digits, "code")
        self.wrong: Counter[str] = Counter()
        self.was_right = False
        self.is_verified = False

    def teardown(self) -> None:
        self.board.world.close()
        self.folder.cleanup()

    @property
    def call(self) -> Attempt:
        return self.session.attempts[-1]

    @property
    def is_open(self) -> bool:
        return self.session.stored.status_at(self.board.world.clock.now()) is Status.PENDING

    @rule(
        event=st.sampled_from([AttemptEvent.RING, AttemptEvent.ANSWER, AttemptEvent.END]),
        reason=st.sampled_from([Reason.ANSWERED, Reason.BUSY, Reason.NO_ANSWER]),
    )
    def carrier(self, event: AttemptEvent, reason: Reason) -> None:
        """The network says something of the latest call."""
        self.board.world.server.dispatch_all()
        if self.call.carrier is not None:
            self.board.say(self.call, event, reason=reason if event is AttemptEvent.END else None)

    @rule(right=st.booleans(), which=st.integers(0, 3))
    def press(self, right: bool, which: int) -> None:
        """Keys for any of the calls, also for one that is over."""
        call = self.session.attempts[which % len(self.session.attempts)]
        before, checks = call.reported, self.session.stored.checks
        keys = self.digits if right else wrong_code(self.digits)
        reference = self.board.world.server.parts.seals.sign_reference(call.id)
        said = self.board.world.server.events.keys(reference, keys)
        if said is None:
            assert call.carrier is None
            return
        judged = self.board.world.server.attempt(call.id).reported
        counted = self.session.stored.checks - checks
        assert said.code == ""
        assert counted in {0, 1}
        if counted:
            assert not right
            assert call.channel is Channel.KEYPAD
            assert call.state is not AttemptState.ENDED
            self.wrong[call.id] += 1
        if judged and not before:
            assert right
            assert said.kind is DocumentKind.CONFIRMING
            self.was_right = True

    @precondition(lambda self: self.is_open)
    @rule(channel=st.sampled_from([Channel.KEYPAD, Channel.VOICE]))
    def advance(self, channel: Channel) -> None:
        try:
            self.session.advance(channel)
        except (TooEarly, NoStepsLeft, AlreadyFinished, ChallengeExpired):
            return

    @rule()
    def confirm(self) -> None:
        try:
            answer = self.session.confirm(KeypadEvidence())
        except (AlreadyFinished, ChallengeExpired):
            return
        assert (answer.status is Status.VERIFIED) == self.was_right
        assert answer.status is Status.VERIFIED or answer.result is Verdict.MORE_EVIDENCE
        self.is_verified |= answer.status is Status.VERIFIED

    @rule(seconds=st.sampled_from([1, 7, 30, 65]))
    def wait(self, seconds: float) -> None:
        self.board.world.pass_time(seconds)

    @invariant()
    def nothing_is_verified_without_right_keys_and_a_confirm(self) -> None:
        assert (self.session.stored.status is Status.VERIFIED) == self.is_verified

    @invariant()
    def tries_are_bounded(self) -> None:
        assert all(count <= TRIES_PER_CALL for count in self.wrong.values())
        assert self.wrong.total() == self.session.stored.checks <= POLICY.code_checks

    @invariant()
    def at_most_one_call_is_wanted(self) -> None:
        """Every live call but the latest has been hung up, or is about to be."""
        now = self.board.world.clock.now()
        for call in self.session.attempts[:-1]:
            if call.state in LIVE:
                is_due = call.hang_up_at is not None and call.hang_up_at <= now
                assert is_due or call.hang_ups > 0


Keys.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyKeys = Keys.TestCase
