"""What is forgotten while it listens must not take the app with it. Nothing here is ever switched off."""

from __future__ import annotations

import gc
import weakref

import pytest

from ringproof.android import AndroidCallSource
from ringproof.android._bridge.receivers import phone_state
from ringproof.calls import CallEvent
from tests.android.phone import Phone

CALLER = "+442079460018"


@pytest.fixture
def granted() -> Phone:
    phone = Phone()
    phone.reset()
    phone.grant()
    return phone


def test_a_forgotten_receiver_is_still_called(granted: Phone) -> None:
    """Java knows it and calls it; so what it calls must live, whoever else has forgotten it."""
    heard: list[str] = []
    receiver = phone_state(lambda state, _: heard.append(state))
    gone = weakref.ref(receiver)
    receiver.start()
    del receiver
    for _ in range(20):
        gc.collect()
        granted.change("RINGING", CALLER)
    assert gone() is not None
    assert heard == ["RINGING"] * 40
    assert granted.crashes() == []


def test_a_forgotten_source_still_hears(granted: Phone) -> None:
    """It tells its sink, until somebody stops it."""
    events: list[CallEvent] = []
    source = AndroidCallSource()
    source.start(events.append)
    del source
    for _ in range(20):
        gc.collect()
        granted.change("RINGING", CALLER)
        granted.move_clock(5_000)
        granted.change("IDLE", CALLER)
        granted.move_clock(60_000)
    assert [event.kind for event in events].count("ended") == 20
    assert granted.crashes() == []
