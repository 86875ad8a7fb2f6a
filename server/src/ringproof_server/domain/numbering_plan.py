"""How numbers are written and split in the world's numbering plans (ITU-T E.164), using libphonenumber."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata

from ringproof_server.domain.errors import InvalidPhoneNumber

LONGEST_E164_DIGITS: Final = 15
NO_REGION: Final = frozenset({"ZZ", "001"})
"""What libphonenumber calls the region of a number that belongs to no country."""

_COUNTRY_CODES: Final = frozenset(str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
_PLUS_SIGNS: Final = frozenset("+＋﹢")
# The minus sign, the Japanese long vowel mark that serves as a dash, and what people put between digits.
_PUNCTUATION: Final = frozenset(".()[]/−ー·・．（）／")


def load_numbering_plans() -> None:
    """Load every country's plan (about 150 ms), so that no request pays for the first number of a country."""
    PhoneMetadata.load_all()


def split_country_code(e164: str) -> tuple[str, str]:
    """The country calling code and the national significant number of an E.164 string.

    The code is empty when the digits start with none; country calling codes are prefix-free (ITU-T E.164).
    """
    digits = e164.removeprefix("+")
    for length in (2, 1, 3):
        if digits[:length] in _COUNTRY_CODES:
            return digits[:length], digits[length:]
    return "", digits


def main_region(country_code: str) -> str | None:
    """The region whose dialling rules hold for a whole country calling code (US for 1, GB for 44), or None.

    The rules of the smaller regions that share a code complete short local numbers, which nobody here wants.
    """
    if country_code not in _COUNTRY_CODES:
        return None
    region = phonenumbers.region_code_for_country_code(int(country_code))
    return None if region in NO_REGION else region


def digits_written(text: str) -> str | None:
    """The ASCII digits of a written number, after a `+` if it starts with one; None for any other text.

    Digits of every script count; white space, dashes, brackets, dots, slashes and the invisible direction
    marks that address books put around numbers are dropped. Anything else makes it no number.
    """
    found: list[str] = []
    for character in text:
        if character.isdecimal():
            found.append(str(unicodedata.decimal(character)))
        elif character in _PLUS_SIGNS:
            if found:
                return None
            found.append("+")
        elif not (
            character.isspace()
            or character in _PUNCTUATION
            or unicodedata.category(character) in {"Pd", "Cf"}
        ):
            return None
    return "".join(found)


def parse_international(digits: str) -> phonenumbers.PhoneNumber:
    """What libphonenumber's `parse` makes of `+digits`, at a fraction of the cost in the common case.

    All that `parse` does to what follows a country code is to cut off national prefixes that match the plan's
    expression; where that does not match, splitting gives the same. Raises InvalidPhoneNumber.
    """
    country_code, national = split_country_code(digits)
    if country_code and 2 <= len(national) <= LONGEST_E164_DIGITS:
        prefix = _national_prefix(country_code)
        if prefix is None or not prefix.match(national):
            # The last digit always belongs to the value, also when it is a zero.
            zeros = len(national) - 1 - len(national[:-1].lstrip("0"))
            return phonenumbers.PhoneNumber(
                country_code=int(country_code),
                national_number=int(national),
                italian_leading_zero=True if zeros else None,
                number_of_leading_zeros=zeros if zeros > 1 else None,
            )
    return _parse("+" + digits, None)


def parse_in_region(digits: str, region: str) -> phonenumbers.PhoneNumber:
    """The number that `digits` mean in `region` (ISO 3166-1 alpha-2). Raises InvalidPhoneNumber."""
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidPhoneNumber("The region that the phone number was to be read in is unknown")
    return _parse(digits, region)


def e164_of(number: phonenumbers.PhoneNumber) -> str:
    """The E.164 form, as `format_number` gives it, without its look-ups."""
    return f"+{number.country_code}{phonenumbers.national_significant_number(number)}"


def _parse(digits: str, region: str | None) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(digits, region)
    except NumberParseException as fault:
        kind = fault.error_type
    # Raised outside the handler, so that the library's own exception is not carried along.
    if kind == NumberParseException.INVALID_COUNTRY_CODE:
        raise InvalidPhoneNumber("The phone number starts with a country code that does not exist")
    if kind == NumberParseException.TOO_LONG:
        raise InvalidPhoneNumber("The phone number has too many digits")
    raise InvalidPhoneNumber("The phone number has too few digits")


@lru_cache(maxsize=1024)
def _national_prefix(country_code: str) -> re.Pattern[str] | None:
    """What `parse` would cut off the front of a national number; one entry for each country calling code."""
    region = phonenumbers.region_code_for_country_code(int(country_code))
    plan = PhoneMetadata.metadata_for_region_or_calling_code(int(country_code), region)
    expression = plan.national_prefix_for_parsing if plan is not None else None
    return re.compile(expression) if expression else None
