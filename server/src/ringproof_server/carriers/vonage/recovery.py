"""Which call became of an attempt whose answer was lost.

The Voice API lists calls by time; nothing in the list was chosen by us but the two numbers, and a caller ID
is drawn anew for each call, so both numbers within a few minutes name one call. Messages cannot be listed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vonage_voice.models import ListCallsFilter, Phone  # type: ignore[import-untyped]

from ringproof_server.carriers.vonage.outgoing import digits
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.phone_number import PhoneNumber

EARLIER: Final = timedelta(seconds=60)
LATER: Final = timedelta(seconds=120)
"""How far Vonage's time of a call may lie from the moment at which the attempt was claimed."""
PAGE: Final = 100
MOST_PAGES: Final = 20


def find_call(voice: Any, attempt: Attempt, to: PhoneNumber) -> str | None:
    """The name of the only call that fits; None for none, and for several, of which none is guessed."""
    if attempt.caller_id is None:
        return None
    placed_at = attempt.claimed_at or attempt.queued_at
    start, end = _written(placed_at - EARLIER), _written(placed_at + LATER)
    fitting: set[str] = set()
    for page in range(MOST_PAGES):
        wanted = ListCallsFilter(date_start=start, date_end=end, page_size=PAGE, record_index=page * PAGE)
        calls, more = voice.list_calls(wanted)
        fitting.update(
            call.uuid for call in calls if _fits(call, to=digits(to.e164), caller=digits(attempt.caller_id))
        )
        # The client's own index of the next page is this one's plus one, where the API counts calls.
        if more is None or not calls:
            break
    return fitting.pop() if len(fitting) == 1 else None


def _fits(call: Any, *, to: str, caller: str) -> bool:
    ends = (call.to, call.from_)
    if call.direction != "outbound" or not all(isinstance(end, Phone) for end in ends):
        return False
    return [digits(str(end.number)) for end in ends] == [to, caller]


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
