"""What a phone shows of the number that called it, and what an attacker who knows the pool can guess.

A reported caller ID is read in every way in which a network between the two countries may have meant it. All
readings but the few that insert a mobile prefix end in the same digits, so one report is one guess among
numbers of one country and length.
"""

from __future__ import annotations

import enum
import heapq
import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final
from urllib.parse import unquote

import phonenumbers
from phonenumbers import PhoneNumber as ParsedNumber
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ringproof_server.domain.errors import InvalidPhoneNumber
from ringproof_server.domain.fictitious import is_fictitious
from ringproof_server.domain.numbering_plan import (
    digits_written,
    e164_of,
    main_region,
    parse_in_region,
    parse_international,
    split_country_code,
)
from ringproof_server.domain.withheld import is_withheld

LONGEST_REPORT: Final = 128
"""In characters; a SIP address with a display name fits, more is no caller ID."""

SHORTEST_SUFFIX: Final = 4
LONGEST_SUFFIX: Final = 10
MOST_GUESSES: Final = 3

_ALTERED_SUFFIX: Final = 6
_URI_SCHEMES: Final = frozenset({"tel", "sip", "sips", "callto"})
_OTHER_LINE: Final = ("ext=", "isub=")


class Match(enum.Enum):
    """The verdict on a reported caller ID. `WITHHELD`: the phone was shown no number, which is no guess."""

    MATCH = "match"
    MISMATCH = "mismatch"
    WITHHELD = "withheld"


def compare(sent: str, reported: str | None, callee: str) -> Match:
    """Whether `reported` is what a phone may show for a call from `sent` to `callee` (both E.164).

    The same number, or the same national significant number in a form that the callee's or the caller's
    country uses; never fewer digits than that. An explicit other country code is another number, and so is a
    national form that is in use in the callee's own country. Any text is answered, over 128 characters with
    a mismatch. The time taken depends on the report and on both countries, not on which digits are right.
    """
    if reported is None:
        return Match.WITHHELD
    if len(reported) > LONGEST_REPORT:
        return Match.MISMATCH
    shown = _user_part(reported)
    digits = digits_written(shown)
    if (digits is None or len(digits) < 2) and is_withheld(shown):
        return Match.WITHHELD
    if digits is None:
        return Match.MISMATCH
    sent_code, national = split_country_code(sent)
    readings = _readings(digits, sent_code, split_country_code(callee)[0])
    same = _is_among(sent, readings) & (len(digits.removeprefix("+")) >= len(national))
    return Match.MATCH if same else Match.MISMATCH


def is_altered(sent: str, reported: str | None, callee: str) -> bool:
    """Whether a mismatch looks like `sent` with something done to it on the way, which speaks of the route.

    True for another beginning before the same last six digits or more, for one digit added or dropped, and
    for one digit replaced before the last four (in the last four, neighbours in a pool differ).
    It is for the operator's eyes: told to a client it would say how close a guess was. A report of another
    number of the same pool can look altered; the caller knows the pool and leaves those out.
    """
    if reported is None or compare(sent, reported, callee) is not Match.MISMATCH:
        return False
    if len(reported) > LONGEST_REPORT:
        return False
    digits = (digits_written(_user_part(reported)) or "").removeprefix("+")
    if len(digits) < _ALTERED_SUFFIX:
        return False
    whole = sent.removeprefix("+")
    if digits[-_ALTERED_SUFFIX:] == whole[-_ALTERED_SUFFIX:]:
        return True
    expected = {whole, split_country_code(sent)[1]}
    given = {digits, digits.lstrip("0")}
    return any(_is_one_digit_off(one, other) for one in expected for other in given)


def compare_last_digits(sent: str, typed: str, digits: int) -> bool:
    """Whether a person typed at least the last `digits` digits of `sent` (E.164), in any script and spacing.

    More may be typed, up to the whole number in a form of its own country; then every digit has to agree.
    Fewer are never accepted. The time taken does not depend on which digits are right.
    """
    if digits < 1:
        raise ValueError("at least one digit has to be asked for")
    given = digits_written(typed) if len(typed) <= LONGEST_REPORT else None
    bare = (given or "").removeprefix("+")
    if given is None or len(bare) < digits:
        return False
    country_code, national = split_country_code(sent)
    tail = sent.removeprefix("+")[-len(bare) :]
    same = _is_among(tail, [given])
    if len(bare) >= len(national):
        same |= _is_among(sent, _readings(given, country_code, country_code))
    return same


@dataclass(frozen=True, slots=True)
class CallerIdPattern:
    """What a client may know of the number that will call: E.164 strings that start with `prefix`.

    `length` counts all characters, `+` included; None if the numbers of the pool differ in length.
    """

    prefix: str
    length: int | None


def common_pattern(numbers: Iterable[str]) -> CallerIdPattern:
    """The longest prefix that all `numbers` (E.164) share, and their length if they share that.

    The pattern of a single number leaves out its last four digits, so that a pattern never is a caller ID.
    No numbers at all have the pattern of all numbers.
    """
    pool = numbers if isinstance(numbers, Sequence) else list(numbers)
    if not pool:
        return CallerIdPattern("+", None)
    # Whatever the first and the last in order share is shared by all in between.
    first, last = min(pool), max(pool)
    shared = len(first) - SHORTEST_SUFFIX if first == last else _shared_length(first, last)
    lengths = set(map(len, pool))
    return CallerIdPattern(first[:shared], lengths.pop() if len(lengths) == 1 else None)


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """How well the numbers of a pool tell themselves apart; computed once for each state of the pool.

    `size` counts distinct numbers. `distinct` and `heaviest` go by suffix length, from 4 to 10 digits: how
    many suffixes there are, and how many numbers share each of the three commonest.
    """

    size: int
    pattern: CallerIdPattern
    distinct: tuple[int, ...]
    heaviest: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, numbers: Sequence[str]) -> PoolStatistics:
        """The statistics of a pool of E.164 numbers; a number that occurs twice counts once."""
        pool = list(set(numbers))
        distinct: list[int] = []
        heaviest: list[tuple[int, ...]] = []
        for length in range(SHORTEST_SUFFIX, LONGEST_SUFFIX + 1):
            if distinct and distinct[-1] == len(pool):
                # All suffixes differ already, so longer ones do too.
                distinct.append(distinct[-1])
                heaviest.append(heaviest[-1])
                continue
            sharing = Counter(map(itemgetter(slice(-length, None)), pool)).values()
            distinct.append(len(sharing))
            heaviest.append(tuple(heapq.nlargest(MOST_GUESSES, sharing)))
        return cls(len(pool), common_pattern(pool), tuple(distinct), tuple(heaviest))

    def top_suffix_weight(self, digits: int, guesses: int) -> int:
        """How many numbers of the pool the best `guesses` (1 to 3) different suffixes of `digits` digits hit.

        Divided by the numbers that can be drawn it is the attacker's best chance. A whole caller ID that is
        reported instead of a suffix hits no more numbers than its last digits do.
        """
        if not 1 <= guesses <= MOST_GUESSES:
            raise ValueError(f"guesses must be from 1 to {MOST_GUESSES}")
        return sum(self.heaviest[_index(digits)][:guesses])

    def digits_to_type(self, minimum: int = 4, maximum: int = 8) -> int:
        """The fewest last digits that tell the pool's numbers apart as well as `maximum` digits would."""
        if minimum > maximum:
            raise ValueError("minimum must not exceed maximum")
        best = self.distinct[_index(maximum)]
        return next(k for k in range(minimum, maximum + 1) if self.distinct[_index(k)] == best)


def _user_part(reported: str) -> str:
    """The number in a tel, sip or sips URI with or without display name (RFC 3966, RFC 3261), or all of it.

    A phone-context that is a country code goes in front. Another line behind the number (extension,
    sub-address) makes it another number: then the text is left as it is, which no number is.
    """
    text = reported.strip()
    start, end = text.find("<"), text.rfind(">")
    if 0 <= start < end:
        text = text[start + 1 : end].strip()
    scheme, _, address = text.partition(":")
    if address and scheme.strip().casefold() in _URI_SCHEMES:
        text = unquote(address).removeprefix("//")
    userinfo, at, _ = text.partition("@")
    user, *parameters = userinfo.split(";")
    context = ""
    for parameter in map(str.casefold, parameters):
        if parameter.startswith(_OTHER_LINE):
            return text
        if parameter.startswith("phone-context=+"):
            context = parameter.partition("=")[2]
    if at:
        user = user.partition(":")[0]
    return user if "+" in user else context + user


def _readings(digits: str, sent_code: str, callee_code: str) -> list[str]:
    """Every E.164 number that `digits`, shown in one country for a call from another, may stand for.

    The right digits of the sent number play no part here: only the two country codes and the report do.
    """
    if digits.startswith("+"):
        return [digits, *_in_e164(_international(digits[1:]))]
    home = main_region(callee_code)
    local = _in_region(digits, home)
    if local is not None and str(local.country_code) != sent_code and _is_in_use(local, digits, home):
        return _in_e164(local)
    readings = ["+" + digits, *_in_e164(local)]
    if sent_code != callee_code:
        readings += _in_e164(_in_region(digits, main_region(sent_code)))
    if digits.startswith("00"):
        readings += _in_e164(_international(digits[2:]))
    return readings


def _is_in_use(local: ParsedNumber, digits: str, home: str | None) -> bool:
    """Whether `digits` are how `home` itself writes an existing number, of its own or with its exit prefix.

    Bare digits are not, in a country that writes its own numbers with a trunk prefix: those are a foreign
    number that lost its `+`.
    """
    if phonenumbers.number_type(local) == PhoneNumberType.UNKNOWN and not is_fictitious(e164_of(local)):
        return False
    if home is None or local.country_code != phonenumbers.country_code_for_region(home):
        return True
    written = digits_written(phonenumbers.format_number(local, PhoneNumberFormat.NATIONAL))
    trunk = phonenumbers.ndd_prefix_for_region(home, strip_non_digits=True) or ""
    return digits in {written, trunk + phonenumbers.national_significant_number(local)}


def _international(digits: str) -> ParsedNumber | None:
    try:
        return parse_international(digits)
    except InvalidPhoneNumber:
        return None


def _in_region(digits: str, region: str | None) -> ParsedNumber | None:
    try:
        return None if region is None else parse_in_region(digits, region)
    except InvalidPhoneNumber:
        return None


def _in_e164(number: ParsedNumber | None) -> list[str]:
    return [] if number is None else [e164_of(number)]


def _is_among(expected: str, candidates: Iterable[str]) -> bool:
    """Every candidate is compared in constant time, also after one was found."""
    found = False
    wanted = expected.encode(errors="replace")
    for candidate in candidates:
        found |= hmac.compare_digest(candidate.encode(errors="replace"), wanted)
    return found


def _is_one_digit_off(expected: str, given: str) -> bool:
    """One digit added or dropped anywhere, or one replaced before the last four."""
    longer, shorter = (expected, given) if len(expected) >= len(given) else (given, expected)
    at = _shared_length(longer, shorter)
    if len(longer) == len(shorter) + 1:
        return longer[at + 1 :] == shorter[at:]
    return len(longer) == len(shorter) and at < len(longer) - 4 and longer[at + 1 :] == shorter[at + 1 :]


def _shared_length(one: str, other: str) -> int:
    for position, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return position
    return min(len(one), len(other))


def _index(digits: int) -> int:
    if not SHORTEST_SUFFIX <= digits <= LONGEST_SUFFIX:
        raise ValueError(f"digits must be from {SHORTEST_SUFFIX} to {LONGEST_SUFFIX}")
    return digits - SHORTEST_SUFFIX
