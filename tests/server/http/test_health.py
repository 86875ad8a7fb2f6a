"""Liveness, readiness and the count of everything."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ringproof_server.http import Ping
from ringproof_server.http.health import Readiness
from ringproof_server.testing.clock import FakeClock
from tests.server.http.conftest import Door, MakeDoor


def well() -> None:
    """A part that is there."""


def away() -> None:
    raise ConnectionError("password=hunter2")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Hangs whoever waits for it until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_a_live_process_says_so(door: Door) -> None:
    response = door.client.get("/livez")
    assert (response.status_code, response.get_json()) == (200, {"status": "ok", "checks": {}})


def test_a_ready_process_names_its_parts(door: Door) -> None:
    response = door.client.get("/readyz")
    assert (response.status_code, response.get_json()) == (200, {"status": "ok", "checks": {"storage": "ok"}})


def test_a_missing_part_makes_it_unready_and_tells_no_detail(make_door: MakeDoor) -> None:
    door = make_door(pings=(Ping("storage", away), Ping("limiter", well)))
    response = door.client.get("/readyz")
    assert response.status_code == 503
    assert response.get_json() == {
        "status": "unavailable",
        "checks": {"storage": "failed", "limiter": "ok"},
    }
    assert "hunter2" not in response.text


def test_a_part_that_is_not_required_is_told_and_does_not_count(make_door: MakeDoor) -> None:
    """One carrier's outage must not take the whole server out of service."""
    door = make_door(pings=(Ping("storage", well), Ping("carrier:twilio", away, required=False)))
    response = door.client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json()["checks"] == {"storage": "ok", "carrier:twilio": "failed"}


def test_a_part_that_hangs_holds_up_nobody(gate: threading.Event) -> None:
    """It is told as a timeout, keeps a single thread, and is heard again when it answers."""
    asked = []

    def hangs() -> None:
        asked.append(1)
        gate.wait(60)

    clock = FakeClock()
    readiness = Readiness((Ping("storage", hangs), Ping("limiter", well)), clock, patience=0.01)
    for _ in range(5):
        assert readiness.check().checks == {"storage": "timeout", "limiter": "ok"}
        clock.move(2)
    assert len(asked) == 1
    gate.set()
    late = Readiness((Ping("storage", well),), clock)
    assert late.check().status == "ok"


def test_one_answer_serves_all_who_ask_at_once() -> None:
    asked: list[int] = []
    clock = FakeClock()
    readiness = Readiness((Ping("storage", lambda: asked.append(1)),), clock)
    for _ in range(10):
        readiness.check()
    assert len(asked) == 1
    clock.move(1)
    readiness.check()
    assert len(asked) == 2


def test_while_a_part_hangs_only_one_request_waits_for_it(gate: threading.Event) -> None:
    """Anybody may ask: else a few that do it all the time would take up every thread of the server."""
    clock, entered, hangs = FakeClock(), threading.Event(), threading.Event()

    def ping() -> None:
        if hangs.is_set():
            entered.set()
            gate.wait(60)

    readiness = Readiness((Ping("storage", ping),), clock, patience=60)
    before = readiness.check()
    clock.move(2)
    hangs.set()
    waiting = threading.Thread(target=readiness.check)
    waiting.start()
    assert entered.wait(20)
    assert readiness.check() is before
    assert waiting.is_alive()
    gate.set()
    waiting.join()


def test_an_answer_that_took_long_serves_for_as_long_as_any_other() -> None:
    asked: list[int] = []
    clock = FakeClock()

    def slow() -> None:
        asked.append(1)
        clock.move(2)

    readiness = Readiness((Ping("storage", slow),), clock)
    readiness.check()
    readiness.check()
    assert len(asked) == 1


def test_metrics_are_in_the_prometheus_text_format(door: Door) -> None:
    door.metrics.refused("rate-limited")
    response = door.client.get("/metrics")
    assert response.status_code == 200
    assert response.mimetype == "text/plain"
    assert 'ringproof_requests_refused_total{problem="rate-limited"} 1.0' in response.text
