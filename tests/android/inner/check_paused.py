"""Whole verifications on a phone whose main threads stand still: the report leaves all the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import jnius
import pytest

from ringproof import Ringproof, Verified
from ringproof._system import SystemClock
from ringproof._transport import Request, Response
from ringproof.android import AndroidCallSource
from ringproof.android._bridge.results import on_main_thread
from ringproof.calls import CallSource
from ringproof.testing import FakeServer
from tests.android.phone import Phone

OWNER, CALLER = "+447400123456", "+442079460018"
PATIENCE_S = 60


class Latch:
    """Java's own latch, so that waiting for it holds up a thread as Android's event loop does."""

    def __init__(self) -> None:
        self._latch: Any = jnius.autoclass("java.util.concurrent.CountDownLatch")(1)
        self._seconds: Any = jnius.autoclass("java.util.concurrent.TimeUnit").SECONDS

    def open(self) -> None:
        self._latch.countDown()

    def wait(self) -> bool:
        return bool(getattr(self._latch, "await")(PATIENCE_S, self._seconds))


class Watched:
    """The SDK's stand-in of a server; tells when a proof has arrived."""

    def __init__(self, on_proof: Callable[[], None]) -> None:
        self.server = FakeServer(SystemClock(), caller_ids=(CALLER,), ring_time="check")
        self._on_proof = on_proof

    def send(self, request: Request) -> Response:
        answer = self.server.send(request)
        if request.url.endswith("/confirm"):
            self._on_proof()
        return answer

    @property
    def proofs(self) -> list[Any]:
        return [seen.body["evidence"] for seen in self.server.calls_to("POST", "/confirm")]


class Verifying:
    """A verification on a worker thread, as an app runs it."""

    def __init__(self, transport: Watched, source: CallSource) -> None:
        client = Ringproof("https://verify.example", "rp_pk_test", transport=transport)
        self.ordered = threading.Event()
        transport.server.on_start = self.ordered.set
        self._run = client.begin(OWNER, source)
        self._results: list[Verified | Exception] = []
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        assert self.ordered.wait(PATIENCE_S)

    def _work(self) -> None:
        try:
            self._results.append(self._run.result())
        except Exception as fault:
            self._results.append(fault)

    def result(self) -> Verified:
        self._thread.join(PATIENCE_S)
        (result,) = self._results
        assert isinstance(result, Verified), result
        return result


@pytest.fixture
def source(phone: Phone) -> AndroidCallSource:
    phone.grant()
    return AndroidCallSource()


def test_a_paused_app_still_reports(phone: Phone, source: AndroidCallSource) -> None:
    """Python's main thread waits as in SDL's pause, Android's main thread is stuck too; both until the proof
    has reached the server. The broadcasts come on the receiver's thread, the report leaves by the flow's.
    """
    proof = Latch()
    transport = Watched(proof.open)
    verifying = Verifying(transport, source)
    phone.screens.pause()
    phone.settle()
    stuck = threading.Event()

    def stand_still() -> None:
        stuck.set()
        proof.wait()

    on_main_thread(stand_still)
    assert stuck.wait(PATIENCE_S)
    phone.set_clock(1_000_000)

    def network() -> None:
        for state in ("RINGING", "IDLE"):
            phone.broadcast(state)
            phone.broadcast(state, CALLER)
            phone.settle(main=False)
            phone.move_clock(5_000)

    calling = threading.Thread(target=network)
    calling.start()
    assert proof.wait(), "nothing was reported while the app was paused"
    calling.join(PATIENCE_S)
    phone.screens.resume()
    assert verifying.result().channel == "flashcall"
    (evidence,) = transport.proofs
    assert (evidence["caller_id"], evidence["ring_ms"]) == (CALLER, 5_000)
    assert (evidence["basis"], evidence["quality"], evidence["answered"]) == ("phone_state", "live", False)


def test_an_app_that_comes_back_finds_the_call_in_the_log(phone: Phone, source: AndroidCallSource) -> None:
    """This phone told nothing of the call, it is only in the log; coming back is enough to look there."""
    transport = Watched(lambda: None)
    verifying = Verifying(transport, source)
    phone.screens.pause()
    phone.log_call(CALLER, date=int(time.time() * 1000), ring_ms=4_000)
    phone.screens.resume()
    assert verifying.result().channel == "flashcall"
    (evidence,) = transport.proofs
    assert (evidence["caller_id"], evidence["basis"]) == (CALLER, "call_log")
    assert "maker" in source.describe()


def test_a_burst_after_a_freeze_is_reported_as_one(phone: Phone, source: AndroidCallSource) -> None:
    """Android held all four copies back and delivers them together."""
    transport = Watched(lambda: None)
    verifying = Verifying(transport, source)
    phone.set_clock(1_000_000)
    for state in ("RINGING", "IDLE"):
        phone.broadcast(state)
        phone.broadcast(state, CALLER)
    assert verifying.result().channel == "flashcall"
    (evidence,) = transport.proofs
    assert evidence["quality"] == "burst"
    assert "ring_ms" not in evidence
