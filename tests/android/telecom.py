"""The phone's call screening, as tests watch it. Only for processes that `on_phone` has prepared."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jnius

from ringproof.android._bridge.screening import PhoneScreening
from ringproof.android._screening import ScreenedCall
from tests.android.phone import Phone

SCREENING = "android.app.role.CALL_SCREENING"
CALLER = "+442079460018"

Telecom: Any = jnius.autoclass("org.ringproof.standin.Telecom")
Roles: Any = jnius.autoclass("org.ringproof.standin.Roles")


class Screening(PhoneScreening):
    """The phone's own, which also notes what was told, so that a test can wait for another thread."""

    def __init__(self) -> None:
        self.told: list[ScreenedCall] = []
        self.hold = threading.Event()
        self.hold.set()
        self.fails = False

    def watch(self, take: Callable[[ScreenedCall], None], seconds: float) -> None:
        def note(call: ScreenedCall) -> None:
            self.hold.wait(20)
            if self.fails:
                raise ValueError(CALLER)
            take(call)
            self.told.append(call)

        super().watch(note, seconds)

    def wait(self, phone: Phone) -> None:
        """Until Python was told what the service remembers."""
        known = {call.sequence for call in self.remembered()}
        phone.wait_for(lambda: known <= {call.sequence for call in self.told}, "a call was not told")
