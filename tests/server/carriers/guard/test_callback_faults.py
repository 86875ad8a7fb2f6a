"""What becomes of a callback that a guarded carrier cannot make sense of, up to the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ringproof_server.domain.errors import CallbackRefused, CarrierUnavailable, ServiceUnavailable
from tests.server.carriers.guard.scripted import CALLBACK, Guarded
from tests.support.world import World


@pytest.fixture
def guarded() -> Guarded:
    return Guarded()


@pytest.fixture
def world(tmp_path: Path, guarded: Guarded) -> Iterator[World]:
    made = World(tmp_path, carriers=lambda *_: {"scripted": guarded.carrier})
    yield made
    made.close()


@pytest.mark.parametrize(
    "fault", [CarrierUnavailable("the call cannot be fetched"), ConnectionError("reset")]
)
def test_one_that_cannot_be_judged_now_shall_come_again(
    world: World, guarded: Guarded, fault: Exception
) -> None:
    """The carrier is told so in the one way that all of them understand, a 503."""
    guarded.inner.callback_fault = fault
    with pytest.raises(ServiceUnavailable) as caught:
        world.server.events.receive("scripted", CALLBACK)
    assert caught.value.retry_after


def test_one_that_breaks_the_plug_in_is_refused(world: World, guarded: Guarded) -> None:
    guarded.inner.callback_fault = ValueError("not what was expected")
    with pytest.raises(CallbackRefused):
        world.server.events.receive("scripted", CALLBACK)
