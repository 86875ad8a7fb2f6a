"""Counts for operators in the Prometheus text format; labels are closed lists, never numbers or ids."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from ringproof_server.domain.channel import Channel, Reason

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client itself looks for the folder in which processes count together."""
_BREAKER_STATES: Final = ("closed", "open", "half_open")
_REQUEST_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_CARRIER_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
_VERIFICATION_SECONDS: Final = (2.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0, 600.0)


class PrometheusMetrics:
    """The counts of this process, or of all processes that share a folder."""

    def __init__(self, folder: str | None = None) -> None:
        """`folder` is what `FOLDER_VARIABLE` names in the environment of this process."""
        self._registry = self._shown = CollectorRegistry()
        self._folder = None if folder is None else Path(folder)
        if folder is not None:
            # The library makes its choice when it is imported, which a forked worker has behind it.
            values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
            self._shown = CollectorRegistry()
            MultiProcessCollector(self._shown, path=folder)  # type: ignore[no-untyped-call]
        self._count_requests()
        self._count_verifications()
        self._count_carriers()

    def _count_requests(self) -> None:
        self._requests = Histogram(
            "ringproof_http_request_seconds",
            "Time spent on HTTP requests",
            ("method", "route", "status"),
            buckets=_REQUEST_SECONDS,
            registry=self._registry,
        )
        self._by_labels: dict[tuple[str, str, int], Histogram] = {}
        self._refused = Counter(
            "ringproof_requests_refused",
            "Requests answered with a problem",
            ("problem",),
            registry=self._registry,
        )

    def _count_verifications(self) -> None:
        self._started = Counter(
            "ringproof_verifications_started",
            "Verifications started",
            ("channel", "country"),
            registry=self._registry,
        )
        self._attempts = Counter(
            "ringproof_attempts_ended",
            "Attempts that ended",
            ("channel", "carrier", "reason"),
            registry=self._registry,
        )
        self._finished = Histogram(
            "ringproof_verification_seconds",
            "Time from the start of a verification to its end",
            ("status", "channel"),
            buckets=_VERIFICATION_SECONDS,
            registry=self._registry,
        )

    def _count_carriers(self) -> None:
        self._carrier_requests = Histogram(
            "ringproof_carrier_request_seconds",
            "Time that requests to carriers took",
            ("carrier", "operation", "outcome"),
            buckets=_CARRIER_SECONDS,
            registry=self._registry,
        )
        self._by_request: dict[tuple[str, str, str], Histogram] = {}
        self._breakers = Gauge(
            "ringproof_carrier_breakers",
            "Processes whose breaker around this carrier is in this state now",
            ("carrier", "state"),
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._breaker_changes = Counter(
            "ringproof_carrier_breaker_changes",
            "Changes of the breakers around carriers, by the state they changed to",
            ("carrier", "state"),
            registry=self._registry,
        )
        self._breaker_states: dict[str, str] = {}
        self._webhooks = Histogram(
            "ringproof_webhook_request_seconds",
            "Time that requests to applications' own back ends took",
            ("kind", "outcome"),
            buckets=_CARRIER_SECONDS,
            registry=self._registry,
        )

    def started(self, channel: Channel, country: str | None) -> None:
        """`country` is an ISO 3166 region, None for numbers that belong to none."""
        self._started.labels(channel, country or "none").inc()

    def attempt_ended(self, channel: Channel, carrier: str, reason: Reason | None) -> None:
        self._attempts.labels(channel, carrier, reason or "none").inc()

    def finished(self, status: str, channel: Channel | None, seconds: float) -> None:
        self._finished.labels(status, channel or "none").observe(seconds)

    def carrier_request(self, carrier: str, operation: str, outcome: str, seconds: float) -> None:
        labels = (carrier, operation, outcome)
        counted = self._by_request.get(labels)
        if counted is None:
            counted = self._by_request[labels] = self._carrier_requests.labels(*labels)
        counted.observe(seconds)

    def breaker(self, carrier: str, state: str) -> None:
        """The first state of a carrier is no change."""
        before = self._breaker_states.get(carrier)
        if before == state:
            return
        self._breaker_states[carrier] = state
        for other in _BREAKER_STATES:
            self._breakers.labels(carrier, other).set(other == state)
        if before is not None:
            self._breaker_changes.labels(carrier, state).inc()

    def webhook(self, kind: str, outcome: str, seconds: float) -> None:
        self._webhooks.labels(kind, outcome).observe(seconds)

    def refused(self, slug: str) -> None:
        self._refused.labels(slug).inc()

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is the template of the route, never the path itself, so the labels are few."""
        labels = (method, route, status)
        counted = self._by_labels.get(labels)
        if counted is None:
            counted = self._by_labels[labels] = self._requests.labels(*labels)
        counted.observe(seconds)

    def render(self) -> bytes:
        """All counts in the text format that `CONTENT_TYPE` names."""
        self._forget_dead_processes()
        return generate_latest(self._shown)

    def _forget_dead_processes(self) -> None:
        """What a process has counted stays when it dies; what it is in now, such as an open breaker, goes."""
        if self._folder is None:
            return
        for file in self._folder.glob("gauge_live*_*.db"):
            process = file.stem.rpartition("_")[2]
            if process.isdecimal() and not _lives(int(process)):
                file.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    with contextlib.suppress(PermissionError):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True
