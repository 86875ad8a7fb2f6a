"""What Restcomm's API says about a call or a message, read leniently: versions differ in what they fill in.

Fields and states are those of its documentation (API 2012-04-24, "Calls" and "SMS"); `ring_duration` stands
in its code only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ringproof_server.domain.channel import Reason

LONGEST_SID: Final = 128
"""A call's SID is `CA` and 32 digits, in newer versions with `ID`, 32 digits and a hyphen before it."""

LONGEST_RING_SECONDS: Final = 599

CALL_ENDS: Final = MappingProxyType(
    {
        "completed": Reason.ANSWERED,
        "canceled": Reason.CANCELLED,
        "busy": Reason.BUSY,
        "no-answer": Reason.NO_ANSWER,
        "not-found": Reason.INVALID_NUMBER,
        "failed": Reason.UNREACHABLE,
    }
)
"""The states in which a call stays, and what they mean; in every other state it is still under way."""

TALKING: Final = "in-progress"

MESSAGE_FAILURES: Final = frozenset({"failed", "undelivered"})

_MESSAGE_REASONS: Final = MappingProxyType(
    {
        "30001": Reason.CARRIER_ERROR,  # Queue overflow
        "30002": Reason.CONFIG_ERROR,  # Account suspended
        "30003": Reason.UNREACHABLE,  # Unreachable destination handset
        "30004": Reason.REJECTED,  # Message blocked
        "30005": Reason.INVALID_NUMBER,  # Unknown destination handset
        "30006": Reason.INVALID_NUMBER,  # Landline or unreachable carrier
        "30007": Reason.CARRIER_ERROR,  # Carrier violation
        "30008": Reason.UNKNOWN,  # Unknown error
        "30009": Reason.CARRIER_ERROR,  # Missing segment
        "300010": Reason.CARRIER_ERROR,  # Message price exceeds max price
    }
)
_SID: Final = re.compile(rf"[A-Za-z0-9-]{{1,{LONGEST_SID}}}")
_ZONE_NAME: Final = re.compile(r"(.+?)\s+([A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*)")
_PLAIN: Final = ("%a, %d %b %Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A call or a message as the account's list has it.

    Both parties are digits only. `created` is None where the time cannot be read. `ring_ms` is a multiple of
    1000, since Restcomm counts whole seconds; None for messages and where it has not counted.
    """

    sid: str
    status: str
    to: str = field(repr=False)
    sender: str = field(repr=False)
    created: datetime | None = None
    ring_ms: int | None = None
    error_code: str = ""

    @property
    def call_end(self) -> Reason | None:
        """How the call ended; None while it is under way."""
        return CALL_ENDS.get(self.status)

    @property
    def message_failure(self) -> Reason | None:
        """Why the message failed; None if it did not, or not yet."""
        if self.status not in MESSAGE_FAILURES:
            return None
        return _MESSAGE_REASONS.get(self.error_code, Reason.UNKNOWN)


def read_record(found: Mapping[str, object]) -> Record | None:
    """None for what has no SID or no state, which nothing can be done with."""
    sid, status = found.get("sid"), found.get("status")
    if not (isinstance(sid, str) and is_sid(sid) and isinstance(status, str)):
        return None
    return Record(
        sid=sid,
        status=status.strip().lower().replace("_", "-"),
        to=digits(found.get("to")),
        sender=digits(found.get("from")),
        created=read_moment(found.get("date_created")),
        ring_ms=_ring_ms(found.get("ring_duration")),
        error_code=str(found.get("error_code") or ""),
    )


def is_sid(text: str) -> bool:
    """Whether this can be the SID of a call or a message."""
    return _SID.fullmatch(text) is not None


def digits(number: object) -> str:
    """A number without `+`, which some versions leave out of their lists; empty for what is no text."""
    return re.sub(r"[^0-9]", "", number) if isinstance(number, str) else ""


def read_moment(text: object) -> datetime | None:
    """An instant in UTC, in any of the forms that versions of Restcomm write; None for every other.

    They are RFC 2822 (`Thu, 19 Nov 2015 07:21:24 -0500`), ISO 8601 with an offset, and either of them with
    the name of a zone (`Etc/UTC`) in place of the offset.
    """
    if not isinstance(text, str) or len(text) > 64:
        return None
    text = text.strip()
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if found.tzinfo is not None:
            return _in_utc(found)
    return _with_zone_name(text)


def _with_zone_name(text: str) -> datetime | None:
    named = _ZONE_NAME.fullmatch(text)
    if named is None:
        return None
    try:
        zone = UTC if named[2] in {"UTC", "GMT", "Etc/UTC", "Z"} else ZoneInfo(named[2])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    for form in _PLAIN:
        try:
            return _in_utc(datetime.strptime(named[1].strip(), form).replace(tzinfo=zone))
        except ValueError:
            continue
    return None


def _in_utc(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _ring_ms(seconds: object) -> int | None:
    """What `ring_duration` says. Nought is what stands there before anything has rung, too."""
    text = str(seconds) if isinstance(seconds, int | str) and not isinstance(seconds, bool) else ""
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 0 < int(text) <= LONGEST_RING_SECONDS:
        return None
    return int(text) * 1000
