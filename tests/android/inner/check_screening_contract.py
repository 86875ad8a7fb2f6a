"""The contract of sources, with call screening on real Java: alone, and as part of the phone's source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

import pytest

from ringproof._calls import CallSource
from ringproof.android import ScreeningFeed
from ringproof.android._permissions import Refusals
from ringproof.android._source import AndroidCallSource, this_phone
from ringproof.testing import (
    BurstContract,
    FakeClock,
    Fault,
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
    SecondCallContract,
    WakingContract,
    WithheldContract,
)
from tests.android.phone import READ_CALL_LOG, READ_PHONE_STATE, Phone
from tests.android.telecom import SCREENING, Roles, Screening, Telecom


class TestScreening(
    ForeignCallContract, LateCallContract, RefusedContract, SecondCallContract, WithheldContract
):
    """The contract, with neither READ_PHONE_STATE nor READ_CALL_LOG."""

    hears_second = True
    cannot: ClassVar[Mapping[Fault, str]] = {
        "copies": "Android asks about each call once",
        "burst": "the end of a call is never told",
        "log": "screening keeps no log of its own",
        "waking": "whoever holds it knows when the app is back",
    }

    @pytest.fixture(autouse=True)
    def _on(self, phone: Phone) -> Iterator[None]:
        self.phone = phone
        self.screening = Screening()
        yield
        self.screening.stop()

    def make_clock(self) -> FakeClock:
        return FakeClock()

    def make_source(self) -> ScreeningFeed:
        Roles.give(SCREENING)
        return ScreeningFeed(self.screening, clock=self.clock)

    def make_refused_source(self) -> ScreeningFeed:
        Roles.reset()
        return ScreeningFeed(self.screening, clock=self.clock)

    def take_away(self, source: CallSource) -> None:
        Roles.take(SCREENING)

    def ring_unheard(self, source: CallSource) -> None:
        assert Telecom.incoming(self.number) == "unasked"

    def ring(self, source: CallSource, number: str | None) -> None:
        self.call(source, number, self.ring_seconds)
        self.clock.sleep(self.ring_seconds + self.pause)

    def call(self, source: CallSource, number: str | None, seconds: float) -> None:
        assert Telecom.incoming(number) in {"allow", "silence"}
        self.screening.wait(self.phone)

    def ring_during_ring(self, source: CallSource, first: str, second: str) -> None:
        self.ring(source, first)
        self.ring(source, second)


class TestTheSourceWithTheRole(
    BurstContract,
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
    SecondCallContract,
    WakingContract,
    WithheldContract,
):
    """The phone as a source, with the role and READ_PHONE_STATE, without READ_CALL_LOG."""

    hears_second = True
    cannot: ClassVar[Mapping[Fault, str]] = {
        "copies": "without the call log no copy has a number",
        "log": "the app may not read the call log here",
    }

    @pytest.fixture(autouse=True)
    def _on(self, phone: Phone) -> Iterator[None]:
        self.phone = phone
        self.screening = Screening()
        phone.permissions.undeclare(READ_CALL_LOG)
        yield
        self.screening.stop()

    def make_source(self) -> AndroidCallSource:
        Roles.give(SCREENING)
        self.phone.grant(READ_PHONE_STATE)
        return self._source()

    def make_refused_source(self) -> AndroidCallSource:
        return self._source()

    def _source(self) -> AndroidCallSource:
        parts = replace(this_phone(), clock=self.clock, refusals=Refusals(), screening=self.screening)
        return AndroidCallSource(phone=parts)

    def take_away(self, source: CallSource) -> None:
        Roles.take(SCREENING)
        self.phone.revoke()

    def ring_unheard(self, source: CallSource) -> None:
        assert Telecom.incoming(self.number) == "unasked"

    def ring(self, source: CallSource, number: str | None) -> None:
        self.call(source, number, self.ring_seconds)
        self.clock.sleep(self.ring_seconds + self.pause)

    def call(self, source: CallSource, number: str | None, seconds: float) -> None:
        self.screen(number)
        self.clock.later(0.5, lambda: self.state("RINGING"))
        self.clock.later(seconds, lambda: self.state("IDLE"))

    def screen(self, number: str | None) -> None:
        """The phone's clock goes with the test's."""
        self.phone.set_clock(round(self.clock.monotonic() * 1000))
        assert Telecom.incoming(number) in {"allow", "silence"}
        self.screening.wait(self.phone)

    def state(self, state: str) -> None:
        self.phone.broadcast(state)
        self.phone.settle()

    def burst(self, source: CallSource, number: str) -> None:
        self.screen(number)
        self.state("RINGING")
        self.state("IDLE")

    def ring_during_ring(self, source: CallSource, first: str, second: str) -> None:
        self.screen(first)
        self.clock.sleep(1)
        self.state("RINGING")
        self.clock.sleep(1)
        self.screen(second)
        self.clock.sleep(3)
        self.state("IDLE")

    def come_back(self, source: CallSource) -> None:
        self.phone.screens.pause()
        self.phone.screens.resume()
        self.phone.settle()
