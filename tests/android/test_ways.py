"""The ladder of ways: chosen from what the phone allows, with a reason for every rung."""

from __future__ import annotations

import threading
from itertools import product
from typing import get_args

import pytest

from ringproof.android import AndroidCallSource
from ringproof.android._permissions import READ_CALL_LOG, READ_PHONE_STATE
from ringproof.android._ways import Facts, PermissionState, ScreeningState, describe, wanted, ways_of

EVERYTHING = Facts(35, telephony=True, phone_state="held", call_log="held", screening="held")
PERMISSIONS: tuple[PermissionState, ...] = get_args(PermissionState)
SCREENINGS: tuple[ScreeningState, ...] = get_args(ScreeningState)
ALL = [
    Facts(level, telephony, state, log, screening, silent)
    for level, telephony, state, log, screening, silent in product(
        (26, 27, 28, 35), (True, False), PERMISSIONS, PERMISSIONS, SCREENINGS, (True, False)
    )
]


def test_the_first_source_must_be_built_on_the_main_thread() -> None:
    """Elsewhere Android would not find the app's classes, and say so in words that help nobody."""
    faults: list[BaseException] = []

    def build() -> None:
        try:
            AndroidCallSource()
        except RuntimeError as fault:
            faults.append(fault)

    thread = threading.Thread(target=build)
    thread.start()
    thread.join()
    assert "main thread" in str(faults[0])


def taken(facts: Facts) -> list[str]:
    return [way.name for way in ways_of(facts) if way.taken]


def with_(**changes: object) -> Facts:
    return Facts(**{**vars(EVERYTHING), "screening": "off", **changes})


def test_every_rung_has_a_reason_in_every_state() -> None:
    """2 000 states: four rungs in their order, each with words, no rung twice."""
    assert len(ALL) == 4 * 2 * 5 * 5 * 5 * 2
    for facts in ALL:
        ways = ways_of(facts)
        assert [way.name for way in ways] == ["screening", "phone_state", "call_log", "typed_digits"]
        assert all(len(way.reason.split()) > 2 for way in ways), facts
        assert len(describe(ways).splitlines()) == 4


def test_what_the_source_can_do_is_what_the_rungs_say() -> None:
    """Live by screening or by state, a history by the log, a ring time by the state only."""
    for facts in ALL:
        rungs = taken(facts)
        assert facts.live == (facts.number_by_state or facts.number_by_screening)
        assert facts.number_by_screening == ("screening" in rungs)
        assert facts.log == ("call_log" in rungs)
        assert facts.ring_time == (facts.live and "phone_state" in rungs)


def test_only_what_helps_is_asked_for() -> None:
    """Never what the manifest lacks, nothing on a tablet, no call log where screening names the caller."""
    for facts in ALL:
        names = wanted(facts)
        assert len(set(names)) == len(names)
        if not facts.telephony:
            assert names == ()
        if facts.phone_state == "undeclared":
            assert READ_PHONE_STATE not in names
        if facts.call_log == "undeclared" or facts.screening == "held":
            assert READ_CALL_LOG not in names
        if names == (READ_PHONE_STATE,) and facts.phone_state != "undeclared":
            assert facts.screening == "held" or facts.api_level < 28


@pytest.mark.parametrize(
    ("level", "names"), [(26, (READ_PHONE_STATE,)), (27, (READ_PHONE_STATE,)), (28, ()), (35, ())]
)
def test_a_build_without_the_call_log_asks_where_the_state_alone_names_the_caller(
    level: int, names: tuple[str, ...]
) -> None:
    """On Android 8 it does; later it would be a dialog for nothing."""
    assert wanted(with_(call_log="undeclared", phone_state="open", api_level=level)) == names


@pytest.mark.parametrize(
    ("facts", "rungs"),
    [
        (EVERYTHING, ["screening", "phone_state", "call_log"]),
        (with_(), ["phone_state", "call_log"]),
        (with_(phone_state="refused"), ["call_log"]),
        (with_(call_log="refused"), []),
        (with_(call_log="refused", api_level=27), ["phone_state"]),
        (with_(call_log="undeclared", screening="held"), ["screening", "phone_state"]),
        (with_(call_log="undeclared", phone_state="refused", screening="held"), ["screening"]),
        (with_(telephony=False), []),
    ],
)
def test_the_ladder_is_climbed_as_far_as_it_goes(facts: Facts, rungs: list[str]) -> None:
    """Everything; no role; one permission; old Android; a build without the call log; a tablet."""
    assert taken(facts) == rungs


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (with_(call_log="blocked"), "READ_CALL_LOG was refused for good; only the phone's settings"),
        (with_(call_log="refused"), "READ_CALL_LOG was refused; it is not asked for again"),
        (with_(call_log="open"), "READ_CALL_LOG was not asked for yet"),
        (with_(call_log="undeclared"), "READ_CALL_LOG is not in the app's manifest"),
        (with_(telephony=False), "cannot be called"),
        (with_(screening="unavailable"), "no such role"),
        (with_(screening="refused"), "left the role to another app"),
        (with_(silent=True), "its maker's battery or privacy settings"),
        (with_(call_log="refused"), "all that is left on this phone"),
    ],
)
def test_the_reason_says_what_to_do(facts: Facts, words: str) -> None:
    """In the text that a developer reads."""
    assert words in describe(ways_of(facts))
