"""The source that listens at a SIP phone, at a real one: every source's contract, and what only it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from ringproof import SipPhoneCallSource
from ringproof._calls import CallEvent, CallSource, Sink
from ringproof._system import Clock, SystemClock
from ringproof.calls import Ready
from ringproof.testing import (
    Fault,
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
    SecondCallContract,
    WithheldContract,
)
from tests.client_sdk.ear import Ear
from tests.client_sdk.phones import CALLER, OWNER
from tests.support.baresip import WITHHELD, Phone, running_phone
from tests.support.ports import free_port

FOREIGN = "+33639981234"


@pytest.fixture(name="phone", scope="module")
def _phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with running_phone(tmp_path_factory.mktemp("phone"), [OWNER]) as phone:
        yield phone


@pytest.fixture(name="other", scope="module")
def _other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A second phone, which calls the first one."""
    numbers = [CALLER, CALLER[:-1] + "9", FOREIGN, WITHHELD]
    with running_phone(tmp_path_factory.mktemp("other"), numbers) as phone:
        yield phone


@pytest.fixture(name="third", scope="module")
def _third(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A third phone, which calls while the second one does."""
    numbers = [CALLER[:-1] + "9", CALLER, FOREIGN]
    with running_phone(tmp_path_factory.mktemp("third"), numbers) as phone:
        yield phone


def call(phone: Phone, other: Phone, number: str | None = CALLER, *, ring: float = 0.4) -> None:
    """Let the phone ring once, for so many seconds; return when it has stopped."""
    before = len(phone.calls())
    other.dial(f"sip:{OWNER}@{phone.address}", sender=WITHHELD if number is None else number)
    phone.wait_for_call(lambda call: call.rang_at is not None and phone.calls().index(call) >= before)
    time.sleep(ring)
    other.hang_up()
    phone.wait_until_idle()


class Followed(SipPhoneCallSource):
    """Knows how many ends it has told, so that a test need not guess when that was."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.ear = Ear()
        self.listens = False

    def start(self, sink: Sink) -> None:
        def hear(event: CallEvent) -> None:
            sink(event)
            self.ear(event)

        self.listens = True
        super().start(hear)

    def stop(self) -> None:
        self.listens = False
        super().stop()

    def ends(self) -> int:
        return [event.kind for event in self.ear.events].count("ended")


class TestRealPhone(
    WithheldContract,
    SecondCallContract,
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
):
    """A baresip as a source, called by another one."""

    cannot: ClassVar[Mapping[Fault, str]] = {
        "copies": "the phone tells each event once, over one connection, in order",
        "burst": "no call on the wire is short enough on purpose; the control port's own tests feed one",
        "log": "the phone keeps no log that can be asked for",
        "waking": "a program that is not on a phone is never paused",
    }
    number = CALLER
    foreign = FOREIGN
    hears_second = True
    ring_seconds = 0.6
    silence = 3.0
    pause = 0.4

    @pytest.fixture(autouse=True)
    def _phones(self, phone: Phone, other: Phone, third: Phone) -> Iterator[None]:
        self.phone, self.other, self.third = phone, other, third
        self.sources: list[Followed] = []
        self.one_call = threading.Lock()
        self.is_off = False
        yield
        for source in self.sources:
            source.stop()
        # A call may go on for longer than its verification.
        with self.one_call:
            if self.is_off:
                phone.start()
            phone.wait_until_idle()

    def make_clock(self) -> Clock:
        return SystemClock()

    def make_source(self) -> CallSource:
        return self.follow(self.phone.control_address)

    def follow(self, address: str) -> Followed:
        source = Followed(address)
        self.sources.append(source)
        return source

    def ring(self, source: CallSource, number: str | None) -> None:
        assert isinstance(source, Followed)
        before = source.ends()
        call(self.phone, self.other, number)
        if source.listens:
            source.ear.wait_for("ended", how_many=before + 1)

    def call(self, source: CallSource, number: str | None, seconds: float) -> None:
        with self.one_call:
            call(self.phone, self.other, number, ring=seconds)

    def ring_during_ring(self, source: CallSource, first: str, second: str) -> None:
        assert isinstance(source, Followed)
        for times, (caller, number) in enumerate(((self.other, first), (self.third, second)), 1):
            caller.dial(f"sip:{OWNER}@{self.phone.address}", sender=number)
            source.ear.wait_for("ringing", how_many=times)
        time.sleep(self.ring_seconds)
        for times, caller in enumerate((self.other, self.third), 1):
            caller.hang_up()
            source.ear.wait_for("ended", how_many=times)
        self.phone.wait_until_idle()

    def make_refused_source(self) -> CallSource:
        """Nobody answers at the address where the phone should be."""
        return self.follow(f"127.0.0.1:{free_port()}")

    def take_away(self, source: CallSource) -> None:
        self.phone.off()
        self.is_off = True

    def ring_unheard(self, source: CallSource) -> None:
        """A phone that is there is called where the source does not listen; one that is off is not called."""
        if not self.is_off:
            call(self.phone, self.other)


def test_the_ring_time_is_what_the_phone_measured(phone: Phone, other: Phone) -> None:
    """From its first ringing to the end: no longer than the call took; the number is the From's."""
    source, ear = SipPhoneCallSource(phone.control_address), Ear()
    source.start(ear)
    began = time.monotonic()
    call(phone, other, ring=1.0)
    end = ear.wait_for("ended")
    whole = (time.monotonic() - began) * 1000
    source.stop()
    assert (end.number, end.basis, end.quality, end.answered) == (CALLER, "sip", "live", False)
    assert end.ring_ms is not None
    assert end.ring_ms <= whole
    # It rings for a second on the wire; a busy machine may hear the beginning late.
    assert end.ring_ms > 200


@pytest.mark.parametrize("behaviour", ["answer", "reject"])
def test_an_answer_ends_the_ring_and_so_does_a_rejection(phone: Phone, other: Phone, behaviour: str) -> None:
    """The ring time ends there, `answered` tells which; the end of the talk is no second end."""
    source, ear = SipPhoneCallSource(phone.control_address), Ear()
    source.start(ear)
    phone.behave("answer" if behaviour == "answer" else "reject", after=0.6)
    try:
        other.dial(f"sip:{OWNER}@{phone.address}", sender=CALLER)
        end = ear.wait_for("ended")
        if behaviour == "answer":
            other.hang_up()
        phone.wait_until_idle()
    finally:
        phone.behave("ring")
    call(phone, other)
    ear.wait_for("ended", how_many=2)
    source.stop()
    assert end.answered is (behaviour == "answer")
    assert end.ring_ms is not None
    assert end.ring_ms >= 100
    assert [event.kind for event in ear.events] == ["ringing", "ended"] * 2


def test_a_phone_that_was_off_is_heard_again(phone: Phone, other: Phone) -> None:
    """The source finds it when it is back, also when it was off at the start."""
    phone.off()
    source, ear, ready = SipPhoneCallSource(phone.control_address), Ear(), list[Ready]()
    source.prepare(ready.append)
    source.start(ear)
    phone.start()
    _until(lambda: _is_connected(phone))
    call(phone, other)
    ear.wait_for("ended")
    phone.off()
    phone.start()
    _until(lambda: _is_connected(phone))
    call(phone, other)
    ear.wait_for("ended", how_many=2)
    source.stop()
    assert ready == [Ready(usable=False, missing=("baresip",))]
    assert [event.number for event in ear.events] == [CALLER] * 4


def _until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def _is_connected(phone: Phone) -> bool:
    """Whether somebody is connected to the phone's control port, by the kernel's table."""
    port = f":{phone.control:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(port) and row[3] == "01" for row in rows)
