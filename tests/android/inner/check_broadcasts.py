"""Broadcasts are heard on a thread of their own, again and again, whatever the app does meanwhile."""

from __future__ import annotations

import gc
import logging
import threading
from itertools import permutations

import jnius
import pytest

from ringproof.android import AndroidCallSource
from ringproof.android._bridge.receivers import Receiver, phone_state
from ringproof.calls import CallEvent
from tests.android.phone import Phone

CALLER = "+442079460018"
FOUR = (("RINGING", None), ("RINGING", CALLER), ("IDLE", None), ("IDLE", CALLER))
PHONE_STATE = "android.intent.action.PHONE_STATE"


class Ear:
    """A source with both permissions, and what it tells."""

    def __init__(self, phone: Phone) -> None:
        phone.grant()
        self.phone = phone
        self.events: list[CallEvent] = []
        self.source = AndroidCallSource()

    def hears(self) -> list[CallEvent]:
        """What was told since the last time."""
        self.phone.settle()
        heard, self.events[:] = list(self.events), []
        return heard

    def kinds(self) -> list[str]:
        return [event.kind for event in self.hears() if event.kind != "number_late"]

    def ring(self, ms: int = 5_000, number: str = CALLER) -> None:
        self.phone.change("RINGING", number)
        self.phone.move_clock(ms)
        self.phone.change("IDLE", number)


@pytest.fixture
def ear(phone: Phone) -> Ear:
    return Ear(phone)


def test_fifty_restarts_hear_fifty_calls(ear: Ear) -> None:
    """One source, started and stopped 50 times, with the collector at work; nothing is left behind."""
    for _ in range(50):
        ear.source.start(ear.events.append)
        ear.ring()
        assert ear.kinds() == ["ringing", "ended"]
        ear.source.stop()
        gc.collect()
        ear.phone.broadcast("RINGING", CALLER)
    assert ear.hears() == []
    ear.phone.wait_for(lambda: ear.phone.looper_threads() == 0, "threads were left running")


def test_fifty_sources_one_after_another_hear_fifty_calls(ear: Ear) -> None:
    """A new source for each verification; the old ones are collected while Java may still hold them."""
    for _ in range(50):
        source = AndroidCallSource()
        source.start(ear.events.append)
        ear.ring()
        source.stop()
        del source
        gc.collect()
        assert ear.kinds() == ["ringing", "ended"]


def test_a_stop_while_broadcasts_are_on_their_way_ends_well(ear: Ear) -> None:
    """200 times, without waiting for them: the receiver's objects live as long as Java may call them."""
    for _ in range(200):
        ear.source.start(ear.events.append)
        for state, number in FOUR:
            ear.phone.broadcast(state, number)
        ear.source.stop()
        gc.collect(0)
    ear.phone.settle()


def test_all_orders_of_the_four_copies_are_one_call(ear: Ear) -> None:
    """24 orders, each broadcast anew, with 5 s between what belongs to the two states."""
    at_once = 0
    for order in permutations(FOUR):
        ear.source.start(ear.events.append)
        for last, (state, number) in zip((None, *order), order, strict=False):
            if last is not None and last[0] != state:
                ear.phone.move_clock(500)
            ear.phone.broadcast(state, number)
            ear.phone.settle()
        events = ear.hears()
        ear.source.stop()
        assert [event.kind for event in events].count("ringing") == 1, order
        assert {event.call for event in events} == {1}, order
        assert events[-1].number == CALLER, order
        at_once += [event.kind for event in events].count("ended")
    assert at_once == 20


def test_an_end_that_overtook_everything_comes_by_the_clock(ear: Ear) -> None:
    """In the other four orders the alarm closes the call, without a ring time."""
    ear.source.start(ear.events.append)
    for state, number in (FOUR[2], FOUR[3], FOUR[0], FOUR[1]):
        ear.phone.broadcast(state, number)
    assert ear.kinds() == ["ringing"]
    ear.phone.move_clock(31_000)
    ear.phone.broadcast("IDLE")
    (end,) = ear.hears()
    ear.source.stop()
    assert (end.kind, end.ring_ms, end.quality) == ("ended", None, "burst")


def test_two_sims_tell_everything_twice_and_it_is_one_call(ear: Ear) -> None:
    """Eight copies of one call."""
    ear.source.start(ear.events.append)
    for state in ("RINGING", "IDLE"):
        for _ in range(2):
            ear.phone.change(state, CALLER)
        ear.phone.move_clock(5_000)
    assert ear.kinds() == ["ringing", "ended"]
    ear.source.stop()


def test_the_ring_is_measured_on_the_clock_that_never_jumps(ear: Ear) -> None:
    """`SystemClock.elapsedRealtime`, to the millisecond."""
    ear.phone.set_clock(7_000_000)
    ear.source.start(ear.events.append)
    ear.ring(ms=4_321)
    end = ear.hears()[-1]
    ear.source.stop()
    assert (end.ring_ms, end.mono_ms, end.quality) == (4_321, 7_004_321, "live")


def test_a_frozen_app_hears_a_burst_without_a_ring_time(ear: Ear) -> None:
    """All four copies at once, when the app is thawed."""
    ear.phone.set_clock(1_000)
    ear.source.start(ear.events.append)
    for state, number in FOUR:
        ear.phone.broadcast(state, number)
    end = next(event for event in ear.hears() if event.kind == "ended")
    ear.source.stop()
    assert (end.quality, end.ring_ms) == ("burst", None)


def test_a_withheld_number_is_an_empty_extra(ear: Ear) -> None:
    """Told apart from a copy that has no such extra."""
    ear.source.start(ear.events.append)
    ear.ring(number="")
    events = ear.hears()
    ear.source.stop()
    assert events[-1].withheld
    assert all(event.number is None for event in events)


def test_a_sink_that_fails_silences_nothing(ear: Ear, caplog: pytest.LogCaptureFixture) -> None:
    """Its event is lost, the thread lives on, and the log says what kind of failure, never the number."""
    caplog.set_level(logging.DEBUG)
    fail = [True]

    def sink(event: CallEvent) -> None:
        if fail.pop() if fail else False:
            raise ValueError(f"cannot take {event.number} of {CALLER}")
        ear.events.append(event)

    ear.source.start(sink)
    ear.ring()
    ear.phone.move_clock(60_000)
    ear.ring()
    ear.source.stop()
    ends = [event for event in ear.hears() if event.kind == "ended"]
    assert [event.number for event in ends] == [CALLER, CALLER]
    assert "ValueError" in caplog.text
    assert CALLER[1:] not in caplog.text


def test_a_sink_may_stop_the_source(ear: Ear) -> None:
    """From inside the callback, on the receiver's own thread."""

    def sink(event: CallEvent) -> None:
        ear.events.append(event)
        ear.source.stop()

    ear.source.start(sink)
    ear.ring()
    assert [event.kind for event in ear.hears()] == ["ringing"]


def test_broadcasts_come_on_a_thread_of_their_own(ear: Ear) -> None:
    """Neither on the one that started the source nor on Android's main one, which a pause may hold up."""
    threads: list[int] = []
    looper = jnius.autoclass("android.os.Looper")
    on_main: list[bool] = []

    def sink(_: CallEvent) -> None:
        threads.append(threading.get_ident())
        on_main.append(bool(looper.getMainLooper().isCurrentThread()))

    ear.source.start(sink)
    ear.ring()
    ear.source.stop()
    assert threads
    assert threading.get_ident() not in threads
    assert not any(on_main)


def test_the_collector_may_run_while_broadcasts_arrive(ear: Ear) -> None:
    """60 calls on the receiver's thread against a storm of collections and of garbage here."""
    ear.source.start(ear.events.append)
    stop = threading.Event()

    def storm() -> None:
        while not stop.wait(0.001):
            for _ in range(50):
                cycle: list[object] = []
                cycle.append(cycle)
            gc.collect()

    storms = [threading.Thread(target=storm) for _ in range(2)]
    for each in storms:
        each.start()
    try:
        for number in range(60):
            ear.phone.change("RINGING", f"+4420794{number:05}")
            ear.phone.move_clock(3_000)
            ear.phone.change("IDLE", f"+4420794{number:05}")
    finally:
        stop.set()
        for each in storms:
            each.join()
    ends = [event.number for event in ear.hears() if event.kind == "ended"]
    ear.source.stop()
    assert ends == [f"+4420794{number:05}" for number in range(60)]


def test_strange_states_and_numbers_do_no_harm(ear: Ear) -> None:
    """A state of a later Android, no state, and a text of a megabyte instead of a number."""
    ear.source.start(ear.events.append)
    ear.phone.broadcast("HOLOGRAM", CALLER)
    ear.phone.broadcast("", None)
    ear.phone.broadcast("RINGING", "7" * 1_000_000)
    events = ear.hears()
    ear.source.stop()
    assert [event.kind for event in events] == ["ringing"]
    assert len(events[0].number or "") < 100


@pytest.mark.parametrize("version", [26, 32, 33, 35])
def test_a_phone_state_receiver_needs_no_flag_on_any_version(phone: Phone, version: int) -> None:
    """It is a broadcast of the system, which the rule of API level 34 leaves alone."""
    phone.java.setSdk(version)
    phone.grant()
    heard: list[tuple[str, str | None]] = []
    receiver = phone_state(lambda state, number: heard.append((state, number)))
    receiver.start()
    receiver.start()
    assert phone.receivers(PHONE_STATE) == 1
    phone.change("RINGING", CALLER)
    receiver.stop()
    receiver.stop()
    assert heard == [("RINGING", None), ("RINGING", CALLER)]


@pytest.mark.parametrize(("version", "heard"), [(26, 1), (32, 1), (33, 1), (35, 1)])
def test_a_receiver_may_listen_to_one_trusted_app_only(phone: Phone, version: int, heard: int) -> None:
    """With the permission that its sender must hold; others are not heard."""
    phone.java.setSdk(version)
    got: list[str] = []
    receiver = Receiver(
        "com.example.NEWS",
        lambda intent: str(intent.getAction()),
        got.append,
        sender_permission="com.example.SEND",
    )
    receiver.start()
    intent = jnius.autoclass("android.content.Intent")("com.example.NEWS")
    phone.broadcasts.fromApp(intent, None)
    phone.broadcasts.fromApp(intent, "com.example.OTHER")
    phone.broadcasts.fromApp(intent, "com.example.SEND")
    phone.settle()
    receiver.stop()
    assert got == ["com.example.NEWS"] * heard


def test_a_registration_that_fails_leaves_no_thread(phone: Phone) -> None:
    """And the receiver can be started later on."""
    receiver = Receiver("com.example.NEWS", lambda _: 0, lambda _: None)
    with pytest.raises(jnius.JavaException):
        receiver.start()
    phone.wait_for(lambda: phone.looper_threads() == 0, "the thread was left running")
    phone.java.setTarget(33)
    receiver.start()
    receiver.stop()
