"""What carriers hold that can list the numbers of their account."""

from __future__ import annotations

from ringproof_server.domain.errors import CarrierError
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import OwnsNumbers
from ringproof_server.testing.carrier_contract.bench import CarrierBench
from ringproof_server.testing.carrier_contract.carrier import CarrierContract, Feature
from ringproof_server.testing.carrier_contract.checks import fails


class NumbersContract(CarrierContract):
    """The account's numbers, as a pool of caller IDs wants them; the far side owns both of the bench's."""

    covers = Feature.NUMBERS

    def test_the_numbers_are_e164_and_hold_those_that_may_call(self, bench: CarrierBench) -> None:
        """Each once, and each can stand in a pool as it is."""
        numbers = list(_owner(bench).owned_numbers())
        assert {bench.caller_id, bench.other_caller_id} <= set(numbers)
        assert len(set(numbers)) == len(numbers)
        assert [PhoneNumber.parse(number).e164 for number in numbers] == numbers

    def test_numbers_that_cannot_be_read_are_not_an_empty_list(self, bench: CarrierBench) -> None:
        """A carrier that is away says so."""
        carrier = _owner(bench)
        bench.far_side.break_down()
        fails(bench, CarrierError, lambda: list(carrier.owned_numbers()))


def _owner(bench: CarrierBench) -> OwnsNumbers:
    carrier = bench.carrier
    assert isinstance(carrier, OwnsNumbers), "this carrier lists no numbers"
    return carrier
