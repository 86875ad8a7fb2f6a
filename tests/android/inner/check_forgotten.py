"""A source that is forgotten while it listens must not take the app with it."""

from __future__ import annotations

import gc
import weakref

from ringproof.android import AndroidCallSource
from ringproof.calls import CallEvent
from tests.android.phone import Phone


def test_a_forgotten_source_is_still_called_and_nothing_crashes() -> None:
    """Java knows its receiver; so the receiver lives, and with it all that it calls."""
    phone, events = Phone(), list[CallEvent]()
    phone.reset()
    phone.grant()
    source = AndroidCallSource()
    gone = weakref.ref(source)
    source.start(events.append)
    del source
    for _ in range(20):
        gc.collect()
        phone.change("RINGING", "+442079460018")
        phone.move_clock(5_000)
        phone.change("IDLE", "+442079460018")
        phone.move_clock(60_000)
    assert gone() is not None
    assert [event.kind for event in events].count("ended") == 20
    assert phone.crashes() == []
