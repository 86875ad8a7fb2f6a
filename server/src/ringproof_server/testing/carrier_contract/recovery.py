"""What carriers hold that can be asked for an attempt whose answer was lost."""

from __future__ import annotations

from datetime import timedelta

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import CarrierError, OutcomeUnknown
from ringproof_server.ports import Found
from ringproof_server.testing.carrier_contract.bench import (
    CarrierBench,
    all_channels,
    attempt_for,
    channels,
    place,
)
from ringproof_server.testing.carrier_contract.carrier import CarrierContract
from ringproof_server.testing.carrier_contract.checks import fails
from ringproof_server.testing.carrier_contract.far_side import ForgetfulSide

HOUR = timedelta(hours=1)


class RecoveryContract(CarrierContract):
    """After a lost answer, or a crash, the carrier says under which name it has the attempt.

    That is why nobody is called twice. Needs a `ForgetfulSide`.
    """

    def test_a_lost_answer_is_an_unknown_outcome_and_the_attempt_is_found(self, bench: CarrierBench) -> None:
        """The carrier has it exactly once, under a name of its own."""
        for count, channel in enumerate(_told_apart(bench), start=1):
            attempt_id = f"att_{channel}"
            _lose(bench, channel, attempt_id)
            assert bench.far_side.taken() == count, "the request was repeated"
            found = bench.carrier.find(attempt_for(bench, channel, attempt_id), bench.number)
            assert found is not None
            assert found.remote_id
            _end(bench, channel, found)

    def test_what_never_arrived_is_not_found(self, bench: CarrierBench) -> None:
        """The carrier has heard of nothing at all."""
        for channel in all_channels(bench):
            attempt = attempt_for(bench, channel)
            assert bench.carrier.find(attempt, bench.number) is None

    def test_an_attempt_of_another_hour_is_not_taken_for_it(self, bench: CarrierBench) -> None:
        """The same person may have been called or written to before, and may be later."""
        for channel in all_channels(bench):
            place(bench, channel, f"att_{channel}_other")
            for distance in (HOUR, -HOUR):
                attempt = attempt_for(bench, channel, f"att_{channel}", claimed_later=distance)
                assert bench.carrier.find(attempt, bench.number) is None

    def test_a_call_from_another_number_is_not_taken_for_it(self, bench: CarrierBench) -> None:
        """Nor does it hide the one whose answer was lost."""
        for channel in channels(bench, calls=True)[:1]:
            name = f"att_{channel}"
            other = place(bench, channel, f"{name}_other", caller_id=bench.other_caller_id)
            assert bench.carrier.find(attempt_for(bench, channel, name), bench.number) is None
            _lose(bench, channel, name)
            found = bench.carrier.find(attempt_for(bench, channel, name), bench.number)
            assert found is not None
            assert found.remote_id != other.remote_id

    def test_of_two_that_look_alike_none_is_guessed(self, bench: CarrierBench) -> None:
        """The carrier answers the right one of several candidates, or none."""
        for channel in all_channels(bench):
            other = place(bench, channel, f"att_{channel}_other")
            _lose(bench, channel, f"att_{channel}")
            found = bench.carrier.find(attempt_for(bench, channel, f"att_{channel}"), bench.number)
            assert found is None or found.remote_id != other.remote_id

    def test_a_carrier_that_is_away_does_not_say_that_it_knows_nothing(self, bench: CarrierBench) -> None:
        """An attempt whose fate cannot be asked now may be asked for again."""
        channel = all_channels(bench)[0]
        attempt = attempt_for(bench, channel)
        bench.far_side.break_down()
        fails(bench, CarrierError, lambda: bench.carrier.find(attempt, bench.number))


def _told_apart(bench: CarrierBench) -> list[Channel]:
    """The channels that a carrier's records tell apart: a call is a call, whatever is said in it."""
    return [*channels(bench, calls=True)[:1], *channels(bench, calls=False)]


def _lose(bench: CarrierBench, channel: Channel, attempt_id: str) -> None:
    far_side = bench.far_side
    assert isinstance(far_side, ForgetfulSide), "the far side is no ForgetfulSide"
    far_side.lose_answer()
    fails(bench, OutcomeUnknown, lambda: place(bench, channel, attempt_id))


def _end(bench: CarrierBench, channel: Channel, found: Found) -> None:
    if channel.is_call:
        bench.carrier.hang_up(found.remote_id)
