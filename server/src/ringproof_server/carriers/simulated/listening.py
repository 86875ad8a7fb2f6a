"""What a call in the simulated network listens for, and what its handset's keys make of that.

The network keeps no state outside its tables. What a document has asked for is written behind the URL that
the keys go to, as the fragment that no request ever carries: `#start.count.heard`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_NEXT: Final = re.compile(
    r"(?P<url>[^#]+)#(?P<start>[0-9]{1,3})\.(?P<count>[0-9]{1,2})\.(?P<heard>[0-9]{1,6})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The call waits for `count` keys, which go to `url`; those before the `start`-th have been used.

    `heard` is how many characters of what is spoken in the call are spoken by the time a key is pressed.
    """

    url: str = field(repr=False)
    start: int
    count: int
    heard: int

    def pressed(self, keys: str) -> str | None:
        """The keys to tell, of all that were pressed in the call; None while more are awaited.

        The hash key ends what is typed, and is not told, as with the carriers of the real network.
        """
        typed, ends, _ = keys[self.start :].partition("#")
        if len(typed) >= self.count:
            return typed[: self.count]
        return typed if ends and typed else None

    def after(self, keys: str) -> int:
        """How many of the keys pressed in the call are used once these were told."""
        typed, ends, _ = keys[self.start :].partition("#")
        used = min(len(typed), self.count)
        return self.start + used + (1 if ends and len(typed) <= self.count else 0)


def written(listening: Listening) -> str:
    """As it stands in the table."""
    return f"{listening.url}#{listening.start}.{listening.count}.{listening.heard}"


def read(document_url: str) -> Listening | None:
    """What the call listens for; None before its first document, and after one that asks for nothing."""
    found = _NEXT.fullmatch(document_url)
    if found is None:
        return None
    start, count, heard = (int(found[name]) for name in ("start", "count", "heard"))
    return Listening(url=found["url"], start=start, count=count, heard=heard)
