"""What the HTTP door is built from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from flask import Blueprint

from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.http.form_parts import FormParts
from ringproof_server.http.metrics import PrometheusMetrics
from ringproof_server.ports import Clock, Random, Storage, Tokens
from ringproof_server.service.access import AccessService
from ringproof_server.service.carrier_events import CarrierEvents
from ringproof_server.service.verifications import VerificationService


@runtime_checkable
class CallOnHandset(Protocol):
    """A call as a virtual phone saw it: one event when it begins to ring, one at its end, with one `call`."""

    @property
    def seq(self) -> int: ...
    @property
    def call(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def caller_id(self) -> str | None: ...
    @property
    def ring_ms(self) -> int | None: ...
    @property
    def answered(self) -> bool: ...
    @property
    def heard(self) -> str | None: ...


@runtime_checkable
class MessageOnHandset(Protocol):
    """A message that a virtual phone received."""

    @property
    def seq(self) -> int: ...
    @property
    def channel(self) -> str: ...
    @property
    def text(self) -> str: ...


class Handsets(Protocol):
    """The virtual phones of fictitious numbers.

    Every method raises `NotFound` for a number that has none, `InvalidRequest` for what a phone cannot do.
    """

    def events(self, number: PhoneNumber, after: int) -> Sequence[CallOnHandset | MessageOnHandset]:
        """What the phone has seen since event `after`, oldest first."""
        ...

    def behave(self, number: PhoneNumber, behaviour: str, delay_ms: int) -> None:
        """Act so from now on."""
        ...

    def press(self, number: PhoneNumber, digits: str) -> None:
        """Press keys during a call."""
        ...


@dataclass(frozen=True, slots=True)
class Ping:
    """One port that `/readyz` asks. `check` raises when it is away; only a required one makes us unready."""

    name: str
    check: Callable[[], None]
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpParts:
    """`public_url` has no slash at its end. `blueprints` are further pages, served without keys.

    `trusted_proxies` is how many proxies in front of us add to `X-Forwarded-For`. Without `handsets`
    everything below `/handset/<number>/` is not found, without `forms` everything below `/verify`.
    """

    verifications: VerificationService
    access: AccessService
    carrier_events: CarrierEvents
    tokens: Tokens
    storage: Storage
    clock: Clock
    random: Random
    metrics: PrometheusMetrics
    public_url: str
    pings: tuple[Ping, ...] = ()
    handsets: Handsets | None = None
    blueprints: tuple[Blueprint, ...] = ()
    forms: FormParts | None = None
    trusted_proxies: int = 0
