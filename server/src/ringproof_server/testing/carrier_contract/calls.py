"""What carriers hold that place calls."""

from __future__ import annotations

from ringproof_server.domain.errors import CarrierError
from ringproof_server.testing.carrier_contract.bench import CarrierBench, channels, place
from ringproof_server.testing.carrier_contract.carrier import CarrierContract, Feature
from ringproof_server.testing.carrier_contract.checks import fails
from ringproof_server.testing.carrier_contract.far_side import CallingSide


class CallContract(CarrierContract):
    """Calls of every channel are placed once, have names of their own, and end when they are hung up.

    Needs a `CallingSide`.
    """

    covers = Feature.CALLS

    def test_every_placed_call_has_a_name_of_its_own(self, bench: CarrierBench) -> None:
        """Placing answers a remote id, a different one for each call, and places one call each time."""
        placed = [
            place(bench, channel, f"att_{channel}_{count}").remote_id
            for channel in channels(bench, calls=True)
            for count in range(2)
        ]
        assert all(placed)
        assert len(set(placed)) == len(placed) == bench.far_side.taken()

    def test_hanging_up_ends_the_call(self, bench: CarrierBench) -> None:
        """The phone stops ringing; another call goes on. Without that ability nothing happens at all."""
        far_side = bench.far_side
        assert isinstance(far_side, CallingSide), "the far side is no CallingSide"
        for channel in channels(bench, calls=True):
            place(bench, channel, f"att_{channel}_other", caller_id=bench.other_caller_id)
            remote_id = place(bench, channel, f"att_{channel}").remote_id
            before = far_side.up()
            bench.carrier.hang_up(remote_id)
            assert far_side.up() == before - bench.carrier.capabilities.hangs_up

    def test_hanging_up_can_be_repeated(self, bench: CarrierBench) -> None:
        """A second hang-up of the same call is no error."""
        remote_id = place(bench, channels(bench, calls=True)[0]).remote_id
        bench.carrier.hang_up(remote_id)
        bench.carrier.hang_up(remote_id)

    def test_hanging_up_an_unknown_call_is_harmless(self, bench: CarrierBench) -> None:
        """A call that the carrier has forgotten, or never had, is over."""
        bench.carrier.hang_up("call-that-nobody-placed")

    def test_hanging_up_through_a_carrier_that_is_away_raises_a_carrier_error(
        self, bench: CarrierBench
    ) -> None:
        """A hang-up that did not reach the carrier is known as such, so that it is tried again."""
        remote_id = place(bench, channels(bench, calls=True)[0]).remote_id
        bench.far_side.break_down()
        if bench.carrier.capabilities.hangs_up:
            fails(bench, CarrierError, lambda: bench.carrier.hang_up(remote_id))
        else:
            bench.carrier.hang_up(remote_id)
