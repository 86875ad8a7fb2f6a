"""When the current step's deadlines are, and when to look at the server. No input or output, no clock.

The server says in every answer what happens when, so a look is only taken when something may have changed:
around its own next action, a few times while a call has not come, and at the end.
"""

from __future__ import annotations

from ringproof._models import Verification

CALL_LOOKS = (8.0, 16.0, 30.0)
"""Seconds into a flash call's step: a route that failed early is noticed before the step is over."""
CODE_LOOK = 15.0
"""Seconds between looks while a code is awaited: the server may have moved on to another channel."""
KEYPAD_LOOK = 2.0
"""Seconds between looks while the person types digits in a call, which only the server notices."""
WAIT_LOOK = 3.0
"""Seconds between looks when only the server can notice the proof, or when it is late."""
LAST_MOMENT = 2.0
"""Seconds before the interception deadline at which what is known is reported, end of the ring or not."""
MARGIN = 0.5
"""Seconds after the server's deadline, so that it has acted when it is asked."""
GRACE = 10.0
"""Seconds after the expiry for which a server is still tried that cannot be reached, or knows of no end."""
LONGEST_LIFE = 3600.0
"""Seconds after which it is over here, whatever the server says; none lets a verification live longer."""
LONGEST_HOLD = 15.0
"""Seconds for which a server that does not answer is left alone, at most."""


class Agenda:
    """The deadlines of the current step; all times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.step: tuple[object, ...] | None = None
        self.began = 0.0
        self.expires_at: float | None = None
        self.over_at: float | None = None
        self.check_at = 0.0
        self.intercept_until: float | None = None
        self.report_until: float | None = None
        self.look_at = 0.0
        self._extra: list[float] = []

    @property
    def last_moment(self) -> float | None:
        """When a call that still rings is reported without its end; None outside a flash call's step."""
        return None if self.intercept_until is None else self.intercept_until - LAST_MOMENT

    def update(self, view: Verification, now: float) -> bool:
        """Take in an answer; True when it shows another step than before."""
        attempt, flash = view.attempt, view.flashcall
        step = (
            attempt.id if attempt else None,
            attempt.channel if attempt else None,
            flash.call if flash else None,
        )
        fresh = step != self.step
        if fresh:
            self.step, self.began = step, now
            self._extra.clear()
            if flash:
                self.intercept_until = now + flash.interception_timeout
                self.report_until = now + max(flash.report_timeout, flash.interception_timeout)
            else:
                self.intercept_until = None
        if view.expires_in is not None:
            self.expires_at = now + view.expires_in
        if self.over_at is None:
            # What was said first counts: with every answer a life could be made longer.
            life = LONGEST_LIFE if view.expires_in is None else min(view.expires_in, LONGEST_LIFE)
            self.over_at = now + life + GRACE
        self.check_at = now + (view.next.check_in or 0.0)
        self.look_at = self._next_look(view, now)
        return fresh

    def is_over(self, now: float) -> bool:
        """Whether the verification has lived longer than it can."""
        return self.over_at is not None and now > self.over_at

    def look_after(self, now: float, *seconds: float) -> None:
        """Look soon, because the phone noticed something that the server may explain."""
        self._extra = [now + after for after in seconds]
        self.look_at = min([self.look_at, *self._extra])

    def _next_look(self, view: Verification, now: float) -> float:
        times = [time for time in self._extra if time > now]
        automatic = view.next.automatic
        if automatic:
            times.append(now + automatic.seconds + MARGIN)
        if view.flashcall:
            times += [self.began + after for after in CALL_LOOKS]
            if self.intercept_until is not None:
                times.append(self.intercept_until + MARGIN)
        elif view.code:
            times.append(now + CODE_LOOK)
        elif view.keypad:
            times.append(now + KEYPAD_LOOK)
        coming = [time for time in times if time > now]
        look = min(coming) if coming else now + WAIT_LOOK
        return look if self.expires_at is None else min(look, max(self.expires_at, now) + MARGIN)


class HoldOff:
    """Until when a server that could not answer is left alone; longer after each failure in a row."""

    def __init__(self) -> None:
        self.until = 0.0
        self._failures = 0

    def over(self) -> None:
        """It answered."""
        self._failures = 0

    def extend(self, now: float, seconds: float | None, over_at: float | None) -> None:
        """It failed; `seconds` is what it asked for. Never much longer than the verification lives."""
        wait = seconds if seconds is not None else min(2.0 ** min(self._failures, 4), LONGEST_HOLD)
        self._failures += 1
        if over_at is not None:
            wait = min(wait, max(over_at - now, 0.0) + 1.0)
        self.until = now + max(wait, 0.1)
