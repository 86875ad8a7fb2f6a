"""The Android source keeps the contract of all sources, with every fault that a phone can have.

Real bridge, real receivers, real threads; only the source's clock is one that jumps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ringproof.android._permissions import Refusals
from ringproof.android._source import AndroidCallSource, this_phone
from ringproof.calls import CallSource, Copy, burst, ringing_once
from ringproof.testing import (
    BurstContract,
    CopiesContract,
    ForeignCallContract,
    LateCallContract,
    LogContract,
    RefusedContract,
    SecondCallContract,
    WakingContract,
    WithheldContract,
)
from tests.android.phone import ALLOWED, RESTRICTED, Phone


class TestAndroidCallSource(
    CopiesContract,
    BurstContract,
    WithheldContract,
    SecondCallContract,
    ForeignCallContract,
    LateCallContract,
    RefusedContract,
    LogContract,
    WakingContract,
):
    """The phone as a source, with both permissions."""

    @pytest.fixture(autouse=True)
    def _phone(self, phone: Phone) -> None:
        self.phone = phone

    def _source(self) -> CallSource:
        return AndroidCallSource(phone=replace(this_phone(), clock=self.clock, refusals=Refusals()))

    def make_source(self) -> CallSource:
        self.phone.grant()
        return self._source()

    def make_refused_source(self) -> CallSource:
        self.phone.answers("at once")
        return self._source()

    def play(self, copies: Sequence[Copy]) -> None:
        """Each copy at its moment, heard before the clock goes on."""
        for copy in copies:
            self.clock.later(copy.after, lambda copy=copy: self._broadcast(copy))  # type: ignore[misc]

    def _broadcast(self, copy: Copy) -> None:
        self.phone.broadcast(copy.state, copy.number)
        self.phone.settle()

    def ring(self, source: CallSource, number: str | None) -> None:
        self.call(source, number, 5.0)
        self.clock.sleep(10)

    def call(self, source: CallSource, number: str | None, seconds: float) -> None:
        self.play(ringing_once(number or "", after=0.0, ring=seconds))

    def hear(self, source: CallSource, copies: Sequence[Copy]) -> None:
        self.play(copies)
        self.clock.sleep(copies[-1].after + 1)

    def hear_later(self, source: CallSource, copies: Sequence[Copy]) -> None:
        self.play(copies)

    def burst(self, source: CallSource, number: str) -> None:
        self.play(burst(number, after=0.0))

    def ring_during_ring(self, source: CallSource, first: str, second: str) -> None:
        """Android announces no call while another one rings, so `second` is in no copy."""
        self.ring(source, first)

    def take_away(self, source: CallSource) -> None:
        self.phone.revoke()

    def ring_unheard(self, source: CallSource) -> None:
        self.ring(source, self.number)

    def write_to_log(self, source: CallSource, number: str | None, *, began_ms: int, ring_ms: int) -> None:
        presentation = RESTRICTED if number is None else ALLOWED
        self.phone.log_call(number, date=began_ms, ring_ms=ring_ms, presentation=presentation)

    def come_back(self, source: CallSource) -> None:
        self.phone.screens.pause()
        self.phone.screens.resume()
        self.phone.settle()
