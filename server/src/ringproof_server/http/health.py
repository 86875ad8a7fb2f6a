"""Whether this process lives, whether it can do its work, and what it has counted."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Lock
from typing import Final, Literal

import structlog
from flask import Blueprint

from ringproof_server.domain import errors
from ringproof_server.http.answers import Answer, json_answer
from ringproof_server.http.bodies import HealthView
from ringproof_server.http.metrics import CONTENT_TYPE, PrometheusMetrics
from ringproof_server.http.parts import Ping
from ringproof_server.http.routes import Operation, add
from ringproof_server.ports import Clock

PATIENCE: Final = 2.0
"""Seconds in which every part must answer."""
FRESH_FOR: Final = timedelta(seconds=1)
"""How long one answer serves all who ask, so that asking often costs nothing."""

_TAG: Final = "Health"

LIVE: Final = Operation(
    id="live",
    method="GET",
    rule="/livez",
    tag=_TAG,
    summary="Whether the process answers at all",
    answers={200: HealthView},
    problems=(errors.Internal,),
    answer_example={"status": "ok", "checks": {}},
)
READY: Final = Operation(
    id="ready",
    method="GET",
    rule="/readyz",
    tag=_TAG,
    summary="Whether every part that is needed can be reached",
    answers={200: HealthView, 503: HealthView},
    problems=(errors.Internal,),
    answer_example={"status": "ok", "checks": {"storage": "ok", "limiter": "ok", "carrier:simulated": "ok"}},
)
METRICS: Final = Operation(
    id="metrics",
    method="GET",
    rule="/metrics",
    tag=_TAG,
    summary="Counts in the Prometheus text format",
    answers={200: "text/plain"},
    problems=(errors.Internal,),
)
OPERATIONS: Final = (LIVE, READY, METRICS)

Health = Literal["ok", "failed", "timeout"]


class Readiness:
    """Asks every part at once, in threads of its own, and waits no longer than `PATIENCE`.

    A part that hangs keeps one thread; it is not asked again before it has answered.
    """

    def __init__(self, pings: Sequence[Ping], clock: Clock, patience: float = PATIENCE) -> None:
        self._pings = tuple(pings)
        self._clock = clock
        self._patience = patience
        self._lock = Lock()
        self._running: dict[str, Future[None]] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._last = None if pings else HealthView(status="ok", checks={})
        self._asked_at = clock.now()
        self._log = structlog.get_logger("ringproof_server.http")

    def check(self) -> HealthView:
        """The health of all parts; the whole is unavailable when a required part is.

        While the parts are being asked, everybody else gets the answer before.
        """
        last = self._last
        if not self._lock.acquire(blocking=last is None):
            assert last is not None
            return last
        try:
            if self._last is None or self._is_outdated():
                self._last = self._asked()
                self._asked_at = self._clock.now()
            return self._last
        finally:
            self._lock.release()

    def _is_outdated(self) -> bool:
        return bool(self._pings) and abs(self._clock.now() - self._asked_at) >= FRESH_FOR

    def _asked(self) -> HealthView:
        self._ask()
        wait(self._running.values(), timeout=self._patience)
        checks = {ping.name: self._outcome(ping.name) for ping in self._pings}
        needed = [checks[ping.name] for ping in self._pings if ping.required]
        well = all(health == "ok" for health in needed)
        return HealthView(status="ok" if well else "unavailable", checks=checks)

    def _ask(self) -> None:
        # Threads are made late: those made before a server forks its workers would not exist in them.
        if self._pool is None:
            self._pool = ThreadPoolExecutor(len(self._pings), thread_name_prefix="readyz")
        for ping in self._pings:
            if ping.name not in self._running:
                self._running[ping.name] = self._pool.submit(ping.check)

    def _outcome(self, name: str) -> Health:
        future = self._running[name]
        if not future.done():
            self._log.warning("part_does_not_answer", part=name)
            return "timeout"
        del self._running[name]
        fault = future.exception()
        if fault is None:
            return "ok"
        self._log.warning("part_unreachable", part=name, fault=type(fault).__name__)
        return "failed"


def create_health(readiness: Readiness, metrics: PrometheusMetrics) -> Blueprint:
    """Routes without keys; nothing they answer names a person, a number or an application."""
    blueprint = Blueprint("health", __name__)
    alive = HealthView(status="ok", checks={})

    def live() -> Answer:
        return json_answer(alive)

    def ready() -> Answer:
        view = readiness.check()
        return json_answer(view, 200 if view.status == "ok" else 503)

    def counts() -> Answer:
        return Answer(metrics.render(), content_type=CONTENT_TYPE)

    add(blueprint, LIVE, live)
    add(blueprint, READY, ready)
    add(blueprint, METRICS, counts)
    return blueprint
