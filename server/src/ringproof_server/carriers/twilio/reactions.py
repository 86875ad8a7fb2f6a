"""Twilio's error codes, by what we do about them (https://www.twilio.com/docs/api/errors).

Twilio adds codes without notice and splits old ones, so what is not listed is judged by the HTTP status.
"""

from __future__ import annotations

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

REFUSALS: Final[dict[int, type[CarrierError]]] = {
    # The account.
    10001: CarrierMisconfigured,  # The account is not active: closed, or not paid for.
    10002: CarrierMisconfigured,  # A trial account may not do this.
    10004: CarrierThrottled,  # As many calls are up as the account may have at once.
    20003: CarrierMisconfigured,  # Account SID and auth token do not belong together.
    20008: CarrierMisconfigured,  # Test credentials, which reach no phone.
    20403: CarrierMisconfigured,  # This account may not use this part of the API.
    20404: CarrierMisconfigured,  # The account, or the part of the API, does not exist at this address.
    20429: CarrierThrottled,  # Too many requests at once; none of them was processed.
    14107: CarrierThrottled,  # More messages than the sender may send in this time.
    # The number to be called.
    21201: NumberRefused,  # No number was given, as Twilio reads it.
    21202: NumberRefused,  # An emergency, information or premium service.
    21205: CarrierMisconfigured,  # The address of our voice document cannot be used: see PUBLIC_URL.
    21211: NumberRefused,  # Not a number that exists in its country.
    21214: NumberUnreachable,  # None of Twilio's routes reaches the number.
    21216: NumberRefused,  # On Twilio's block list: risky, forbidden, or +1 without business profile.
    21217: NumberRefused,  # Does not look like a phone number.
    21219: CarrierMisconfigured,  # A trial account calls only numbers that its owner has verified.
    13223: NumberRefused,  # Written in a form that Twilio does not dial.
    13224: NumberRefused,  # Not supported, or not existing.
    13225: NumberRefused,  # Restricted: an emergency or premium service.
    # The countries that the account's owner has opened: the operator can open more.
    13227: CarrierMisconfigured,  # Calls to this country or kind of number are not opened.
    21203: CarrierMisconfigured,  # Calls abroad are not opened at all.
    21215: CarrierMisconfigured,  # Calls to this country are not opened.
    21408: CarrierMisconfigured,  # Messages to this country are not opened.
    32203: NumberRefused,  # Blocked for every account.
    32205: CarrierMisconfigured,  # Calls to this country are not opened, said of a trunk.
    # The caller ID.
    21206: CarrierMisconfigured,  # The SIP address to call from is not one.
    21210: CarrierMisconfigured,  # The caller ID is neither owned nor verified by the account.
    21212: CarrierMisconfigured,  # The caller ID is not a number.
    21213: CarrierMisconfigured,  # No caller ID was given, as Twilio reads it.
    13214: CarrierMisconfigured,  # The caller ID may not be used on this route.
    # What we ask to be told, and how.
    21609: CarrierMisconfigured,  # Twilio cannot call back at our address: see PUBLIC_URL.
    # Messages: the sender.
    21601: CarrierMisconfigured,  # The sender does not belong to the account.
    21603: CarrierMisconfigured,  # No sender was given.
    21606: CarrierMisconfigured,  # The sender cannot send to this country, or at all.
    21608: CarrierMisconfigured,  # A trial account writes only to numbers that its owner has verified.
    21611: CarrierThrottled,  # The sender's queue is full.
    21612: NumberUnreachable,  # No route from this sender to this number.
    21617: CarrierMisconfigured,  # The text is too long.
    21619: CarrierMisconfigured,  # The text is empty, or the template does not exist.
    21655: CarrierMisconfigured,  # The template's SID is not one.
    21656: CarrierMisconfigured,  # The template does not have the variable of the code.
    21659: CarrierMisconfigured,  # The sender is not one of Twilio's numbers.
    21660: CarrierMisconfigured,  # The sender belongs to another account.
    21661: CarrierMisconfigured,  # The sender has no SMS.
    21701: CarrierMisconfigured,  # The messaging service does not exist.
    21703: CarrierMisconfigured,  # The messaging service has no numbers.
    # Messages: the person.
    21266: NumberRefused,  # The sender itself.
    21604: NumberRefused,  # No number was given, as Twilio reads it.
    21610: NumberRefused,  # This person has told this sender to stop. It holds for messages only.
    21614: NumberRefused,  # Not a mobile number.
    21635: NumberRefused,  # A landline, where Twilio sends nothing to landlines.
    # WhatsApp.
    63003: NumberRefused,  # The number has no WhatsApp.
    63007: CarrierMisconfigured,  # The sender is not registered with WhatsApp.
    63016: CarrierMisconfigured,  # Plain text to someone who has not written first: a template is needed.
    63018: CarrierThrottled,  # More messages than WhatsApp allows this sender.
    # Fraud. Another carrier would only carry it too.
    30450: FraudSuspected,  # Held back as SMS pumping.
    60410: FraudSuspected,  # The range of numbers is blocked for some hours because of pumping.
}
"""What a refused request means; the message was not sent, the call not placed."""

FAILURES: Final[dict[int, Reason]] = {
    30001: Reason.CARRIER_ERROR,  # Waited too long in a full queue.
    30002: Reason.CONFIG_ERROR,  # The account was suspended meanwhile.
    30003: Reason.UNREACHABLE,  # Switched off, or out of reach.
    30004: Reason.REJECTED,  # The person or their network blocks such messages.
    30005: Reason.INVALID_NUMBER,  # The number is not in use.
    30006: Reason.UNREACHABLE,  # A landline, or a network that Twilio does not reach.
    30007: Reason.REJECTED,  # Filtered as unwanted, by Twilio or by the network.
    30008: Reason.UNKNOWN,  # The network gave no reason.
    30010: Reason.CONFIG_ERROR,  # Costs more than the account allows for one message.
    30022: Reason.CARRIER_ERROR,  # More messages than the American networks allow this sender.
    30023: Reason.CARRIER_ERROR,  # The same, for a whole day.
    30032: Reason.CONFIG_ERROR,  # A toll-free sender that is not verified.
    30034: Reason.CONFIG_ERROR,  # An American sender that is not registered.
    30042: Reason.CONFIG_ERROR,  # The alphanumeric sender is not allowed there.
    30410: Reason.CARRIER_ERROR,  # The network did not answer in time.
    30450: Reason.FRAUD_BLOCKED,  # Held back as SMS pumping.
    60410: Reason.FRAUD_BLOCKED,  # The range of numbers is blocked for some hours because of pumping.
    21610: Reason.REJECTED,  # This person has told this sender to stop.
    63003: Reason.INVALID_NUMBER,  # The number has no WhatsApp.
    63007: Reason.CONFIG_ERROR,  # The sender is not registered with WhatsApp.
    63014: Reason.REJECTED,  # The person has blocked the sender.
    63016: Reason.CONFIG_ERROR,  # Plain text to someone who has not written first: a template is needed.
    63018: Reason.CARRIER_ERROR,  # More messages than WhatsApp allows this sender.
    63021: Reason.CONFIG_ERROR,  # The template's content is not allowed.
    63024: Reason.INVALID_NUMBER,  # The number has no WhatsApp.
    63032: Reason.REJECTED,  # WhatsApp spares this person such messages.
}
"""Why a message that had been taken was not delivered."""

HIGHEST_CODE: Final = 999_999


def refusal(status: int, code: object, *, placing: bool) -> CarrierError:
    """The error for an answer that is no success; `placing` is whether the request was to call or send."""
    number = code if isinstance(code, int) and 0 < code <= HIGHEST_CODE else status
    said = f"Twilio answered with error {number} (HTTP {status})"
    if status >= 500:
        # Twilio promises of no 5xx, its own or a gateway's, that nothing has happened, as it does of 429.
        return OutcomeUnknown(said) if placing else CarrierUnavailable(said)
    # Whoever understood the request and refused it did nothing. Most of what is not listed can be mended by
    # the operator, who sees the code; and another carrier may not mind.
    return REFUSALS.get(number, CarrierMisconfigured)(said)


def failure(code: str) -> Reason:
    """Why a message was not delivered, by the `ErrorCode` of its callback."""
    known = FAILURES.get(int(code)) if code.isascii() and code.isdigit() and len(code) <= 6 else None
    return known or Reason.UNKNOWN
