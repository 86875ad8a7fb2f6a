"""Numbers that regulators keep free for films, examples and tests: no telephone ever answers to them.

Calls and messages to them go to virtual handsets only, so a number must never be counted as fictitious when
it could be given to a subscriber.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FictitiousRange:
    """A reserved range: `pattern` matches whole E.164 strings, `source` is who keeps it free."""

    pattern: str
    example: str
    source: str


FICTITIOUS_RANGES: tuple[FictitiousRange, ...] = (
    FictitiousRange(
        r"\+447700900[0-9]{3}",
        "+447700900123",
        "Ofcom, telephone numbers for use in TV and radio drama: mobile 07700 900000 to 900999",
    ),
    # Only geographic area codes: NANPA keeps 555-0100 to 555-0199 free in those, while in the toll-free,
    # personal (5YY, 700) and premium (900) codes a line may be real. N11 is no area code at all.
    FictitiousRange(
        r"\+1(?![2-9]11|8(?:00|22|33|44|55|66|77|88)|5(?:00|2[0-9]|33|44|55|66|77|88)|[79]00)"
        r"[2-9][0-8][0-9]55501[0-9]{2}",
        "+12025550143",
        "NANPA, 555 line numbers: 555-0100 to 555-0199 in every geographic area code",
    ),
    FictitiousRange(
        r"\+3363998[0-9]{4}",
        "+33639980012",
        "ARCEP, numbers for audiovisual works: mobile 06 39 98 00 00 to 06 39 98 99 99",
    ),
)
"""Every range that virtual handsets may have."""

_ANY_RANGE = re.compile("|".join(entry.pattern for entry in FICTITIOUS_RANGES))


def is_fictitious(e164: str) -> bool:
    """Whether this E.164 number lies in a range that no subscriber can have; False for any other text."""
    return _ANY_RANGE.fullmatch(e164) is not None
