"""Builds carriers with the guard around them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ringproof_server.carriers.guard.guarded import GuardedCarrier, GuardedNumberOwner
from ringproof_server.carriers.guard.pacing import FilePacer
from ringproof_server.carriers.guard.redis_pacer import RedisPacer
from ringproof_server.carriers.guard.settings import read_guard_settings
from ringproof_server.carriers.plugin import Build, CarrierOptions, CarrierSettingsError, Log
from ringproof_server.ports import Clock, Metrics, OwnsNumbers, Pacer, Seals

FOLDER: Final = "pacing"
"""The folder, inside the server's own, that all processes of a machine share."""
ACCOUNT_WORDS: Final = frozenset(
    {"account", "api", "application", "domain", "trunk", "trunks", "url", "user"}
)
"""Words in the names of settings that say whose account it is, not how this node reaches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the guards of all carriers share; `claim_lease` is in seconds."""

    pacer: Pacer
    metrics: Metrics
    claim_lease: float


def create_pacer(redis_url: str | None, data_dir: Path, clock: Clock, seals: Seals, log: Log) -> Pacer:
    """The pacer for this process: with all nodes over Redis, else with all processes of this machine.

    Nothing is opened before it is used, so a server may fork afterwards.
    """

    def hasher(key: str) -> bytes:
        return seals.digest("carrier-pace", key)

    file = FilePacer(data_dir / FOLDER, clock, hasher, log)
    return file if redis_url is None else RedisPacer(redis_url, file, hasher, log)


def build_guarded(
    name: str, build: Build, options: CarrierOptions, surroundings: Surroundings
) -> GuardedCarrier:
    """The carrier, built from what the guard leaves of `options.settings`, with the guard around it.

    Raises `CarrierSettingsError` with the faults of both.
    """
    read = read_guard_settings(options.settings, surroundings.claim_lease)
    try:
        inner = build(replace(options, settings=read.rest, timeouts=read.guard.timeouts))
    except CarrierSettingsError as fault:
        raise CarrierSettingsError(name, (*read.faults, *fault.faults)) from None
    if read.faults:
        raise CarrierSettingsError(name, read.faults)
    kind = GuardedNumberOwner if isinstance(inner, OwnsNumbers) else GuardedCarrier
    return kind(
        inner,
        read.guard,
        account=f"{name}:{_account(read.rest, options.seals)}",
        pacer=surroundings.pacer,
        metrics=surroundings.metrics,
        random=options.random,
        log=options.log,
    )


def _account(settings: Mapping[str, str], seals: Seals) -> str:
    """The same text for every node that uses one account, from which nobody can tell the account."""
    telling = {name: text for name, text in settings.items() if ACCOUNT_WORDS & set(re.split("[_-]", name))}
    said = sorted((telling or settings).items())
    return seals.digest("carrier-account", repr(said)).hex()[:32]
