"""The simple API on the wire: as few fields as the tutorials that it is for."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ringproof_server.http.bodies import texts
from ringproof_server.http.bodies.texts import means


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Unknown fields are refused here as everywhere."""


class SendCodeBody(_Body, frozen=True):
    """Send a code to Messenger, and by SMS when it is not read there."""

    phone_number: Annotated[
        texts.PhoneNumberText, means("The number to prove, in international form, with or without the `+`.")
    ] = msgspec.field(name="phoneNumber")
    messenger_id: Annotated[
        texts.RecipientId | None,
        means("The id that your page has for the person on Messenger; only SMS if left out."),
    ] = msgspec.field(name="messengerId", default=None)

    @property
    def number(self) -> str:
        return international(self.phone_number)


class PasscodeBody(_Body, frozen=True):
    """Send a code by SMS and be told it."""

    number: Annotated[
        texts.PhoneNumberText, means("The number, in international form, with or without the `+`.")
    ]
    language: Annotated[
        texts.LanguageTag | None,
        means("Language of the message (BCP 47); the number's country's if left out."),
    ] = None

    @property
    def phone_number(self) -> str:
        return international(self.number)


class PasscodeView(msgspec.Struct, frozen=True, kw_only=True):
    """The code that was sent."""

    passcode: Annotated[str, means("The digits that are on their way to the phone.")]


def international(number: str) -> str:
    """The number with its plus sign, where only that is missing."""
    digits = number.strip()
    return f"+{digits}" if digits.isascii() and digits.isdigit() and not digits.startswith("0") else number
