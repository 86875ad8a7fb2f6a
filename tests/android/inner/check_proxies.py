"""What Java calls is made where the app's classes are known, whichever thread asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from android import activity as build_activity
from android.runnable import Runnable
from jnius import JavaException

from ringproof.android._bridge import classes, proxies, results
from ringproof.android._bridge.proxies import made
from ringproof.android._bridge.receivers import _Callback, phone_state
from tests.android.phone import Phone

Got = TypeVar("Got")


def elsewhere(call: Callable[[], Got]) -> Got | BaseException:
    """What a call returns or raises on a thread that Python began."""
    got: list[Got | BaseException] = []

    def run() -> None:
        try:
            got.append(call())
        except BaseException as fault:
            got.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return got[0]


def test_a_thread_of_pythons_cannot_make_them_itself(phone: Phone) -> None:
    """The reason for all of this; should it ever hold no more, `made` may go."""
    assert isinstance(elsewhere(lambda: _Callback(print)), JavaException)


def test_it_is_made_on_the_main_thread_instead(phone: Phone) -> None:
    made_on: list[int] = []

    def make() -> _Callback:
        made_on.append(threading.get_ident())
        return _Callback(print)

    assert isinstance(elsewhere(lambda: made(make)), _Callback)
    assert made_on != [threading.get_ident()]


def test_here_it_is_made_at_once(phone: Phone) -> None:
    assert made(threading.get_ident) == threading.get_ident()


def test_what_could_not_be_registered_is_registered_the_next_time(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A main thread that was stuck once must not make the app deaf for good to what other screens answer."""
    kinds: list[str] = []
    monkeypatch.setattr(results, "_registered", set[str]())
    monkeypatch.setattr(build_activity, "bind", lambda **_: 1 / 0)
    got: list[int] = []
    intent = classes.Intent("x")
    with pytest.raises(ZeroDivisionError):
        results.open_screen(intent, lambda outcome, _: got.append(outcome))
    monkeypatch.setattr(build_activity, "bind", lambda **kind: kinds.extend(kind))
    for _ in range(2):
        results.open_screen(intent, lambda outcome, _: got.append(outcome))
    assert kinds == ["on_activity_result"]


def test_a_failure_reaches_the_thread_that_asked(phone: Phone) -> None:
    fault = elsewhere(lambda: made(lambda: int("no number")))
    assert isinstance(fault, ValueError)


def test_a_main_thread_that_is_stuck_is_not_waited_for_without_end(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxies, "LONGEST_S", 0.05)
    go_on = threading.Event()
    Runnable(lambda: go_on.wait(20))()
    try:
        assert isinstance(elsewhere(lambda: made(lambda: 1)), TimeoutError)
    finally:
        go_on.set()


def test_a_receiver_can_be_started_and_stopped_by_any_thread(phone: Phone) -> None:
    phone.grant()
    heard: list[tuple[str, str | None]] = []
    receiver = phone_state(lambda state, number: heard.append((state, number)))
    for _ in range(3):
        assert elsewhere(receiver.start) is None
        phone.change("RINGING", "+442079460018")
        assert elsewhere(receiver.stop) is None
        phone.broadcast("IDLE")
        phone.settle()
    assert heard == [("RINGING", None), ("RINGING", "+442079460018")] * 3


def test_news_of_the_activity_can_be_asked_for_by_any_thread(phone: Phone) -> None:
    ends = [elsewhere(lambda: results.on_resumed(print)), elsewhere(lambda: results.on_paused(print))]
    for end in ends:
        assert callable(end)
        end()
