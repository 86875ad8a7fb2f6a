"""The breaker at work: what opens it, what it holds back, how it closes again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ringproof_server.carriers.guard.reactions import REACTIONS
from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)
from tests.server.carriers.guard.scripted import (
    ENDING,
    OPERATIONS,
    PATIENCE,
    PLACING,
    Guarded,
    Hanging,
    ignore,
    say_nothing,
)

PAUSE = 60.0 * 1.25
"""Longer than any pause of the breaker."""
THREADS = 16


def broken(operation: str = "place_call", kind: type[CarrierError] = OutcomeUnknown) -> Guarded:
    """A guard whose breaker on this side has just opened."""
    guarded = Guarded()
    guarded.inner.will(operation, *[kind("lost")] * 5)
    for _ in range(5):
        guarded.fault_of(operation)
    guarded.inner.asked.clear()
    return guarded


def states(guarded: Guarded) -> list[str]:
    """The states that the metrics were told, in order."""
    return [str(key[2]) for key in guarded.metrics.counts if key[0] == "breaker"]


def test_every_error_has_its_reaction() -> None:
    """Whoever adds one to the port decides what it means here."""
    assert set(REACTIONS) == {CarrierError, *CarrierError.__subclasses__()}


@pytest.mark.parametrize("kind", [CarrierUnavailable, OutcomeUnknown])
def test_a_carrier_that_does_not_answer_is_left_alone(kind: type[CarrierError]) -> None:
    """Nothing is placed with it, at once and without asking."""
    guarded = Guarded()
    guarded.inner.will("place_call", *[kind("away")] * 10)
    while len(guarded.lines) < 5:
        guarded.fault_of("place_call")
    guarded.inner.asked.clear()
    for operation in PLACING:
        assert type(guarded.fault_of(operation)) is CarrierUnavailable
        assert guarded.lines[-1]["stage"] == "breaker"
    assert not guarded.inner.asked
    assert guarded.metrics.counts["breaker", "scripted", "open"] == 1


@pytest.mark.parametrize(
    "fault",
    [
        CarrierMisconfigured("this account may not use that caller ID"),
        CarrierThrottled("slower", 0.0),
        NumberRefused("blocked"),
        NumberUnreachable("no such user"),
        FraudSuspected("pumping"),
        CarrierError("no"),
    ],
)
def test_a_carrier_that_says_no_is_not_broken(fault: CarrierError) -> None:
    """Else one application with a wrong caller ID would take the carrier from all the others."""
    guarded = Guarded()
    guarded.inner.will("place_call", *[fault] * 100)
    for _ in range(100):
        assert guarded.fault_of("place_call") is fault
    assert guarded.ask("place_call")
    assert not states(guarded)


def test_calls_are_hung_up_and_looked_for_also_while_nothing_is_placed() -> None:
    """A phone that rings must not go on ringing because new calls fail."""
    guarded = broken()
    guarded.ask("hang_up")
    guarded.ask("find")
    assert guarded.inner.asked == ["hang_up", "find"]


def test_a_ping_says_that_nothing_can_be_placed() -> None:
    guarded = broken()
    assert isinstance(guarded.fault_of("ping"), CarrierUnavailable)
    assert not guarded.inner.asked
    guarded.time.now += PAUSE
    guarded.ask("ping")
    assert guarded.inner.asked == ["ping"]


@pytest.mark.parametrize("operation", ENDING)
def test_hang_ups_that_hang_neither_stop_the_placing_nor_go_on_for_ever(operation: str) -> None:
    """They have a breaker of their own, which is nobody's business but theirs."""
    guarded = broken(operation)
    assert isinstance(guarded.fault_of(operation), CarrierUnavailable)
    assert not guarded.inner.asked
    for placing in PLACING:
        guarded.ask(placing)
    assert not states(guarded)
    guarded.time.now += PAUSE
    guarded.ask(operation)


def test_after_the_pause_one_success_closes_it() -> None:
    guarded = broken()
    guarded.time.now += PAUSE
    guarded.ask("place_call")
    for operation in OPERATIONS:
        guarded.ask(operation)
    assert states(guarded) == ["open", "half_open", "closed"]


def test_after_the_pause_one_failure_opens_it_again_and_is_not_repeated() -> None:
    """The probe is one request, not two."""
    guarded = broken()
    guarded.time.now += PAUSE
    guarded.inner.will("place_call", CarrierUnavailable("away"))
    guarded.fault_of("place_call")
    assert guarded.inner.asked == ["place_call"]
    guarded.fault_of("place_call")
    assert guarded.inner.asked == ["place_call"]
    assert guarded.metrics.counts["breaker", "scripted", "open"] == 2


def test_a_refusal_is_a_sign_of_life() -> None:
    """Whatever number the first request after the pause happens to be for."""
    guarded = broken()
    guarded.time.now += PAUSE
    guarded.inner.will("place_call", NumberRefused("landline"))
    guarded.fault_of("place_call")
    assert states(guarded)[-1] == "closed"


def test_of_many_threads_one_tries_whether_the_carrier_is_back() -> None:
    """Sixteen lanes ask in one moment; while the probe hangs all others are sent away at once."""
    guarded = broken()
    guarded.time.now += PAUSE
    start = threading.Barrier(THREADS)

    def ask(_: int) -> str:
        start.wait(PATIENCE)
        try:
            guarded.ask("place_call")
        except CarrierUnavailable:
            return "sent away"
        return "placed"

    with Hanging() as hanging, ThreadPoolExecutor(THREADS) as pool:
        guarded.inner.will("place_call", hanging)
        answers = [pool.submit(ask, number) for number in range(THREADS)]
        assert hanging.begun.acquire(timeout=PATIENCE)
        while sum(answer.done() for answer in answers) < THREADS - 1:
            assert not hanging.begun.acquire(timeout=0.01)
        hanging.let_go.set()
        assert sorted(answer.result(PATIENCE) for answer in answers) == ["placed"] + ["sent away"] * 15
    assert guarded.inner.asked == ["place_call"]
    assert states(guarded)[-1] == "closed"


def test_a_probe_that_gets_no_turn_leaves_room_for_the_next() -> None:
    """Else a breaker would stay half open for good."""
    guarded = Guarded(calls_per_second=1.0)
    guarded.inner.will("place_call", *[OutcomeUnknown("lost")] * 5)
    for _ in range(5):
        guarded.fault_of("place_call")
    guarded.time.now += PAUSE
    guarded.pacer.waits = [10.0]
    assert isinstance(guarded.fault_of("place_call"), CarrierThrottled)
    assert states(guarded) == ["open", "half_open"]
    assert guarded.metrics.counts["breaker", "scripted", "open"] == 2
    guarded.ask("place_call")
    assert states(guarded)[-1] == "closed"


def test_what_never_got_to_the_carrier_says_nothing_about_it() -> None:
    """Neither that it is broken nor that it works: a refusal of the pace between failures changes nothing."""
    guarded = Guarded(calls_per_second=1.0)
    guarded.inner.will("place_call", *[OutcomeUnknown("lost")] * 5)
    for _ in range(5):
        guarded.pacer.waits = [10.0, 0.0]
        assert isinstance(guarded.fault_of("place_call"), CarrierThrottled)
        assert isinstance(guarded.fault_of("place_call"), OutcomeUnknown)
    assert states(guarded) == ["open"]


def test_nothing_is_repeated_once_the_breaker_has_opened() -> None:
    """In the pause before a repetition others may find out that the carrier is away."""
    guarded, away = Guarded(), CarrierUnavailable("away")

    def others_fail() -> None:
        guarded.time.meanwhile = int
        for _ in range(5):
            guarded.fault_of("send_message")

    guarded.inner.will("send_message", *[OutcomeUnknown("lost")] * 5)
    guarded.inner.will("place_call", away)
    guarded.time.meanwhile = others_fail
    assert guarded.fault_of("place_call") is away
    assert guarded.inner.asked.count("place_call") == 1


def test_every_change_is_in_the_log_and_a_start_tells_the_state() -> None:
    guarded = broken()
    guarded.time.now += PAUSE
    guarded.ask("place_call")
    changes = [fields for event, fields in guarded.log.lines if event == "carrier_breaker"]
    assert [change["state"] for change in changes] == ["open", "half_open", "closed"]
    assert {change["carrier"] for change in changes} == {"scripted"}
    fresh = Guarded()
    fresh.carrier.start(ignore, say_nothing)
    assert states(fresh) == ["closed"]
