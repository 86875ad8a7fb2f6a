"""The round of dialogs as a state machine: in whatever order things happen, it ends once and nags nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from ringproof.android._permissions import (
    LONGEST_S,
    READ_CALL_LOG,
    READ_PHONE_STATE,
    Permissions,
    Refusals,
)
from ringproof.testing import FakeClock

BOTH = (READ_PHONE_STATE, READ_CALL_LOG)


class Dialogs:
    """A phone whose answers a test makes up."""

    def __init__(self) -> None:
        self.granted: set[str] = set()
        self.asked: list[tuple[str, ...]] = []
        self.explained = True
        self.requested: Callable[[], None] = lambda: None
        self.answered: Callable[[bool], None] = lambda _: None
        self.watching: list[Callable[[], None]] = []
        self._paused: list[Callable[[], None]] = []
        self._resumed: list[Callable[[], None]] = []

    def held(self, name: str) -> bool:
        return name in self.granted

    def declared(self) -> frozenset[str]:
        return frozenset(BOTH)

    def explains(self, name: str) -> bool:
        return self.explained

    def ask(
        self, names: Sequence[str], *, requested: Callable[[], None], answered: Callable[[bool], None]
    ) -> None:
        self.asked.append(tuple(names))
        self.requested, self.answered = requested, answered

    def on_resumed(self, call: Callable[[], None]) -> Callable[[], None]:
        return _listen(self._resumed, call)

    def on_paused(self, call: Callable[[], None]) -> Callable[[], None]:
        return _listen(self._paused, call)

    def open_settings(self) -> bool:
        return True

    def happen(self, event: str) -> None:
        """One thing that a phone may do."""
        if event == "requested":
            self.requested()
        elif event == "answered":
            self.answered(True)
        elif event == "interrupted":
            self.answered(False)
        elif event in {"paused", "resumed"}:
            for call in list(self._paused if event == "paused" else self._resumed):
                call()
        else:
            self.granted.add(event)

    def listeners(self) -> int:
        return len(self._paused) + len(self._resumed)


def _listen(calls: list[Callable[[], None]], call: Callable[[], None]) -> Callable[[], None]:
    calls.append(call)
    return lambda: calls.remove(call)


EVENTS = st.lists(
    st.one_of(
        st.sampled_from(["requested", "answered", "interrupted", "paused", "resumed", *BOTH]),
        st.floats(0, 60),
    ),
    max_size=12,
)


@given(events=EVENTS)
def test_every_round_ends_exactly_once_and_leaves_nothing_behind(events: list[str | float]) -> None:
    """By an answer, a return, or the clock; then nobody listens any more, and no second request follows
    within the round.
    """
    dialogs, clock, done = Dialogs(), FakeClock(), list[float]()
    began = clock.monotonic()
    permissions = Permissions(dialogs, Refusals(), clock)
    permissions.request(BOTH, lambda: done.append(clock.monotonic() - began))
    for event in events:
        if isinstance(event, float):
            clock.sleep(event)
        else:
            dialogs.happen(event)
    clock.sleep(LONGEST_S)
    assert len(done) == 1
    assert done[0] <= LONGEST_S
    assert dialogs.asked == [BOTH]
    assert dialogs.listeners() == 0


@given(events=EVENTS)
def test_only_what_a_person_could_see_counts_as_refused(events: list[str | float]) -> None:
    """Refused is what was answered, or left after a dialog, without being granted; it is not asked again."""
    dialogs, clock, refusals = Dialogs(), FakeClock(), Refusals()
    permissions = Permissions(dialogs, refusals, clock)
    permissions.request(BOTH, lambda: None)
    shown = answered = False
    for event in events:
        if isinstance(event, float):
            clock.sleep(event)
            continue
        shown |= event == "paused"
        answered |= event == "answered" or (event == "resumed" and shown)
        dialogs.happen(event)
    clock.sleep(LONGEST_S)
    refused = [name for name in BOTH if permissions.refused(name)]
    assert answered or not refused
    assert not set(refused) & dialogs.granted
    permissions.request(BOTH, lambda: None)
    assert all(name not in refusals for name in (dialogs.asked[1] if len(dialogs.asked) > 1 else ()))


def test_a_permission_that_the_settings_gave_back_is_refused_no_more() -> None:
    """Nor blocked."""
    dialogs = Dialogs()
    permissions = Permissions(dialogs, Refusals(), FakeClock())
    permissions.request(BOTH, lambda: None)
    dialogs.happen("answered")
    dialogs.explained = False
    assert all(permissions.blocked(name) for name in BOTH)
    dialogs.happen(READ_CALL_LOG)
    assert [permissions.blocked(name) for name in BOTH] == [True, False]
