"""What a phone can do decides what is asked for first, what is reported, and what the person sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringproof import ManualCallSource, NotVerifiedError, Progress, ScriptedCallSource, TypedCodes
from ringproof.calls import Capabilities, Copy, Ready, Way, burst, ringing_once
from ringproof.testing import FakeServer
from tests.client_sdk.phones import CALLER, Scene, Typist

ALTERED = CALLER[:-4] + "7777"


class NumberOnly(ScriptedCallSource):
    """Tells the number as it rings and can measure nothing: call screening without the phone's state."""

    def capabilities(self) -> Capabilities:
        return Capabilities(number_live=True, ring_time=False, history=False)


class Slow(ScriptedCallSource):
    """Its permission dialogs stay open for longer than anybody waits."""

    def prepare(self, done: Callable[[Ready], None]) -> None:
        self._clock.later(70, lambda: done(Ready(usable=True)))


def person(scene: Scene, *entries: tuple[float, str]) -> ManualCallSource:
    """Somebody who types last digits, each so many seconds from now."""
    source = ManualCallSource(clock=scene.clock)

    def plan(after: float, digits: str) -> None:
        def enter() -> None:
            source.enter(digits)

        scene.clock.later(after, enter)

    for entry in entries:
        plan(*entry)
    return source


def at(progress: Sequence[Progress], kind: str) -> Progress:
    return next(each for each in progress if each.kind == kind)


# What the screen is told


def test_a_screen_is_told_by_which_ways_calls_are_heard(scene: Scene) -> None:
    """From the moment when the dialogs are over; each way with its reason, the closed ones too."""
    scene.verify([scene.phone(ringing_once(CALLER)), person(scene)], scene.typist("123456"))
    assert at(scene.progress, "preparing").ways == ()
    assert [(way.name, way.taken) for way in at(scene.progress, "calling").ways] == [
        ("scripted", True),
        ("typed_digits", True),
    ]
    assert at(scene.progress, "calling").automatic


def test_a_refused_way_is_closed_and_says_why(scene: Scene) -> None:
    """Then the person must help, and the screen can say so at once."""
    scene.verify([scene.phone(granted=False), person(scene, (9, "0018"))])
    told = at(scene.progress, "calling")
    assert not told.automatic
    assert told.ways[0] == Way("scripted", taken=False, reason="lacks READ_CALL_LOG")
    assert told.ways[1].taken


def test_a_dialog_that_is_still_open_is_no_refusal(scene: Scene) -> None:
    """The source joins later, and so does its way."""
    slow = Slow(ringing_once(CALLER), clock=scene.clock)
    scene.verify([slow, person(scene)], scene.typist("123456"))
    assert at(scene.progress, "starting").ways == ()
    assert not at(scene.progress, "starting").automatic
    assert at(scene.progress, "ringing").automatic
    assert at(scene.progress, "ringing").ways[0].taken


def test_a_source_may_know_its_own_ways(scene: Scene) -> None:
    """A ladder within one source is shown as it is; a way of two sources once, and taken if one takes it."""

    class Ladder(ScriptedCallSource):
        def ways(self) -> Sequence[Way]:
            return (
                Way("screening", taken=False, reason="no role"),
                Way("phone_state", taken=True, reason="listens", note="slow"),
                Way("typed_digits", taken=False, reason="nobody asks"),
            )

    scene.verify([Ladder(ringing_once(CALLER), clock=scene.clock), person(scene)])
    ways = at(scene.progress, "calling").ways
    assert [(way.name, way.taken, way.note) for way in ways] == [
        ("screening", False, ""),
        ("phone_state", True, "slow"),
        ("typed_digits", True, ""),
    ]


def test_digits_are_not_asked_for_any_more_when_the_server_has_gone_on(scene: Scene) -> None:
    """A screen takes the field away that nobody reads; a question that is still open is not asked again."""
    source, shown = ManualCallSource(clock=scene.clock), list[tuple[str, bool]]()

    def show(progress: Progress) -> None:
        shown.append((progress.kind, source.expected is not None))

    scene.client.verify("+447400123456", source, scene.typist("123456"), on_progress=show)
    assert ("calling", True) in shown
    assert ("code", False) in shown


# What the server is told that the phone can do


def test_a_code_sources_app_hash_is_told(scene: Scene) -> None:
    """The messages end with it, so that Android hands them to the app."""

    class Retriever(TypedCodes):
        app_hash = "FA+9qCX9VSu"

    codes = Retriever()
    scene.client.verify("+447400123456", scene.phone(ringing_once(CALLER)), codes)
    start = scene.server.calls_to("POST", "/v1/verifications")[0].body
    assert start["capabilities"] == {"caller_id": True, "ring_time": True, "sms_app_hash": "FA+9qCX9VSu"}


def test_an_app_hash_that_nobody_can_use_is_not_told(scene: Scene) -> None:
    """Without a source of codes no message is read."""
    scene.client.verify("+447400123456", scene.phone(ringing_once(CALLER)), sms_app_hash="FA+9qCX9VSu")
    start = scene.server.calls_to("POST", "/v1/verifications")[0].body
    assert start["capabilities"] == {"caller_id": True, "ring_time": True}


# When a call is reported


def test_a_source_that_measures_nothing_is_not_waited_for(scene: Scene) -> None:
    """Its call is reported as it rings: the end would bring nothing but time."""
    scene.verify(NumberOnly(ringing_once(CALLER, after=2.0, ring=20.0), clock=scene.clock))
    (proof,) = scene.confirms()
    assert (proof["caller_id"], proof["quality"]) == (CALLER, "estimated")
    assert "ring_ms" not in proof
    assert scene.server.calls_to("POST", "/confirm")[0].at < 1000 + 3


def test_where_the_ring_time_counts_the_end_is_waited_for(scene: Scene) -> None:
    """A source that measures: the report comes with the end, and with the time."""
    scene.verify(scene.phone(ringing_once(CALLER, after=2.0, ring=6.0)))
    (proof,) = scene.confirms()
    assert (proof["quality"], proof["ring_ms"]) == ("live", 6000)


# Typed digits and automatic listening at the same time


@pytest.mark.parametrize("moment", [1.0, 4.0, 9.0])
def test_digits_may_be_typed_at_any_moment(scene: Scene, moment: float) -> None:
    """Before it rings, while it rings, after it; they are judged at once, and the call is told only once."""
    phone = scene.phone(ringing_once(CALLER, after=2.0, ring=5.0))
    scene.verify([phone, person(scene, (moment, "0018"))])
    confirm, *more = scene.server.calls_to("POST", "/confirm")
    assert more == []
    assert confirm.at <= 1000 + min(moment, 7.1)


def test_a_slip_does_not_cost_the_call(scene: Scene) -> None:
    """Wrong digits are one guess; the call that the phone hears is another, and right."""
    scene.verify([scene.phone(ringing_once(CALLER, after=2.0)), person(scene, (1, "0019"))])
    assert [proof.get("last_digits", proof.get("caller_id")) for proof in scene.confirms()] == [
        "0019",
        CALLER,
    ]


def test_an_altered_number_is_guessed_once_by_phone_and_person_together(scene: Scene) -> None:
    """The person reads the same wrong number off the screen that the phone hears."""
    phone = scene.phone(ringing_once(ALTERED, after=2.0, ring=5.0))
    scene.verify([phone, person(scene, (3, "7777"))], scene.typist("123456"))
    assert [proof.get("last_digits") for proof in scene.confirms()] == ["7777", None]
    assert scene.confirms()[1]["channel"] == "sms"


def test_a_wrong_number_that_the_phone_told_is_not_typed_again(scene: Scene) -> None:
    """The person is told that it is wrong, without a guess being spent on it."""
    digits = person(scene, (6, "7777"))
    scene.verify([scene.phone(burst(ALTERED, after=2.0)), digits], scene.typist("123456"))
    assert [proof["channel"] for proof in scene.confirms()] == ["flashcall", "sms"]
    assert scene.kinds.count("wrong") == 2


def test_digits_count_where_the_ring_time_may_have_been_wrong(scene: Scene) -> None:
    """A mismatch with a ring time says nothing of the number."""
    digits = person(scene, (12, "7777"))
    scene.verify([scene.phone(ringing_once(ALTERED, after=2.0)), digits], scene.typist("123456"))
    assert [proof.get("last_digits") for proof in scene.confirms()] == [None, "7777", None]


def test_the_same_wrong_digits_again_are_no_new_guess(scene: Scene) -> None:
    """They are as wrong as before; other digits are tried."""
    scene.verify(person(scene, (1, "0019"), (3, "0019"), (5, "0018")))
    assert [proof["last_digits"] for proof in scene.confirms()] == ["0019", "0018"]
    assert scene.kinds.count("wrong") == 2


def test_wrong_digits_of_one_call_may_be_right_for_the_next(scene: Scene) -> None:
    """Each announced call is judged by itself."""
    second = "+442079460099"
    scene.serve(FakeServer(scene.clock, caller_ids=(CALLER, second), fallback=None))
    scene.verify(person(scene, (2, "0018"), (4, "0099")))
    assert [proof["last_digits"] for proof in scene.confirms()] == ["0018", "0099"]


def test_digits_wait_where_only_a_ring_time_will_do(scene: Scene) -> None:
    """They could not prove anything; the call that rings can."""
    scene.serve(FakeServer(scene.clock, ring_time="require"))
    scene.verify([scene.phone(ringing_once(CALLER, after=2.0, ring=5.0)), person(scene, (4, "0018"))])
    assert [proof.get("ring_ms") for proof in scene.confirms()] == [5000]


def test_digits_that_were_right_but_not_enough_do_not_silence_the_call(scene: Scene) -> None:
    """The server wants the ring time too; the call of the same number brings it."""
    scene.serve(FakeServer(scene.clock, ring_time="require"))
    scene.verify([scene.phone(ringing_once(CALLER, after=2.0, ring=5.0)), person(scene, (1, "0018"))])
    assert [(proof.get("last_digits"), proof.get("ring_ms")) for proof in scene.confirms()] == [
        ("0018", None),
        (None, 5000),
    ]


_NUMBERS = st.sampled_from((CALLER, ALTERED, CALLER[:-4] + "3333"))
_TYPED = st.tuples(st.floats(0.1, 8), _NUMBERS)
_CALLS = st.tuples(st.floats(0.5, 3), _NUMBERS, st.booleans())


@settings(max_examples=300, deadline=None)
@given(typed=st.lists(_TYPED, max_size=4), calls=st.lists(_CALLS, max_size=3))
def test_nothing_known_to_be_wrong_is_told_twice(
    typed: list[tuple[float, str]], calls: list[tuple[float, str, bool]]
) -> None:
    """Whatever comes together, in any order: no guess repeats an older one that failed by its number."""
    scene = Scene()
    scene.serve(FakeServer(scene.clock, checks=50))
    script: tuple[Copy, ...] = ()
    begin = 0.0
    for pause, number, at_once in calls:
        begin += pause
        script += burst(number, after=begin) if at_once else ringing_once(number, after=begin)
        begin += 5.0
    moments = accumulate(pause for pause, _ in typed)
    digits = person(scene, *((after, number[-4:]) for after, (_, number) in zip(moments, typed, strict=True)))
    verified = scene.verify([scene.phone(script), digits], Typist(scene.clock, ["123456"]))
    failed: set[str] = set()
    for proof in scene.confirms():
        said = str(proof.get("last_digits") or proof.get("caller_id") or "")[-4:]
        assert said not in failed
        if said and "ring_ms" not in proof:
            failed.add(said)
    told = {number for _, number in typed} | {number for _, number, _ in calls}
    assert verified.channel == ("flashcall" if CALLER in told else "sms")


def test_a_verification_without_any_way_is_the_servers_to_decide(scene: Scene) -> None:
    """No source at all: the start says so, and nothing is listened for."""
    scene.serve(FakeServer(scene.clock, fallback=None))
    with pytest.raises(NotVerifiedError):
        scene.verify()
    told = at(scene.progress, "calling")
    assert (told.automatic, told.ways) == (False, ())
