"""What Vonage's refusals mean to us: one table, sorted by the reaction that they need.

HTTP statuses and problem types: https://developer.vonage.com/en/api-errors. The numbers of the Messages API,
which come in answers and in status callbacks: https://developer.vonage.com/en/api-errors/messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringproof_server.domain.channel import Reason
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

_CODE: Final = re.compile(r"(?:.*[#/])?([0-9]{4})", re.DOTALL)


class NothingThere(CarrierMisconfigured):
    """There is no such call; or, for a request that makes one, no such address."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How to react to a number of the Messages API; `why` is what the operator reads."""

    error: type[CarrierError]
    why: str

    @property
    def reason(self) -> Reason:
        """How an attempt ends for which this comes after it had been taken."""
        return _REASONS[self.error]


_REASONS: Final = {
    CarrierUnavailable: Reason.CARRIER_ERROR,
    CarrierThrottled: Reason.CARRIER_ERROR,
    CarrierMisconfigured: Reason.CONFIG_ERROR,
    NumberRefused: Reason.INVALID_NUMBER,
    NumberUnreachable: Reason.UNREACHABLE,
    FraudSuspected: Reason.FRAUD_BLOCKED,
    OutcomeUnknown: Reason.UNKNOWN,
}

_UNAVAILABLE = CarrierUnavailable
_THROTTLED = CarrierThrottled
_WRONG = CarrierMisconfigured
_REFUSED = NumberRefused
_UNREACHABLE = NumberUnreachable

MEANINGS: Final[Mapping[int, Meaning]] = {
    # Vonage, or the provider behind it, cannot do it now: somebody else may.
    1030: Meaning(_UNAVAILABLE, "a fault inside the platform"),
    1100: Meaning(_UNAVAILABLE, "the platform could not hand the message on"),
    1000: Meaning(_THROTTLED, "the account sends faster than it may"),
    1241: Meaning(_THROTTLED, "too many messages to phone numbers"),
    1460: Meaning(_THROTTLED, "the day's limit of messages is reached"),
    # The account or the settings are wrong: every other message would meet the same.
    1010: Meaning(_WRONG, "the request lacks a field"),
    1020: Meaning(_WRONG, "a field of the request is not valid"),
    1021: Meaning(_WRONG, "the message's tag is not valid"),
    1022: Meaning(_WRONG, "the WhatsApp template or its parameters are not those that were approved"),
    1060: Meaning(_WRONG, "the account is barred"),
    1070: Meaning(_WRONG, "the account has not enough credit"),
    1080: Meaning(_WRONG, "the account may not use this API"),
    1090: Meaning(_WRONG, "the message is too long"),
    1110: Meaning(_WRONG, "the request's signature is wrong"),
    1120: Meaning(_WRONG, "the sender is not accepted in this country"),
    1130: Meaning(_WRONG, "the message's lifetime is not valid"),
    1140: Meaning(_WRONG, "the account lacks a facility that the request uses"),
    1150: Meaning(_WRONG, "the message's class is not valid"),
    1160: Meaning(_WRONG, "the account is on trial and may write to listed numbers only"),
    # A filter against spam looks at sender and words, so another carrier's sender may pass it.
    1210: Meaning(_WRONG, "a network's spam filter rejects the sender or the text"),
    # Without a template WhatsApp and Messenger deliver only to people who have written lately.
    1340: Meaning(_WRONG, "the person has not written lately, so that a template is needed"),
    1350: Meaning(_WRONG, "the page has not paid for matching phone numbers"),
    1370: Meaning(_WRONG, "the page's access has expired"),
    1400: Meaning(_WRONG, "the account does not have this channel"),
    1420: Meaning(_WRONG, "the sender is not one of the account's"),
    # This number is not, or does not want to be, served on this channel.
    1040: Meaning(_REFUSED, "the number's prefix is not known"),
    1050: Meaning(_REFUSED, "the number is barred"),
    1170: Meaning(_REFUSED, "the number is not valid"),
    1190: Meaning(_REFUSED, "the number is not in use any more"),
    1240: Meaning(_REFUSED, "the owner of the number has opted out"),
    1430: Meaning(_REFUSED, "the recipient is not valid"),
    # It exists, but not on this channel or not now: another channel may reach it.
    1180: Meaning(_UNREACHABLE, "the phone is off or out of coverage"),
    1200: Meaning(_UNREACHABLE, "the number was moved to another network that cannot be reached"),
    1220: Meaning(_UNREACHABLE, "the phone could not take the message now"),
    1230: Meaning(_UNREACHABLE, "the network failed"),
    1250: Meaning(_UNREACHABLE, "there is no route to the number"),
    1260: Meaning(_UNREACHABLE, "the number cannot be reached on this channel"),
    1270: Meaning(_UNREACHABLE, "the network blocks the text because of the subscriber's age"),
    1280: Meaning(_UNREACHABLE, "the network blocks messages to the number"),
    1290: Meaning(_UNREACHABLE, "the subscriber has no credit to receive messages"),
    1300: Meaning(_UNREACHABLE, "the number does not use this service"),
    1310: Meaning(_UNREACHABLE, "the phone cannot show such messages"),
    1330: Meaning(_UNREACHABLE, "an unknown fault of the network, or an unknown number"),
    1360: Meaning(_UNREACHABLE, "the message was not delivered within its lifetime"),
    # Somebody else's rule would be circumvented by trying another carrier.
    1470: Meaning(FraudSuspected, "the rules against fraud block this traffic"),
    1320: Meaning(OutcomeUnknown, "the message had been sent before"),
}


def meaning_of(problem: Mapping[str, object]) -> Meaning | None:
    """The meaning of an error object; its number is the end of `type`, or `title`, or `code`."""
    for name in ("type", "title", "code"):
        value = problem.get(name)
        found = _CODE.fullmatch(str(value)[:300]) if isinstance(value, str | int) else None
        if found is not None and int(found[1]) in MEANINGS:
            return MEANINGS[int(found[1])]
    return None


def fault_of(
    status: int, problem: Mapping[str, object], *, reads: bool, retry_after: float | None
) -> CarrierError:
    """The error that a refused request becomes. Of Vonage's own words none is repeated: they hold numbers.

    `reads` says that the request changed nothing, whatever became of it.
    """
    shown = f"Vonage answered {status}"
    if status == 429:
        return CarrierThrottled(f"{shown}: too many requests", retry_after)
    if status >= 500 or status < 400:
        # 503 comes from a door that lets nobody in; after the others the request may have been carried out.
        if reads or status == 503:
            return CarrierUnavailable(f"{shown}: it cannot take requests now")
        return OutcomeUnknown(f"{shown}: the request may have been carried out")
    meaning = meaning_of(problem)
    if status in _ACCOUNT:
        # A number says more than its status, except that nobody may take a wrong password for a bad number.
        why = meaning.why if meaning is not None else _ACCOUNT[status]
        error = FraudSuspected if meaning is not None and meaning.error is FraudSuspected else _WRONG
        return error(f"{shown}: {why}")
    if meaning is not None and meaning.error is not _WRONG:
        return meaning.error(f"{shown}: {meaning.why}")
    return _by_field(shown, status, problem, meaning)


_ACCOUNT: Final = {
    401: "the application or its private key is wrong",
    402: "the account has not enough credit",
    403: "the account may not do that",
}


def _by_field(
    shown: str, status: int, problem: Mapping[str, object], meaning: Meaning | None
) -> CarrierError:
    """A request that is not valid: of what it holds only the number can be the person's fault."""
    if status == 404:
        return NothingThere(f"{shown}: there is nothing at this address")
    names = _invalid_fields(problem)
    if any(name.split(".")[0].split("[")[0] == "to" for name in names):
        return NumberRefused(f"{shown}: the number is not accepted")
    if meaning is not None:
        return CarrierMisconfigured(f"{shown}: {meaning.why}")
    if any(name.startswith("from") for name in names):
        return CarrierMisconfigured(f"{shown}: the sender is not accepted")
    return CarrierMisconfigured(f"{shown}: the request is not accepted")


def _invalid_fields(problem: Mapping[str, object]) -> list[str]:
    """The names in `invalid_parameters`: a list of objects, or in older answers one object by name."""
    listed = problem.get("invalid_parameters")
    if isinstance(listed, dict):
        return [str(name) for name in listed]
    if isinstance(listed, list):
        return [str(one.get("name") or one.get("parameter")) for one in listed if isinstance(one, dict)]
    return []
