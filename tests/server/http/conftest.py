"""A whole server behind the Flask test client: real services, real storage, time in the test's hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ringproof_server.http import HttpParts, Ping, PrometheusMetrics, create_http
from tests.support import leaks
from tests.support.world import NUMBER, POOL, PUBLIC_URL, World

ORIGIN = "https://shop.example"


@dataclass
class Started:
    """A verification as the client that started it knows it."""

    id: str
    verifier: str
    view: dict[str, Any]
    key: str

    @property
    def challenge(self) -> str:
        return str(self.view["challenge"])


@dataclass
class Door:
    """The HTTP door of a world, with an application's two keys."""

    world: World
    app: Flask
    client: FlaskClient
    application_id: str
    publishable: str = field(repr=False)
    secret: str = field(repr=False)
    metrics: PrometheusMetrics

    def post(self, path: str, body: object = None, *, key: str | None = None, **options: Any) -> TestResponse:
        """POST JSON with the publishable key, or another one."""
        headers = {"Authorization": f"Bearer {key or self.publishable}", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return self.client.post(path, headers=headers, **options)

    def get(
        self, path: str, *, key: str | None = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        return self.client.get(
            path, headers={"Authorization": f"Bearer {key or self.publishable}", **(headers or {})}
        )

    def start(self, number: str = NUMBER, *, key: str | None = None, **fields: Any) -> Started:
        """Start a verification as an app does."""
        verifier, challenge = self.world.pkce()
        body = {
            "phone_number": number,
            "code_challenge": challenge,
            "capabilities": {"caller_id": True, "ring_time": True},
            **fields,
        }
        response = self.post("/v1/verifications", body, key=key)
        assert response.status_code == 201, response.text
        view = response.get_json()
        return Started(view["id"], verifier, view, key or self.publishable)

    def confirm(self, started: Started, evidence: object, **more: Any) -> TestResponse:
        body = {
            "challenge": started.challenge,
            "code_verifier": started.verifier,
            "evidence": evidence,
            **more,
        }
        return self.post(f"/v1/verifications/{started.id}/confirm", body, key=started.key)

    def seen_call(self, number: str = NUMBER) -> dict[str, Any]:
        """The evidence that the handset's last call gives."""
        call = self.world.calls_seen(number)[-1]
        return {
            "channel": "flashcall",
            "caller_id": call.caller_id,
            "ring_ms": call.ring_ms,
            "answered": False,
            "basis": "simulated",
            "quality": "live",
        }


MakeDoor = Callable[..., Door]


def doors(folder: Path) -> Iterator[MakeDoor]:
    """A maker of doors; keyword arguments replace parts of the HTTP door. Closes the worlds behind them."""
    worlds: list[World] = []
    counts: list[PrometheusMetrics] = []

    def make(*, origins: tuple[str, ...] = (ORIGIN,), **replaced: Any) -> Door:
        world = World(folder / f"world-{len(worlds)}")
        worlds.append(world)
        administration = world.server.administration
        made = administration.create_application("shop", brand="Shop", allowed_origins=origins)
        for _ in administration.add_numbers(made.application.id, [POOL]):
            pass
        leaks.secrets((made.publishable_key, made.secret_key), "key")
        leaks.pool(POOL)
        metrics = PrometheusMetrics()
        counts.append(metrics)
        parts = {
            "verifications": world.server.service,
            "access": world.server.access,
            "carrier_events": world.server.events,
            "tokens": world.server.parts.tokens,
            "storage": world.server.storage,
            "clock": world.clock,
            "random": world.random,
            "metrics": metrics,
            "public_url": PUBLIC_URL,
            "pings": (Ping("storage", world.server.storage.ping),),
            "handsets": world.network.handsets,
        }
        app = create_http(HttpParts(**{**parts, **replaced}))
        return Door(
            world,
            app,
            app.test_client(),
            made.application.id,
            made.publishable_key,
            made.secret_key,
            metrics,
        )

    yield make
    for metrics in counts:
        leaks.watch_answer("GET", "/metrics", {}, metrics.render())
    for world in worlds:
        world.close()


@pytest.fixture
def make_door(tmp_path: Path) -> Iterator[MakeDoor]:
    """Makes doors for one test."""
    yield from doors(tmp_path)


@pytest.fixture
def door(make_door: MakeDoor) -> Door:
    """A door for one test."""
    return make_door()


@pytest.fixture(scope="module")
def common_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One door for all the tests of a module that leave nothing behind it changed."""
    for make in doors(tmp_path_factory.mktemp("common")):
        yield make()
