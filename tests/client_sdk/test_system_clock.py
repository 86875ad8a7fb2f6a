"""The machine's clock on real threads: what is planned happens, or is taken back."""

from __future__ import annotations

import threading

import pytest

from ringproof._system import SystemClock


def test_whatever_is_planned_runs_as_an_ordinary_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Android the bridge to Java lets go of a thread behind `Thread.run`; one that ends without that may
    end the app. A `Timer` has a `run` of its own.
    """
    let_go, done = threading.Semaphore(0), threading.Semaphore(0)
    run = threading.Thread.run

    def hooked(thread: threading.Thread) -> None:
        try:
            run(thread)
        finally:
            let_go.release()

    monkeypatch.setattr(threading.Thread, "run", hooked)
    clock = SystemClock()
    clock.later(0.0, done.release)
    clock.spawn(done.release)
    for each in (done, done, let_go, let_go):
        assert each.acquire(timeout=20)


def test_what_was_taken_back_never_happens_and_its_thread_ends() -> None:
    """At once, also when it was planned for next year."""
    before = set(threading.enumerate())
    happened = threading.Event()
    take_back = SystemClock().later(31_536_000, happened.set)
    (thread,) = set(threading.enumerate()) - before
    assert thread.daemon
    take_back()
    take_back()
    thread.join(20)
    assert not thread.is_alive()
    assert not happened.is_set()
