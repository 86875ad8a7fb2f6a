"""What carriers hold that send messages."""

from __future__ import annotations

from ringproof_server.testing.carrier_contract.bench import CarrierBench, channels, place
from ringproof_server.testing.carrier_contract.carrier import CarrierContract, Feature


class MessageContract(CarrierContract):
    """Messages of every channel are sent once and have names of their own."""

    covers = Feature.MESSAGES

    def test_every_sent_message_has_a_name_of_its_own(self, bench: CarrierBench) -> None:
        """Sending answers a remote id, a different one for each message, and sends one each time."""
        sent = [
            place(bench, channel, f"att_{channel}_{count}").remote_id
            for channel in channels(bench, calls=False)
            for count in range(2)
        ]
        assert all(sent)
        assert len(set(sent)) == len(sent) == bench.far_side.taken()
