"""One source of calls within a verification: asked, started in time, stopped for certain.

A source that breaks, as phones of some makers let it, is a way that is closed: the person can still type
digits or a code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from ringproof._calls import CallEvent, CallSource, Capabilities, ExpectedCall, Ready, SeenCall, Way

Result = TypeVar("Result")

DEAF = Capabilities(number_live=False, ring_time=False, history=False, zero_touch=False)
"""What a broken source can do."""


@dataclass(frozen=True)
class Prepared:
    """A source's permission dialogs are over."""

    source: int
    ready: Ready


@dataclass(frozen=True)
class Heard:
    """A source heard something."""

    source: int
    event: CallEvent


@dataclass(frozen=True)
class Awake:
    """The app is back after a pause, in which it may have missed something."""


Message: TypeAlias = "Prepared | Heard | Awake"


class Ear:
    """A source and its standing: still being asked, refused, listening, broken."""

    def __init__(self, index: int, source: CallSource, post: Callable[[Message], None]) -> None:
        self._index = index
        self._source = source
        self._post = post
        self._missing: tuple[str, ...] | None = None
        self._failure: str | None = None
        self._broken = False
        self._usable = False
        self._listens = False

    @property
    def waiting(self) -> bool:
        """Whether its permission dialogs are still open."""
        return self._missing is None

    @property
    def usable(self) -> bool:
        """Whether it may listen."""
        return self._usable

    @property
    def listens(self) -> bool:
        """Whether it was started."""
        return self._listens

    def capabilities(self) -> Capabilities:
        """What it can do now."""
        return self._attempt(self._source.capabilities, DEAF)

    def ways(self) -> Sequence[Way]:
        """Its own ways, or the one that it is."""
        own: Callable[[], Sequence[Way]] | None = getattr(self._source, "ways", None)
        none: Sequence[Way] = ()
        ways = self._attempt(own, none) if own is not None and not self._broken else none
        return ways or (self._only_way(),)

    def _only_way(self) -> Way:
        failure = "" if self._failure is None else f"has failed with {self._failure}"
        if self._missing is None:
            reason = "is still being asked for permission"
        elif self._usable:
            return Way(self._source.name, taken=True, reason="listens", note=failure)
        else:
            reason = failure if self._broken else f"lacks {', '.join(self._missing)}"
        return Way(self._source.name, taken=False, reason=reason)

    def prepare(self) -> None:
        """Open its permission dialogs; the answer comes as a message."""

        def prepare() -> bool:
            self._source.prepare(lambda ready: self._post(Prepared(self._index, ready)))
            return True

        if not self._attempt(prepare, otherwise=False):
            self._broken = True
            self._post(Prepared(self._index, Ready(usable=False)))

    def prepared(self, ready: Ready) -> None:
        """The dialogs are over."""
        self._missing = ready.missing
        self._usable = ready.usable

    def start(self) -> None:
        """Listen, if it may and does not yet."""
        if self._usable and not self._listens:
            self._listens = True
            if not self._attempt(self._begin, otherwise=False):
                self.stop()
                self._broken, self._usable = True, False

    def _begin(self) -> bool:
        when_awake = getattr(self._source, "when_awake", None)
        if when_awake is not None:
            when_awake(lambda: self._post(Awake()))
        self._source.start(lambda event: self._post(Heard(self._index, event)))
        return True

    def expect(self, call: ExpectedCall | None) -> None:
        """A call was announced, or (None) the server has gone on to something else."""
        told = getattr(self._source, "expect_nothing" if call is None else "expect", None)
        if told is not None and self._listens:
            self._attempt(told if call is None else lambda: told(call), None)

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:
        """What its phone has logged; nothing when that cannot be read."""
        return self._attempt(lambda: self._source.history(since_wall_ms), ())

    def stop(self) -> None:
        """Listen no longer."""
        if self._listens:
            self._listens = False
            self._attempt(self._source.stop, None)

    def _attempt(self, act: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - whatever breaks in a phone must not end the verification
            # The words of an error might quote a number; its kind does not.
            self._failure = type(error).__name__
            return otherwise
