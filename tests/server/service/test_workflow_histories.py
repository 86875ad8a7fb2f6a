"""Any workflow of messages, whatever carriers say and people ask for, against a model of a few lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.stage import Advance, Stage
from ringproof_server.domain.verification import Status
from ringproof_server.ports import OutgoingMessage
from tests.support.switchboard import Switchboard
from tests.support.world import Session

CHANNELS = (Channel.WHATSAPP, Channel.VIBER, Channel.SMS)
UNLIMITED = Policy(ttl=600, code_ttl=600, send_spacing=(), sends_per_day=1000)
LIFE = 600.0
ENOUGH = {
    Advance.NO_REPORT: frozenset[str](),
    Advance.NOT_DELIVERED: frozenset({"delivered", "read"}),
    Advance.NOT_READ: frozenset({"read"}),
}

flows = st.permutations(CHANNELS).flatmap(
    lambda order: st.tuples(
        *(
            st.builds(
                Stage, channel=st.just(channel), timeout=st.integers(2, 60), advance=st.sampled_from(Advance)
            )
            for channel in order
        )
    )
)
happenings = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 61])),
    st.tuples(st.sampled_from(["deliver", "read", "fail"]), st.sampled_from([0, 0, 0, 1, 2])),
    st.tuples(st.just("next"), st.integers(0, 2)),
)


@dataclass
class Model:
    """What must have been sent by now: (step, state) of every message in order."""

    flow: tuple[Stage, ...]
    now: float = 0.0
    step: int = 0
    wake: float = 0.0
    sent: list[tuple[int, str]] = field(default_factory=list)
    is_over: bool = False

    def begin(self, step: int) -> None:
        timeout = self.flow[step].timeout
        assert timeout is not None
        self.step, self.wake = step, self.now + timeout
        self.sent.append((step, "sent"))

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while self.wake <= end and self.wake < LIFE:
            self.now = self.wake
            enough = ENOUGH[self.flow[self.step].advance]
            arrived = any(step == self.step and state in enough for step, state in self.sent)
            if arrived or self.step + 1 == len(self.flow):
                self.wake = LIFE
            else:
                self.begin(self.step + 1)
        self.now = end

    def hear(self, event: str, index: int) -> None:
        step, state = self.sent[index]
        allowed = {"deliver": {"sent"}, "read": {"sent", "delivered"}, "fail": {"sent"}}[event]
        if state not in allowed:
            return
        self.sent[index] = (step, {"deliver": "delivered", "read": "read", "fail": "failed"}[event])
        if event != "fail" or index != len(self.sent) - 1:
            return
        if step + 1 < len(self.flow):
            self.begin(step + 1)
        elif all(state == "failed" for _, state in self.sent):
            self.is_over = True
        else:
            self.wake = LIFE


def play(board: Switchboard, session: Session, model: Model, what: str, number: int, turn: int) -> None:
    """Let one thing happen to the server, by one of its processes, and to the model."""
    world = board.world
    process = world.processes[turn % len(world.processes)]
    if what == "wait":
        world.pass_time(number, process)
        model.wait(number)
    elif what == "next":
        session.advance(model.flow[number].channel)
        model.begin(number)
    else:
        index = len(model.sent) - 1 - number % len(model.sent)
        reason = Reason.UNREACHABLE if what == "fail" else None
        board.say(session.attempts[index], AttemptEvent(what), reason=reason, process=process)
        model.hear(what, index)
    world.pass_time(0, process)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(flow=flows, history=st.lists(happenings, max_size=12))
def test_what_is_sent_is_what_the_workflow_says_and_nothing_twice(
    flow: tuple[Stage, ...], history: list[tuple[str, int]]
) -> None:
    """In order, at the right moments, by whichever process comes first, with one code for all of them."""
    with TemporaryDirectory() as folder:
        board = Switchboard(Path(folder), channels=frozenset(CHANNELS))
        world = board.world
        world.process()
        session = world.start(world.app(UNLIMITED), channels=flow)
        model = Model(flow)
        model.begin(0)
        world.pass_time(0)
        for turn, (what, number) in enumerate(history):
            if model.now + (number if what == "wait" else 0) >= LIFE - 1 or model.is_over:
                break
            play(board, session, model, what, number, turn)
            expected = [flow[step].channel for step, _ in model.sent]
            assert [item.channel for item in session.attempts] == expected
            assert session.stored.status is (Status.FAILED if model.is_over else Status.PENDING)
        messages = [item for item in board.first.taken.values() if isinstance(item, OutgoingMessage)]
        assert len({item.attempt_id for item in messages}) == len(messages)
        assert len({item.code for item in messages}) == 1
        world.close()
