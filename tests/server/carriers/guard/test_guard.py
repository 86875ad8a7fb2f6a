"""The guard is transparent where all is well, and translates what is no word of the port."""

from __future__ import annotations

import json

import pytest

from ringproof_server.carriers.guard.guarded import LONGEST_WORDS, GuardedNumberOwner
from ringproof_server.carriers.guard.settings import GuardSettings
from ringproof_server.domain.errors import (
    CallbackRefused,
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    FraudSuspected,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
    ServiceUnavailable,
)
from ringproof_server.ports import Found, OwnsNumbers, Placed
from ringproof_server.testing.options import LogLines
from ringproof_server.testing.randomness import SeededRandom
from tests.server.carriers.guard.scripted import (
    CALL,
    CALLBACK,
    ENDING,
    OPERATIONS,
    PLACING,
    Guarded,
    NumberOwner,
    ScriptedCarrier,
    ScriptedPacer,
    ignore,
    say_nothing,
)
from tests.support import leaks
from tests.support.processes import CountingMetrics

SECRET = f"the token is 7d1c5b0a9e3f4c2d and the number {CALL.to}"
ANSWERS = (CarrierMisconfigured, NumberRefused, NumberUnreachable, FraudSuspected, CarrierError)


def test_what_the_carrier_answers_passes_unchanged() -> None:
    guarded = Guarded()
    assert guarded.ask("place_call") == Placed("call-1")
    assert guarded.ask("send_message") == Placed("message-2")
    assert guarded.ask("hang_up") is None
    assert guarded.ask("find") == Found(remote_id="remote")
    assert guarded.ask("ping") is None
    assert guarded.inner.asked == list(OPERATIONS)
    assert guarded.carrier.name == "scripted"
    assert guarded.carrier.capabilities == guarded.inner.capabilities
    assert not guarded.time.slept


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", ANSWERS)
def test_what_the_carrier_raises_passes_unchanged(operation: str, kind: type[CarrierError]) -> None:
    """The very same error, once, and nothing of it is repeated."""
    guarded, fault = Guarded(), kind("the carrier's own words")
    guarded.inner.will(operation, fault)
    assert guarded.fault_of(operation) is fault
    assert guarded.inner.asked == [operation]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", [ValueError(SECRET), KeyError(SECRET), OSError(SECRET), SystemExit(SECRET)])
def test_any_other_fault_becomes_a_word_of_the_port(operation: str, fault: BaseException) -> None:
    """Of a placement nobody knows what it has done, so it is not repeated; everything else may be. Its text,
    which may hold anything, is told to nobody."""
    guarded = Guarded()
    guarded.inner.will(operation, fault, fault)
    found = guarded.fault_of(operation)
    assert type(found) is (OutcomeUnknown if operation in PLACING else CarrierUnavailable)
    assert type(fault).__name__ in str(found)
    assert "7d1c" not in f"{found!r} {found.__cause__!r} {found.__context__!r} {guarded.log.lines}"
    assert guarded.inner.asked == [operation] * (1 if operation in PLACING else 2)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (CallbackRefused("forged"), CallbackRefused),
        (CarrierUnavailable("the call cannot be fetched"), CarrierUnavailable),
        (ServiceUnavailable(SECRET), CarrierUnavailable),
        (TimeoutError(SECRET), CarrierUnavailable),
        (json.JSONDecodeError(SECRET, SECRET, 0), CallbackRefused),
        (RecursionError(SECRET), CallbackRefused),
        (AttributeError(SECRET), CallbackRefused),
    ],
)
def test_a_callback_that_breaks_the_plug_in_is_refused_unless_it_may_succeed_later(
    fault: Exception, kind: type[CarrierError]
) -> None:
    """Anybody may send one; what an attacker's bytes bring about is told to nobody."""
    guarded = Guarded()
    guarded.inner.callback_fault = fault
    with pytest.raises(kind) as caught:
        guarded.carrier.parse_event(CALLBACK)
    assert type(caught.value) is kind
    assert "7d1c" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert "7d1c" not in str(guarded.log.lines)


def test_a_callback_passes_without_the_guards_machinery() -> None:
    guarded = Guarded()
    assert guarded.carrier.parse_event(CALLBACK) is None
    assert not guarded.lines
    assert not guarded.metrics.counts


def test_a_carrier_that_owns_numbers_still_does_and_another_does_not() -> None:
    owner = NumberOwner()
    guarded = GuardedNumberOwner(
        owner,
        GuardSettings(),
        account="scripted",
        pacer=ScriptedPacer(),
        metrics=CountingMetrics(),
        random=SeededRandom("guard"),
        log=LogLines(),
    )
    assert isinstance(guarded, OwnsNumbers)
    assert guarded.inner is owner
    assert list(guarded.owned_numbers()) == ["+442079460000"]
    for fault in (ValueError(SECRET), CarrierMisconfigured("wrong token")):
        owner.callback_fault = fault
        with pytest.raises(CarrierError) as caught:
            list(guarded.owned_numbers())
        assert "7d1c" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert not isinstance(Guarded().carrier, OwnsNumbers)


def test_starting_and_stopping_reach_the_carrier_and_may_be_repeated() -> None:
    guarded = Guarded()
    guarded.carrier.stop()
    guarded.carrier.start(ignore, say_nothing)
    guarded.ask("place_call")
    guarded.carrier.stop()
    guarded.carrier.start(ignore, say_nothing)
    guarded.ask("place_call")
    guarded.carrier.stop()
    assert guarded.inner.started == ["stop", "start", "stop", "start", "stop"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_request_is_one_line_and_one_count(operation: str) -> None:
    """Also one that is repeated, fails or is not even begun; neither tells a number or an identifier."""
    guarded = Guarded()
    leaks.secrets([CALL.to, CALL.caller_id], "number")
    guarded.ask(operation)
    guarded.inner.will(operation, NumberRefused(SECRET))
    guarded.fault_of(operation)
    guarded.inner.will(operation, CarrierUnavailable("away"))
    guarded.ask(operation)
    assert [line["outcome"] for line in guarded.lines] == ["ok", "NumberRefused", "ok"]
    assert [line["attempts"] for line in guarded.lines] == [1, 1, 2]
    assert {line["operation"] for line in guarded.lines} == {operation}
    assert set(guarded.lines[0]) == {
        "carrier",
        "operation",
        "outcome",
        "stage",
        "ms",
        "waited_ms",
        "attempts",
    }
    assert guarded.metrics.counts["carrier_request", "scripted", operation, "ok"] == 2
    assert guarded.metrics.counts["carrier_request", "scripted", operation, "NumberRefused"] == 1
    leaks.watch_log(str(guarded.log.lines), "the guard's log")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Twilio answered with error 21210 (HTTP 400)", "Twilio answered with error 21210 (HTTP 400)"),
        ("+447400123456 is not allowed", "… is not allowed"),
        ("from (0044) 7400-123.456", "from …"),
        ("x" * 5_000, "x" * LONGEST_WORDS),
    ],
)
def test_what_is_set_up_wrongly_is_said_in_the_line(said: str, written: str) -> None:
    """Only the operator can mend it; what looks like a number is left out all the same."""
    guarded = Guarded()
    guarded.inner.will("place_call", CarrierMisconfigured(said))
    guarded.fault_of("place_call")
    (line,) = guarded.lines
    assert line["why"] == written


def test_a_plug_ins_own_error_counts_as_the_one_it_stands_for() -> None:
    """Labels of metrics are a closed list, whatever classes plug-ins make."""

    class AccountSuspended(CarrierMisconfigured):
        pass

    guarded = Guarded()
    guarded.inner.will("place_call", AccountSuspended("suspended"))
    guarded.fault_of("place_call")
    assert guarded.metrics.counts["carrier_request", "scripted", "place_call", "CarrierMisconfigured"] == 1


@pytest.mark.parametrize("operation", [*PLACING, *ENDING])
def test_what_was_not_carried_out_is_repeated_once(operation: str) -> None:
    """After a short pause; a carrier that is away twice is away."""
    guarded, last = Guarded(), CarrierUnavailable("away again")
    guarded.inner.will(operation, CarrierUnavailable("away"), last)
    assert guarded.fault_of(operation) is last
    assert guarded.inner.asked == [operation] * 2
    (pause,) = guarded.time.slept
    assert 0.05 <= pause <= 0.25


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", [OutcomeUnknown("lost"), CarrierThrottled("slower", 0.0)])
def test_what_may_have_been_carried_out_is_never_repeated(operation: str, fault: CarrierError) -> None:
    guarded = Guarded()
    guarded.inner.will(operation, fault)
    assert guarded.fault_of(operation) is fault
    assert guarded.inner.asked == [operation]


def test_nothing_is_repeated_for_which_too_little_time_is_left() -> None:
    """Two tries together never take longer than one may."""
    guarded = Guarded()

    def slow() -> None:
        guarded.time.now += 6.0
        raise CarrierUnavailable("no connection")

    guarded.inner.will("place_call", slow)
    guarded.fault_of("place_call")
    assert guarded.inner.asked == ["place_call"]
    assert not guarded.time.slept


def test_the_guard_can_be_shown() -> None:
    assert repr(Guarded(ScriptedCarrier(name="other")).carrier) == "<guarded carrier other>"
