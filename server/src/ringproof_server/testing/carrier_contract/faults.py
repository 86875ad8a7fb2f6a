"""Which error a fault of the far side becomes: one suite for each, and `HttpContract` for all of them.

The class of an error decides what happens next, so it has to be right for every channel. None of these
suites asks for patience: the carrier on the bench has short timeouts.
"""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    NumberRefused,
    OutcomeUnknown,
)
from ringproof_server.testing.carrier_contract.bench import CarrierBench, all_channels, place
from ringproof_server.testing.carrier_contract.carrier import CarrierContract
from ringproof_server.testing.carrier_contract.checks import fails
from ringproof_server.testing.carrier_contract.far_side import (
    BusySide,
    GarblingSide,
    HangingSide,
    JudgingSide,
    SuspiciousSide,
)

E = TypeVar("E", bound=CarrierError)


class HangContract(CarrierContract):
    """For carriers that can be kept waiting. Needs a `HangingSide`."""

    def test_an_answer_that_does_not_come_in_time_is_an_unknown_outcome(self, bench: CarrierBench) -> None:
        """The far side may have taken the attempt: it is asked about, and was asked for once at most."""
        far_side = bench.far_side
        assert isinstance(far_side, HangingSide), "the far side is no HangingSide"
        far_side.hang()
        errors = _on_every_channel(bench, OutcomeUnknown)
        assert bench.far_side.taken() <= len(errors)


class GarbageContract(CarrierContract):
    """For carriers whose far side answers in a format. Needs a `GarblingSide`."""

    def test_an_answer_that_makes_no_sense_is_an_unknown_outcome(self, bench: CarrierBench) -> None:
        """It says that it took the attempt, but not under which name; nothing is repeated."""
        far_side = bench.far_side
        assert isinstance(far_side, GarblingSide), "the far side is no GarblingSide"
        far_side.answer_garbage()
        errors = _on_every_channel(bench, OutcomeUnknown)
        assert bench.far_side.taken() == len(errors)


class ThrottlingContract(CarrierContract):
    """For carriers whose far side can have enough. Needs a `BusySide`."""

    def test_too_many_requests_are_throttled_with_the_wait_asked_for(self, bench: CarrierBench) -> None:
        """In seconds, as the far side said it; nothing was taken."""
        far_side = bench.far_side
        assert isinstance(far_side, BusySide), "the far side is no BusySide"
        wait = far_side.throttle()
        for error in _on_every_channel(bench, CarrierThrottled):
            assert error.retry_after == wait
        assert bench.far_side.taken() == 0


class CredentialsContract(CarrierContract):
    """For carriers that prove who they are. Needs a `SuspiciousSide`."""

    def test_refused_credentials_are_a_fault_of_the_configuration(self, bench: CarrierBench) -> None:
        """The operator is told, by a ping already, and without the credentials."""
        far_side = bench.far_side
        assert isinstance(far_side, SuspiciousSide), "the far side is no SuspiciousSide"
        far_side.refuse_credentials()
        _on_every_channel(bench, CarrierMisconfigured)
        fails(bench, CarrierMisconfigured, bench.carrier.ping)
        assert bench.far_side.taken() == 0


class NumberContract(CarrierContract):
    """For carriers whose far side knows numbers that it does not serve. Needs a `JudgingSide`."""

    def test_a_number_that_the_far_side_refuses_is_refused(self, bench: CarrierBench) -> None:
        """No other carrier is asked; the verification goes on to its next step."""
        far_side = bench.far_side
        assert isinstance(far_side, JudgingSide), "the far side is no JudgingSide"
        far_side.refuse_number()
        _on_every_channel(bench, NumberRefused)
        assert bench.far_side.taken() == 0


class HttpContract(HangContract, GarbageContract, ThrottlingContract, CredentialsContract, NumberContract):
    """All of them: what a carrier holds that is asked over HTTP."""


def _on_every_channel(bench: CarrierBench, error: type[E]) -> list[E]:
    return [
        fails(bench, error, partial(place, bench, channel, f"att_{channel}"))
        for channel in all_channels(bench)
    ]
