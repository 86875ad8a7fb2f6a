"""What people type as a phone number: cleaned, grouped while they type, and made international.

Only the server knows numbering plans; this is what can be said without one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ringproof_demo.countries import Country, by_calling_code

MOST_DIGITS = 15
"""The longest number of ITU-T E.164, with its country code."""
FEWEST_DIGITS = 4
"""Shorter national numbers are services, never somebody's phone."""

# Countries whose numbers keep a leading zero in their international form (ITU operational bulletins).
_KEEPS_ZERO = frozenset({"39", "225", "229", "241", "242", "378"})

# How mobile numbers are written where the app's languages are spoken; elsewhere in threes.
_GROUPS = {
    "1": (3, 3, 4), "33": (1, 2, 2, 2, 2), "34": (3, 3, 3), "39": (3, 3, 4), "41": (2, 3, 2, 2), "43": (3, 7),
    "44": (4, 6), "49": (4, 8), "52": (2, 4, 4), "55": (2, 5, 4), "351": (3, 3, 3),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """A country and the national part as it is shown."""

    country: Country
    national: str = field(repr=False)


def digits_of(text: str) -> str:
    """The digits of a text in ASCII, whatever script they were typed in."""
    return "".join(str(int(letter)) for letter in text if letter.isdecimal())


def grouped(digits: str, code: str = "") -> str:
    """Digits in groups that are easy to read and compare, as people of that calling code write them."""
    sizes = _GROUPS.get(code)
    if sizes is None:
        odd = len(digits) % 3
        sizes = (3,) * (len(digits) // 3 - (odd == 1 and len(digits) > 3)) + (4,)
    elif digits.startswith("0") and code not in _KEEPS_ZERO:
        sizes = (sizes[0] + 1, *sizes[1:])
    groups, at = [], 0
    for size in sizes:
        groups.append(digits[at : at + size])
        at += size
    groups[-1] += digits[at:]
    return " ".join(group for group in groups if group)


def is_international(text: str) -> bool:
    """Whether a text begins like a number with a country code."""
    return text.strip().startswith(("+", "00"))


def typed(text: str, country: Country, language: str) -> Typed:
    """What a typed text means in a country; one with a country code of its own changes the country."""
    if is_international(text):
        digits = digits_of(text)
        digits = digits if text.strip().startswith("+") else digits[2:]
        found = by_calling_code(digits[:MOST_DIGITS], language)
        if found is not None:
            same = country if country.code == found.code else found
            return Typed(same, grouped(digits[len(found.code) : MOST_DIGITS], found.code))
        return Typed(country, text.strip()[:MOST_DIGITS])
    return Typed(country, grouped(digits_of(text)[:MOST_DIGITS], country.code))


def international(number: Typed) -> str | None:
    """The E.164 form, as far as it can be known here; None when this cannot be a number."""
    if is_international(number.national):
        return None
    digits = digits_of(number.national)
    if digits.startswith("0") and number.country.code not in _KEEPS_ZERO:
        digits = digits[1:]
    whole = number.country.code + digits
    return f"+{whole}" if len(digits) >= FEWEST_DIGITS and len(whole) <= MOST_DIGITS else None


def shown(e164: str, language: str) -> str:
    """A number for the eye: country code, then groups."""
    digits = digits_of(e164)
    country = by_calling_code(digits, language)
    if country is None:
        return f"+{grouped(digits)}"
    return f"+{country.code} {grouped(digits[len(country.code) :], country.code)}".strip()
