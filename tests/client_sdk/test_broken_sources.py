"""A source that breaks in the middle of a verification is a way that is closed, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ringproof import ManualCallSource, Progress, ScriptedCallSource
from ringproof._calls import Capabilities, ExpectedCall, Ready, SeenCall, Sink, Way
from ringproof.calls import ringing_once
from tests.client_sdk.phones import CALLER, Scene


class BrokenError(Exception):
    """What a phone's maker did, with a number in its words."""


def fail() -> None:
    raise BrokenError(CALLER)


class BreaksWhenAsked(ScriptedCallSource):
    """In its permission dialog."""

    def prepare(self, done: Callable[[Ready], None]) -> None:
        fail()


class BreaksAtTheStart(ScriptedCallSource):
    """When it should listen."""

    def start(self, sink: Sink) -> None:
        fail()


class BreaksAlways(BreaksAtTheStart):
    """In whatever it is asked, except that it may be used."""

    def capabilities(self) -> Capabilities:
        fail()
        return super().capabilities()

    def ways(self) -> Sequence[Way]:
        fail()
        return ()

    def when_awake(self, wake: Callable[[], None]) -> None:
        fail()

    def expect(self, call: ExpectedCall) -> None:
        fail()

    def expect_nothing(self) -> None:
        fail()

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:
        fail()
        return ()

    def stop(self) -> None:
        fail()


class BreaksInTheLog(ScriptedCallSource):
    """Its log cannot be read, as after a permission was taken away."""

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:
        fail()
        return ()

    def expect(self, call: ExpectedCall) -> None:
        fail()


@pytest.mark.parametrize("broken", [BreaksWhenAsked, BreaksAtTheStart, BreaksAlways])
def test_the_person_types_instead(scene: Scene, broken: type[ScriptedCallSource]) -> None:
    """The verification goes on; the screen is told that this way has failed, and by which kind of error."""
    person = ManualCallSource(clock=scene.clock)

    def enter() -> None:
        person.enter("0018")

    scene.clock.later(3, enter)
    scene.verify([broken(ringing_once(CALLER), clock=scene.clock), person])
    assert [proof["last_digits"] for proof in scene.confirms()] == ["0018"]
    told = next(each for each in scene.progress if each.kind == "calling")
    assert told.ways[0] == Way("scripted", taken=False, reason="has failed with BrokenError")
    assert told.ways[1].taken
    assert not told.automatic
    assert CALLER not in repr(scene.progress)


def test_what_breaks_at_first_is_no_capability(scene: Scene) -> None:
    """The server is not told of a way that was closed before the start."""
    scene.verify(BreaksWhenAsked(clock=scene.clock), scene.typist("123456"))
    start = scene.server.calls_to("POST", "/v1/verifications")[0].body
    assert start["capabilities"] == {"caller_id": False, "ring_time": False}


def test_a_log_that_cannot_be_read_does_not_silence_the_source(scene: Scene) -> None:
    """What is told live still counts."""
    scene.verify(BreaksInTheLog(ringing_once(CALLER), clock=scene.clock, log=()))
    assert [proof["caller_id"] for proof in scene.confirms()] == [CALLER]
    told = scene.progress[-1].ways
    assert told == (Way("scripted", taken=True, reason="listens", note="has failed with BrokenError"),)


def test_ways_that_cannot_be_told_are_one(scene: Scene) -> None:
    """A source that cannot say by which ways it listens still listens."""

    class Speechless(ScriptedCallSource):
        def ways(self) -> Sequence[Way]:
            fail()
            return ()

    scene.verify(Speechless(ringing_once(CALLER), clock=scene.clock))
    assert [(way.name, way.taken) for way in scene.progress[-1].ways] == [("scripted", True)]


def test_a_source_that_half_started_is_stopped(scene: Scene) -> None:
    """Nothing listens on after the end."""
    stopped: list[bool] = []

    class Half(ScriptedCallSource):
        def start(self, sink: Sink) -> None:
            super().start(sink)
            fail()

        def stop(self) -> None:
            stopped.append(True)
            super().stop()

    scene.verify(Half(ringing_once(CALLER), clock=scene.clock), scene.typist("123456"))
    assert stopped == [True]
    assert [proof["channel"] for proof in scene.confirms()] == ["sms"]


def test_a_broken_source_is_not_asked_by_which_ways_it_hears(scene: Scene) -> None:
    """It might still say that it does."""

    class Boasts(BreaksAtTheStart):
        def ways(self) -> Sequence[Way]:
            return (Way("screening", taken=True, reason="sees everything"),)

    scene.verify(Boasts(clock=scene.clock), scene.typist("123456"))
    assert scene.progress[-1].ways == (Way("scripted", taken=False, reason="has failed with BrokenError"),)


def test_a_refused_source_is_left_in_peace(scene: Scene) -> None:
    """It is not told of calls that it may not hear."""
    told: list[ExpectedCall] = []

    class Curious(ScriptedCallSource):
        def expect(self, call: ExpectedCall) -> None:
            told.append(call)

    scene.verify(Curious(clock=scene.clock, granted=False), scene.typist("123456"))
    assert told == []


def test_a_source_that_answers_twice_is_started_once(scene: Scene) -> None:
    """Also when the second answer comes while it listens."""
    starts: list[Sink] = []

    class Eager(ScriptedCallSource):
        def prepare(self, done: Callable[[Ready], None]) -> None:
            super().prepare(done)
            scene.clock.later(1, lambda: done(Ready(usable=True)))

        def start(self, sink: Sink) -> None:
            starts.append(sink)
            super().start(sink)

    scene.verify(Eager(ringing_once(CALLER), clock=scene.clock))
    assert len(starts) == 1


def test_an_error_on_the_screen_is_the_apps_own(scene: Scene) -> None:
    """What `on_progress` raises is not swallowed with it."""

    def show(progress: Progress) -> None:
        if progress.kind == "calling":
            raise BrokenError

    with pytest.raises(BrokenError):
        scene.client.verify("+447400123456", BreaksAtTheStart(clock=scene.clock), on_progress=show)
