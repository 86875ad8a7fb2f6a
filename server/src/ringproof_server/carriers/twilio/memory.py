"""What this process knows of Twilio's names without asking."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from ringproof_server.carriers.twilio.api import Listed

MOST_NAMES: Final = 10_000
CLOCKS_DIFFER: Final = timedelta(seconds=5)
"""How far Twilio's clock and ours may be apart; its times are whole seconds besides."""


class Names:
    """Whose each call and message is, as far as answers and signed callbacks told this process.

    Twilio's lists do not show our reference, so what is known to be another attempt's has to be told apart
    by this.
    """

    def __init__(self) -> None:
        self._attempts: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, sid: str, attempt_id: str) -> None:
        """Remember it; the oldest is forgotten when there are too many."""
        with self._lock:
            self._attempts[sid] = attempt_id
            self._attempts.move_to_end(sid)
            if len(self._attempts) > MOST_NAMES:
                self._attempts.popitem(last=False)

    def sid_of(self, attempt_id: str) -> str | None:
        """The name of this attempt's call or message, if it is known already."""
        with self._lock:
            return next((sid for sid, owner in self._attempts.items() if owner == attempt_id), None)

    def the_one(
        self, listed: Iterable[Listed], *, attempt_id: str, since: datetime, until: datetime
    ) -> str | None:
        """The only one in the list that can be this attempt's; None if there is none, or more than one.

        `since` and `until` are the earliest and the latest time at which it can have begun, by our clock.
        """
        with self._lock:
            possible = [
                item.sid
                for item in listed
                if since - CLOCKS_DIFFER <= (item.created_at or until) <= until + CLOCKS_DIFFER
                and self._attempts.get(item.sid, attempt_id) == attempt_id
            ]
        return possible[0] if len(possible) == 1 else None
