"""What a phone does to calls: copies out of order, bursts, a second call, a log, a pause of the app."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, permutations
from typing import ClassVar

from ringproof._calls import CallEvent, CallSource
from ringproof._sources import Copy
from ringproof.testing._contract import Fault
from ringproof.testing._verifying import VerificationContract


class CopiesContract(VerificationContract):
    """For sources that hear Android's phone state: every state comes twice, in any order, at any time.

    The number is in one copy of the two (javadoc of TelephonyManager.ACTION_PHONE_STATE_CHANGED).
    """

    plays: ClassVar[Fault | None] = "copies"

    def hear(self, source: CallSource, copies: Sequence[Copy]) -> None:
        """Play these copies, each so many seconds from now; return when all were heard."""
        raise NotImplementedError

    def copies(self, number: str) -> tuple[Copy, Copy, Copy, Copy]:
        """Both copies of both states of one call, one moment between the copies of a state."""
        end = self.ring_seconds
        return (
            Copy(0.0, "RINGING"),
            Copy(0.01, "RINGING", number),
            Copy(end, "IDLE"),
            Copy(end + 0.01, "IDLE", number),
        )

    def heard(self, copies: Sequence[Copy]) -> list[CallEvent]:
        """What a source tells of these copies."""
        source, events = self.started()
        self.hear(source, copies)
        source.stop()
        return events

    def test_the_copies_of_a_state_come_in_any_order(self) -> None:
        """One `ringing`, one `ended`, the number, the ring time: in all four orders."""
        first, second, third, fourth = self.copies(self.number)
        for ringing in ((first, second), (second, first)):
            for idle in ((third, fourth), (fourth, third)):
                events = self.heard(_in_order((*ringing, *idle)))
                kinds = [event.kind for event in events if event.kind != "number_late"]
                assert kinds == ["ringing", "ended"]
                assert events[-1].number == self.number
                assert events[-1].quality == "live"

    def test_overtaking_copies_make_no_ghost_calls(self) -> None:
        """All 24 orders of the four copies are one call with its number, and never two ends."""
        for order in permutations(self.copies(self.number)):
            events = self.heard(_in_order(order))
            kinds = [event.kind for event in events]
            assert kinds.count("ringing") == 1, order
            assert kinds.count("ended") <= 1, order
            assert {event.call for event in events} == {events[0].call}, order
            assert events[-1].number == self.number, order

    def test_copies_that_come_twice_are_one_call(self) -> None:
        """As on phones with two SIMs."""
        twice = [copy for copy in self.copies(self.number) for _ in range(2)]
        events = self.heard(twice)
        assert [event.kind for event in events if event.kind != "number_late"] == ["ringing", "ended"]
        assert events[-1].number == self.number

    def test_a_number_after_the_end_belongs_to_the_call(self) -> None:
        """It is told as `number_late`, of the same call."""
        end = self.ring_seconds
        late = (Copy(0.0, "RINGING"), Copy(end, "IDLE"), Copy(end + 0.3, "IDLE", self.number))
        events = self.heard(late)
        assert [event.kind for event in events] == ["ringing", "ended", "number_late"]
        assert {event.call for event in events} == {events[0].call}
        assert events[-1].number == self.number

    def test_a_late_number_still_verifies(self) -> None:
        """The report waits for nothing but the number."""
        source, end = self.make_source(), self.ring_seconds
        late = (Copy(0.0, "RINGING"), Copy(end, "IDLE"), Copy(end + 0.3, "IDLE", self.number))
        self.when_ordered(lambda: self.hear_later(source, late))
        assert self.verify(source).channel == "flashcall"
        assert self.evidence[0]["caller_id"] == self.number

    def hear_later(self, source: CallSource, copies: Sequence[Copy]) -> None:
        """As `hear`; on a FakeClock without waiting."""
        self.hear(source, copies)

    def test_copies_without_a_number_are_not_withheld(self) -> None:
        """No number extra means no permission; only an empty one means that the caller hides."""
        events = self.heard([Copy(0.0, "RINGING"), Copy(self.ring_seconds, "IDLE")])
        assert [(event.number, event.withheld) for event in events] == [(None, False)] * len(events)
        assert [event.kind for event in events] == ["ringing", "ended"]

    def test_an_answered_call_is_told_so_and_its_end_only_once(self) -> None:
        """OFFHOOK ends the ring; the end of the talk is no second end."""
        begin = self.ring_seconds
        talk = (
            Copy(0.0, "RINGING", self.number),
            Copy(begin, "OFFHOOK", self.number),
            Copy(begin, "OFFHOOK"),
            Copy(begin + self.ring_seconds, "IDLE"),
            Copy(begin + self.ring_seconds, "IDLE", self.number),
        )
        events = self.heard(talk)
        assert [event.kind for event in events] == ["ringing", "ended"]
        assert events[-1].answered is True

    def test_whether_a_call_during_a_call_was_answered_is_not_known(self) -> None:
        """The phone is off the hook before and after, whatever became of the second call."""
        ring = self.ring_seconds
        waiting = (
            Copy(0.0, "OFFHOOK"),
            Copy(ring, "RINGING", self.number),
            Copy(2 * ring, "OFFHOOK", self.number),
            Copy(3 * ring, "IDLE"),
        )
        events = self.heard(waiting)
        assert [event.kind for event in events] == ["ringing", "ended"]
        assert events[-1].answered is None

    def test_a_lost_end_does_not_melt_two_calls_into_one(self) -> None:
        """Another number means another call; the first one is closed without a ring time."""
        other = self.number[:-1] + "9"
        events = self.heard(
            [
                Copy(0.0, "RINGING", self.number),
                Copy(self.ring_seconds, "RINGING", other),
                Copy(2 * self.ring_seconds, "IDLE", other),
            ]
        )
        ends = [(event.number, event.ring_ms is None) for event in events if event.kind == "ended"]
        assert ends == [(self.number, True), (other, False)]
        assert len({event.call for event in events}) == 2


class BurstContract(VerificationContract):
    """The app was frozen, and hears beginning and end of a call together."""

    plays: ClassVar[Fault | None] = "burst"

    def burst(self, source: CallSource, number: str) -> None:
        """Let the source hear a whole call at once; on a FakeClock without waiting."""
        raise NotImplementedError

    def test_a_burst_has_no_ring_time(self) -> None:
        """A measured 3 ms would be a lie."""
        source, events = self.started()
        self.burst(source, self.number)
        self.wait_until(lambda: any(event.kind == "ended" for event in events))
        source.stop()
        end = next(event for event in events if event.kind == "ended")
        assert (end.quality, end.ring_ms) == ("burst", None)
        assert events[-1].number == self.told(self.number)

    def test_a_burst_verifies_by_its_number(self) -> None:
        """It is reported as what it is, without a ring time."""
        source = self.make_source()
        self.when_ordered(lambda: self.burst(source, self.number))
        assert self.verify(source).channel == "flashcall"
        (proof,) = self.evidence
        assert proof["quality"] == "burst"
        assert "ring_ms" not in proof


class SecondCallContract(VerificationContract):
    """A second call begins while the first one rings."""

    plays: ClassVar[Fault | None] = "second_call"

    hears_second: ClassVar[bool] = False
    """Whether the source hears it at all; Android announces none while another one rings."""

    def ring_during_ring(self, source: CallSource, first: str, second: str) -> None:
        """Let both ring, the second begins during the first; return when both ends were told."""
        raise NotImplementedError

    def test_a_second_call_is_not_mixed_with_the_first(self) -> None:
        """Each call keeps its number and has one end; the second is heard or not, as declared."""
        source, events = self.started()
        other = self.number[:-1] + "9"
        self.ring_during_ring(source, self.number, other)
        source.stop()
        expected = [self.told(self.number), self.told(other)][: 2 if self.hears_second else 1]
        numbers = {event.call: set[str]() for event in events}
        for event in events:
            if event.number:
                numbers[event.call].add(event.number)
        assert sorted(numbers.values(), key=str) == sorted(({each} for each in expected), key=str)
        assert [event.kind for event in events].count("ended") == len(expected)

    def test_a_second_call_is_nobodys_business(self) -> None:
        """The expected call counts, and who called meanwhile does not leave the phone."""
        source = self.make_source()
        self.server.on_start = lambda: self.ring_during_ring(source, self.number, self.foreign)
        assert self.verify(source).channel == "flashcall"
        assert not self.left_the_phone(self.foreign)

    def test_the_expected_call_may_be_the_second(self) -> None:
        """It counts if it is heard; if it is not, the code takes over."""
        source = self.make_source()
        self.server.interception = self.silence
        self.server.on_start = lambda: self.ring_during_ring(source, self.foreign, self.number)
        verified = self.verify(source, code_after=0.1)
        assert verified.channel == ("flashcall" if self.hears_second else "sms")
        assert not self.left_the_phone(self.foreign)


class LogContract(VerificationContract):
    """The phone keeps a log of its calls."""

    plays: ClassVar[Fault | None] = "log"

    def write_to_log(self, source: CallSource, number: str | None, *, began_ms: int, ring_ms: int) -> None:
        """The phone logs an unanswered call that began at this wall time and rang so long."""
        raise NotImplementedError

    def now_ms(self) -> int:
        """The wall time."""
        return round(self.clock.wall() * 1000)

    def test_a_logged_call_is_found_from_its_beginning_on(self) -> None:
        """`history` counts from the first ring, and names a row the same every time."""
        source, _ = self.started()
        began = self.now_ms() - 20_000
        self.write_to_log(source, self.number, began_ms=began, ring_ms=4000)
        found = list(source.history(began))
        again = list(source.history(began - 1))
        later = list(source.history(began + 1))
        source.stop()
        assert [(row.number, row.withheld, row.wall_ms) for row in found] == [(self.number, False, began)]
        assert [row.row for row in again] == [row.row for row in found]
        assert later == []
        assert self.number not in repr(found)

    def test_each_logged_call_has_a_row_of_its_own(self) -> None:
        """Two calls from one number are two rows."""
        source, _ = self.started()
        began = self.now_ms() - 40_000
        self.write_to_log(source, self.number, began_ms=began, ring_ms=4000)
        self.write_to_log(source, self.number, began_ms=began + 20_000, ring_ms=4000)
        rows = list(source.history(began))
        source.stop()
        assert sorted(row.wall_ms for row in rows) == [began, began + 20_000]
        assert len({row.row for row in rows}) == 2

    def test_a_logged_call_without_a_number_is_withheld(self) -> None:
        """And has no number, not an empty one."""
        source, _ = self.started()
        began = self.now_ms() - 20_000
        self.write_to_log(source, None, began_ms=began, ring_ms=4000)
        (row,) = source.history(began)
        source.stop()
        assert (row.number, row.withheld) == (None, True)

    def test_a_call_that_was_only_logged_verifies(self) -> None:
        """No broadcast came; the log is read before the time is up, and what it says is no live ring time."""
        source = self.make_source()

        def log() -> None:
            began = self.now_ms() - round(self.ring_seconds * 1000)
            self.write_to_log(source, self.number, began_ms=began, ring_ms=round(self.ring_seconds * 1000))

        self.when_ordered(log, after=self.ring_seconds + 0.1)
        assert self.verify(source).channel == "flashcall"
        (proof,) = self.evidence
        assert (proof["caller_id"], proof["basis"]) == (self.number, "call_log")
        assert proof["quality"] != "live"

    def test_a_foreign_call_in_the_log_never_leaves_the_phone(self) -> None:
        """Whatever else is in the log is nobody's business."""
        source, foreign = self.make_source(), "+33639985678"

        def log() -> None:
            self.write_to_log(source, foreign, began_ms=self.now_ms() - 1000, ring_ms=1000)
            self.write_to_log(source, self.number, began_ms=self.now_ms() - 500, ring_ms=500)

        self.when_ordered(log, after=1.1)
        assert self.verify(source).channel == "flashcall"
        assert not self.left_the_phone(foreign)


class WakingContract(VerificationContract):
    """The source knows when the app is in front again after a pause."""

    plays: ClassVar[Fault | None] = "waking"

    def come_back(self, source: CallSource) -> None:
        """The app was away and is in front again."""
        raise NotImplementedError

    def test_every_return_is_told_while_it_listens(self) -> None:
        """Once for each, never after `stop`, and again after the next `start`."""
        source, woken = self.make_source(), list[int]()
        waking = getattr(source, "when_awake", None)
        assert callable(waking)
        waking(lambda: woken.append(1))
        for times in (1, 2):
            source.start(lambda _: None)
            self.come_back(source)
            self.wait_until(lambda times=times: len(woken) == times)  # type: ignore[misc]
            source.stop()
            self.come_back(source)
            self.clock.sleep(0.2)
            assert len(woken) == times

    def test_coming_back_looks_at_the_server(self) -> None:
        """What happened during the pause is asked for at once, not at the next planned look."""
        source, asked = self.make_source(), list[int]()

        def act() -> None:
            asked.append(len(self.server.calls_to("GET")))
            self.come_back(source)
            self.clock.later(0.5, lambda: asked.append(len(self.server.calls_to("GET"))))
            self.clock.later(0.6, lambda: self.call(source, self.number, self.ring_seconds))

        self.when_ordered(act)
        assert self.verify(source).channel == "flashcall"
        assert asked == [0, 1]


def _in_order(copies: Sequence[Copy]) -> list[Copy]:
    """The copies in this order: whatever was overtaken comes as late as what overtook it."""
    moments = accumulate((copy.after for copy in copies), max)
    return [Copy(after, copy.state, copy.number) for after, copy in zip(moments, copies, strict=True)]
