"""Is this call the expected one? Decided on the phone, so that other people's calls never leave it.

A network may show a number as `+442079460018`, `442079460018`, `00442079460018`, `020 7946 0018`,
`2079460018`, with carrier codes, in other scripts' digits, or as a tel: or sip: URI. The pattern in the
challenge names only the beginning and the length of the E.164 form. This check is generous about the writing
and strict about the digits; whether it was the right number, the server alone decides.
"""

from __future__ import annotations

from ringproof._models import CallerIdPattern

LONGEST_CALLER_ID = 64
"""Longer texts are no numbers: E.164 has 15 digits."""

_WITHHELD_WORDS = frozenset(
    {"", "anonymous", "unknown", "restricted", "private", "withheld", "unavailable", "blocked", "payphone"}
)
# Android's CallerInfo writes these in place of a number: unknown, private, pay phone.
_WITHHELD_NUMBERS = frozenset({"-1", "-2", "-3"})

# ITU-T E.164 assigns zones 1 and 7 one digit and these two; every other country code has three.
_TWO_DIGIT_COUNTRY_CODES = frozenset(
    f"{zone}{digit}"
    for zone, digits in (("2", "07"), ("3", "0123469"), ("4", "013456789"), ("5", "12345678"),
                         ("6", "0123456"), ("8", "1246"), ("9", "0123458"))
    for digit in digits
)  # fmt: skip

_SHORTEST = 6
"""Fewer digits than this are no telephone number, where the pattern does not say how long it is."""


_NOTHING = "[^0-9]"
"""An expression that no text of digits fits."""


def ascii_digits(text: str) -> str:
    """The decimal digits of a text in any script, as 0-9; everything else is left out."""
    return "".join(str(int(character)) for character in text if character.isdecimal())


def _bare(reported: str) -> str:
    """The number without the wrapping of a URI."""
    text = reported.strip()
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in {"tel", "sip", "sips"}:
        text = rest.partition(";")[0].partition("@")[0].replace("%2B", "+").replace("%2b", "+")
    return text.strip()


def is_withheld(reported: str | None) -> bool:
    """Whether a phone shows that the caller's number is being kept back, rather than a number."""
    if reported is None:
        return True
    text = _bare(reported[: LONGEST_CALLER_ID + 1]).lower()
    return text in _WITHHELD_WORDS or text in _WITHHELD_NUMBERS


def tells_apart(pattern: CallerIdPattern) -> bool:
    """Whether a pattern says anything of a number: one without a digit is that of every call there is."""
    return bool(ascii_digits(pattern.prefix))


def matches(pattern: CallerIdPattern, reported: str | None) -> bool:
    """Whether a shown number can be one that fits the pattern, in whatever way it is written.

    Nothing fits a pattern that tells nothing apart: other people's calls would be reported, and silenced.
    """
    if reported is None or len(reported) > LONGEST_CALLER_ID or is_withheld(reported):
        return False
    if not tells_apart(pattern):
        return False
    text = _bare(reported)
    international = text.startswith(("+", "\uff0b"))
    if international:
        # People write the trunk zero in brackets behind the country code; it is never dialled from abroad.
        text = text.replace("(0)", "")
    digits = ascii_digits(text)
    prefix = ascii_digits(pattern.prefix)
    total = None if pattern.length is None else pattern.length - 1
    if _fits(digits, prefix, total):
        return True
    if international:
        return False
    return _after_access_code(digits, prefix, total) or _national(digits, prefix, total)


def digits_that_fit(pattern: CallerIdPattern) -> str:
    """The same check as a regular expression, for where no Python runs: in Android's call screening.

    It is to match all of the number's digits in ASCII, with a `+` before them where one was written. Python
    and Java read it alike.
    """
    if not tells_apart(pattern):
        return _NOTHING
    prefix = ascii_digits(pattern.prefix)
    total = None if pattern.length is None else pattern.length - 1
    whole = _rest(prefix, total)
    choices = [rf"\+?{whole}", rf"(?:0[0-9]{{1,4}}|810){whole}"]
    for size in _country_code_sizes(prefix):
        national = _rest(prefix[size:], None if total is None else total - size)
        choices.append(rf"(?:0[0-9]{{0,2}}|8|1)?{national}")
    return "|".join(choices)


def _rest(prefix: str, total: int | None) -> str:
    """What `_fits` accepts; for a length that cannot be, what no text of digits has."""
    if total is None:
        return f"{prefix}[0-9]{{{max(_SHORTEST - len(prefix), 1)},{LONGEST_CALLER_ID}}}"
    return f"{prefix}[0-9]{{{total - len(prefix)}}}" if total >= len(prefix) else _NOTHING


def _fits(digits: str, prefix: str, total: int | None) -> bool:
    if total is None:
        return digits.startswith(prefix) and len(digits) >= max(_SHORTEST, len(prefix) + 1)
    return digits.startswith(prefix) and len(digits) == total


def _after_access_code(digits: str, prefix: str, total: int | None) -> bool:
    """`00…`, `011…`, `0011…`, Brazil's `0021…`: two to five digits, the first a zero; or Russia's 810."""
    return any(
        (digits.startswith("0") or digits[:lead] == "810") and _fits(digits[lead:], prefix, total)
        for lead in range(2, 6)
    )


def _national(digits: str, prefix: str, total: int | None) -> bool:
    """The national form: with or without trunk digit, also with a carrier code as in Brazil (`0 21 11 …`)."""
    for size in _country_code_sizes(prefix):
        area = prefix[size:]
        length = None if total is None else total - size
        if any(
            _is_trunk(digits[:lead]) and _fits(digits[lead:], area, length)
            for lead in range(min(4, len(digits)))
        ):
            return True
    return False


def _is_trunk(lead: str) -> bool:
    """What may stand before a national number: nothing, 0, 0 and a carrier, Russia's 8, North America's 1."""
    return lead in {"", "8", "1"} or lead.startswith("0")


def _country_code_sizes(prefix: str) -> tuple[int, ...]:
    """How long the country code at the beginning is; several when the prefix is too short to tell."""
    if prefix[:1] in {"1", "7"}:
        return (1,)
    if len(prefix) < 2:
        return (1, 2, 3)
    return (2,) if prefix[:2] in _TWO_DIGIT_COUNTRY_CODES else (3,)
