"""Sending to the devices that a number has enrolled for push, which the carrier does not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ringproof_server.domain.device import Device
from ringproof_server.domain.errors import CarrierError, OutcomeUnknown, RecipientGone
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Carrier, OutgoingMessage, Placed, Seals
from ringproof_server.service.device_secrets import open_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What came of it: `placed` if any device was sent to, `gone` are those whose subscription has ended.

    `fault` is what the last of the others failed with, if any did.
    """

    placed: Placed | None = None
    gone: tuple[str, ...] = ()
    fault: CarrierError | None = None


def push_to(
    carrier: Carrier, message: OutgoingMessage, seals: Seals, number: PhoneNumber, devices: Sequence[Device]
) -> Pushed:
    """Send the message to each of the devices, one after another; all carry the same code."""
    placed, fault, gone = None, None, []
    for device in devices:
        subscription = open_secret(seals, device, number)
        if subscription is None:
            continue
        try:
            sent = carrier.send_message(replace(message, recipient=subscription))
        except RecipientGone:
            gone.append(device.id)
        except CarrierError as error:
            fault = error
        except Exception as error:  # noqa: BLE001  (one device must not keep the others waiting)
            fault = OutcomeUnknown(f"the carrier's plug-in failed with {type(error).__name__}")
        else:
            placed = placed or sent
    return Pushed(placed=placed, gone=tuple(gone), fault=fault)
