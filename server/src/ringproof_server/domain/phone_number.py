"""A phone number that exists in its numbering plan, and that nothing prints by accident."""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final, Never

import phonenumbers
from phonenumbers import PhoneNumberType, ValidationResult

from ringproof_server.domain.errors import InvalidPhoneNumber
from ringproof_server.domain.fictitious import is_fictitious
from ringproof_server.domain.numbering_plan import (
    LONGEST_E164_DIGITS,
    NO_REGION,
    digits_written,
    e164_of,
    main_region,
    parse_in_region,
    parse_international,
    split_country_code,
)

LONGEST_INPUT: Final = 64
"""In characters; the longest number with generous punctuation has half of it."""

_SHOWN_DIGITS: Final = 4
_LEAST_HIDDEN_DIGITS: Final = 3
_STRICT_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_EXTENSION: Final = re.compile(r"[0-9]\s*(?:ext|x|#|;|,)", re.IGNORECASE)


class NumberKind(enum.Enum):
    """What a number is used for, as libphonenumber sorts it; `UNKNOWN` is not in use in its plan."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    MOBILE_OR_LANDLINE = "mobile_or_landline"
    VOIP = "voip"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    PAGER = "pager"
    UAN = "uan"
    VOICEMAIL = "voicemail"
    PERSONAL = "personal"
    UNKNOWN = "unknown"


_KINDS: Final[dict[int, NumberKind]] = {
    PhoneNumberType.MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE: NumberKind.LANDLINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.MOBILE_OR_LANDLINE,
    PhoneNumberType.VOIP: NumberKind.VOIP,
    PhoneNumberType.TOLL_FREE: NumberKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
    PhoneNumberType.PAGER: NumberKind.PAGER,
    PhoneNumberType.UAN: NumberKind.UAN,
    PhoneNumberType.VOICEMAIL: NumberKind.VOICEMAIL,
    PhoneNumberType.PERSONAL_NUMBER: NumberKind.PERSONAL,
}


@dataclass(frozen=True, slots=True, repr=False)
class PhoneNumber:
    """One subscriber number. `str`, `repr` and `format` are masked: the digits leave by `e164` on purpose.

    The constructor believes what it is given; numbers from outside come in through `parse`.
    """

    e164: str
    _kind: NumberKind | None = field(default=None, init=False, compare=False)

    @classmethod
    def parse(cls, text: str, default_region: str | None = None) -> PhoneNumber:
        """The number that a person or a program wrote, at most 64 characters, with the usual punctuation.

        Without a leading `+` it is read as dialled in `default_region` (ISO 3166-1 alpha-2). Digits of any
        script are digits. Extensions, letters and URIs are refused.
        Raises InvalidPhoneNumber, with the fault but never the number in its message.
        """
        compact = text if _STRICT_E164.fullmatch(text) else _compact(text)
        if compact[0] == "+":
            found = parse_international(compact[1:])
        elif default_region is not None:
            found = parse_in_region(compact, default_region.upper())
        else:
            raise InvalidPhoneNumber("The phone number must start with + and a country code")
        number = cls(e164_of(found))
        if len(number.e164) - 1 > LONGEST_E164_DIGITS:
            raise InvalidPhoneNumber("The phone number has too many digits")
        kind = _kind_of(number.e164, found)
        if kind is NumberKind.UNKNOWN:
            _refuse(found)
        object.__setattr__(number, "_kind", kind)
        return number

    @classmethod
    def trusted(cls, e164: str) -> PhoneNumber:
        """A number that `parse` has accepted before, read back from storage; nothing is checked."""
        return cls(e164)

    @property
    def country_code(self) -> str:
        """The digits of the country calling code, without `+`; empty when there is none."""
        return split_country_code(self.e164)[0]

    @property
    def national_number(self) -> str:
        """The national significant number: what follows the country calling code, leading zeros included."""
        return split_country_code(self.e164)[1]

    @property
    def kind(self) -> NumberKind:
        """What the number is used for; fictitious numbers are mobiles. Worked out once, when first asked."""
        if self._kind is None:
            object.__setattr__(self, "_kind", _kind_of(self.e164, _parse_stored(self.e164)))
        assert self._kind is not None
        return self._kind

    @property
    def region(self) -> str | None:
        """ISO 3166-1 alpha-2 of the country or territory; None for numbers that belong to none, as +800."""
        found = _parse_stored(self.e164)
        region = phonenumbers.region_code_for_number(found) if found is not None else None
        if region is None and is_fictitious(self.e164):
            return main_region(self.country_code)
        return None if region in NO_REGION else region

    @property
    def masked(self) -> str:
        """`+44••••••3456`: the country code, a bullet for each hidden digit, the last four digits.

        Where a plan has very short numbers fewer are shown, so that three digits are always hidden.
        """
        country_code, national = split_country_code(self.e164)
        shown = max(0, min(_SHOWN_DIGITS, len(national) - _LEAST_HIDDEN_DIGITS))
        hidden = len(national) - shown
        return f"+{country_code}{'•' * hidden}{national[hidden:]}"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked})"


def _compact(text: str) -> str:
    """At least one ASCII digit, after a `+` where there was one; raises InvalidPhoneNumber otherwise."""
    if len(text) > LONGEST_INPUT:
        raise InvalidPhoneNumber(f"The phone number is longer than {LONGEST_INPUT} characters")
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise InvalidPhoneNumber("The phone number contains control characters")
    if _EXTENSION.search(text):
        raise InvalidPhoneNumber("Extensions cannot be verified: give the number of the line alone")
    read = digits_written(text)
    if read is None:
        raise InvalidPhoneNumber(
            "The phone number may contain digits, spaces and punctuation, and one + at its start"
        )
    if not read.strip("+"):
        raise InvalidPhoneNumber("The phone number is empty")
    return read


def _parse_stored(e164: str) -> phonenumbers.PhoneNumber | None:
    try:
        return parse_international(e164.removeprefix("+"))
    except InvalidPhoneNumber:
        return None


def _kind_of(e164: str, found: phonenumbers.PhoneNumber | None) -> NumberKind:
    """`number_type` answers UNKNOWN for numbers outside their plan; asking for validity too costs twice."""
    if is_fictitious(e164):
        return NumberKind.MOBILE
    if found is None:
        return NumberKind.UNKNOWN
    return _KINDS.get(phonenumbers.number_type(found), NumberKind.UNKNOWN)


def _refuse(found: phonenumbers.PhoneNumber) -> Never:
    reason = phonenumbers.is_possible_number_with_reason(found)
    if reason == ValidationResult.TOO_LONG:
        raise InvalidPhoneNumber("The phone number has too many digits for its country")
    if reason in {ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY}:
        raise InvalidPhoneNumber("The phone number has too few digits for its country")
    raise InvalidPhoneNumber("The phone number does not exist in its country's numbering plan")
