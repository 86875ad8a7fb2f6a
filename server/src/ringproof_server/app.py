"""The composition root: the only place that knows every adapter and plugs them into the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path

import structlog
from flask import Flask

from ringproof_server.carriers import CarrierOptions, find_carriers
from ringproof_server.carriers.guard import GuardedCarrier, Surroundings, build_guarded, create_pacer
from ringproof_server.carriers.simulated import SimulatedCarrier
from ringproof_server.domain.errors import ServiceUnavailable
from ringproof_server.domain.numbering_plan import load_numbering_plans
from ringproof_server.http import (
    PROBLEM_STATUS,
    FormParts,
    HttpParts,
    Ping,
    PrometheusMetrics,
    create_http,
    create_limiter,
    openapi_document,
    voice_document,
)
from ringproof_server.ports import Carrier, Clock, Metrics, Random
from ringproof_server.service.access import AccessService
from ringproof_server.service.administration import Administration
from ringproof_server.service.carrier_events import CarrierEvents
from ringproof_server.service.deadlines import Deadlines, DueWork
from ringproof_server.service.dispatch import Dispatching
from ringproof_server.service.dispatcher import Dispatcher
from ringproof_server.service.endpoints import Endpoints
from ringproof_server.service.outbox import Courier, Delivering
from ringproof_server.service.parts import Parts, ServiceConfig, Wakeup
from ringproof_server.service.planning import Planner
from ringproof_server.service.steps import Steps
from ringproof_server.service.verifications import VerificationService
from ringproof_server.settings import Settings
from ringproof_server.storage import SqlStorage, migrations, open_storage
from ringproof_server.system import SystemClock, SystemRandom
from ringproof_server.tokens import JwtTokens, SecretSeals
from ringproof_server.web import FormPages, PagesConfig, create_pages
from ringproof_server.webhooks import HttpWebhooks

SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One process's share of a Ringproof server, put together but not started."""

    settings: Settings
    parts: Parts
    storage: SqlStorage
    tokens: JwtTokens
    administration: Administration
    endpoints: Endpoints
    verifications: VerificationService
    access: AccessService
    carrier_events: CarrierEvents
    dispatcher: Dispatcher
    deadlines: Deadlines
    courier: Courier
    metrics: PrometheusMetrics

    def start(self) -> None:
        """Start what runs beside the requests; call it once, after the process has forked.

        The numbering plans are loaded now, so that no first request of a country waits for its own.
        """
        load_numbering_plans()
        self.tokens.prepare()
        self.parts.wakeup.connect(self.dispatcher.poke, self.deadlines.poke, self.courier.poke)
        for carrier in self.parts.carriers.values():
            carrier.start(partial(self.carrier_events.receive, carrier.name), self._answer)
        self.dispatcher.start()
        self.deadlines.start()
        self.courier.start()

    def stop(self) -> None:
        """Stop what `start` started, and let go of the database."""
        self.dispatcher.stop()
        self.deadlines.stop()
        self.courier.stop()
        for carrier in self.parts.carriers.values():
            carrier.stop()
        self.storage.close()

    def http(self) -> Flask:
        """The WSGI application of this node."""
        settings = self.settings
        simulated = _inner(self.parts.carriers.get(SIMULATED))
        handsets = simulated.handsets if isinstance(simulated, SimulatedCarrier) else None
        offers_handsets = handsets is not None and settings.fictitious_until is not None
        document = openapi_document(settings.public_url)
        pages = PagesConfig(
            brand="Ringproof",
            public_url=settings.public_url,
            openapi=lambda: document,
            problem_status=PROBLEM_STATUS,
            page_key=None if settings.page_key is None else settings.page_key.reveal(),
            demo=settings.demo,
            handset=offers_handsets,
        )
        return create_http(
            HttpParts(
                verifications=self.verifications,
                access=self.access,
                carrier_events=self.carrier_events,
                tokens=self.tokens,
                storage=self.storage,
                clock=self.parts.clock,
                random=self.parts.random,
                metrics=self.metrics,
                public_url=settings.public_url,
                pings=self._pings(),
                handsets=handsets if offers_handsets else None,
                blueprints=(create_pages(pages),),
                forms=self._forms(pages),
                trusted_proxies=settings.trusted_proxies,
            )
        )

    def _forms(self, pages: PagesConfig) -> FormParts | None:
        """The verification page without scripts, wherever there is one with them."""
        if pages.page_key is None:
            return None
        return FormParts(pages=FormPages(pages), seals=self.parts.seals, key=pages.page_key)

    def _pings(self) -> tuple[Ping, ...]:
        """Without its database a node can do nothing; without a carrier or Redis it can do less."""
        carriers = (
            Ping(f"carrier:{name}", carrier.ping, required=False)
            for name, carrier in self.parts.carriers.items()
        )
        limiter = Ping("limiter", self.parts.limiter.ping, required=False)
        return (Ping("storage", self.storage.ping), limiter, *carriers)

    def _answer(self, document_url: str, /, keys: str | None = None) -> str:
        """The voice document behind one of our own URLs, for a carrier inside this process."""
        reference = document_url.removeprefix(f"{self.settings.public_url}/rcml/")
        if keys is None:
            spoken = self.carrier_events.document(reference)
        else:
            spoken = self.carrier_events.keys(reference.removesuffix("/keys"), keys)
        return "" if spoken is None else voice_document(spoken)


def compose(
    settings: Settings,
    *,
    clock: Clock | None = None,
    random: Random | None = None,
    counts_folder: str | None = None,
) -> Node:
    """Build a node from its settings; processes with one `counts_folder` show each other's counts.

    Raises `CarrierLookupError` and `CarrierSettingsError` for carriers that cannot be used, `ValueError` for
    a database URL that cannot.
    """
    clock = clock or SystemClock()
    random = random or SystemRandom(clock)
    secret_key = settings.secret_key.reveal()
    seals = SecretSeals(secret_key)
    storage = open_storage(
        settings.database_url.reveal(),
        hasher=lambda number: seals.digest("phone-number", number),
        policy=settings.policy,
    )
    tokens = JwtTokens(storage, clock, random, secret_key=secret_key, issuer=settings.public_url)
    metrics = PrometheusMetrics(counts_folder)
    parts = Parts(
        storage=storage,
        clock=clock,
        random=random,
        seals=seals,
        tokens=tokens,
        limiter=create_limiter(
            None if settings.redis_url is None else settings.redis_url.reveal(),
            clock,
            hasher=lambda key: seals.digest("rate-limit", key),
        ),
        carriers=_carriers(settings, storage, clock, random, seals, metrics),
        metrics=metrics,
        webhooks=HttpWebhooks(private=_allows_private_receivers(settings)),
        config=_service_config(settings),
        wakeup=Wakeup(),
    )
    return _node(settings, parts, storage, tokens, metrics)


def _service_config(settings: Settings) -> ServiceConfig:
    return ServiceConfig(
        public_url=settings.public_url,
        fictitious_until=settings.fictitious_until,
        claim_lease=settings.claim_lease,
        counts_loopback=not settings.demo,
        routes=settings.routes,
        private_webhooks=_allows_private_receivers(settings),
    )


def _allows_private_receivers(settings: Settings) -> bool:
    """In the demo everything runs on one machine."""
    return settings.webhook_private_addresses or settings.demo


def _node(
    settings: Settings,
    parts: Parts,
    storage: SqlStorage,
    tokens: JwtTokens,
    metrics: PrometheusMetrics,
) -> Node:
    """The services over these parts."""
    planner = Planner()
    steps = Steps(parts.random, planner)
    log = structlog.get_logger("ringproof_server.service")
    dispatching = Dispatching(parts, steps, log.warning)
    due = DueWork(parts, steps, dispatching, log.warning)
    return Node(
        settings=settings,
        parts=parts,
        storage=storage,
        tokens=tokens,
        administration=Administration(storage, parts.clock, parts.random, parts.seals, settings.policy),
        endpoints=Endpoints(parts),
        verifications=VerificationService(parts, planner, steps),
        access=AccessService(storage, parts.seals, parts.clock),
        carrier_events=CarrierEvents(parts, steps),
        dispatcher=Dispatcher(parts, dispatching, log.warning),
        deadlines=Deadlines(parts, due, log.warning),
        courier=Courier(parts, Delivering(parts, log.info, log.warning), log.warning),
        metrics=metrics,
    )


def _carriers(
    settings: Settings,
    storage: SqlStorage,
    clock: Clock,
    random: Random,
    seals: SecretSeals,
    metrics: Metrics,
) -> Mapping[str, Carrier]:
    """The configured carriers, and the simulated one wherever fictitious numbers are served, all guarded."""
    log = structlog.get_logger("ringproof_server.carriers")
    redis_url = None if settings.redis_url is None else settings.redis_url.reveal()
    surroundings = Surroundings(
        pacer=create_pacer(redis_url, settings.data_dir, clock, seals, log),
        metrics=metrics,
        claim_lease=settings.claim_lease,
    )
    wanted = _wanted_carriers(settings)
    return {
        name: build_guarded(
            name,
            build,
            CarrierOptions(
                settings=wanted[name],
                clock=clock,
                random=random,
                seals=seals,
                store=storage,
                public_url=settings.public_url,
                log=log,
                data_dir=settings.data_dir,
            ),
            surroundings,
        )
        for name, build in find_carriers(list(wanted)).items()
    }


def _wanted_carriers(settings: Settings) -> dict[str, dict[str, str]]:
    """The options of every carrier by its name, in the order in which they are tried.

    Beside real carriers the simulated one takes fictitious numbers only, so that no real number is ever
    answered by a phone that does not exist.
    """
    options = {name: dict(settings.carrier_options.get(name, {})) for name in settings.carriers}
    if list(options) == [SIMULATED]:
        return options
    if SIMULATED in options or settings.fictitious_until is not None:
        own = settings.carrier_options.get(SIMULATED, {})
        options[SIMULATED] = {**own, "fictitious_only": "true"}
    return options


def _inner(carrier: Carrier | None) -> Carrier | None:
    return carrier.inner if isinstance(carrier, GuardedCarrier) else carrier


def prepare_database(settings: Settings) -> None:
    """Create the database's folder and bring the database to the newest migration.

    A new folder and a new SQLite file are open to this user only, since they hold phone numbers.
    Raises `ServiceUnavailable` when the database cannot be reached.
    """
    file = _sqlite_file(settings)
    if file is not None:
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600, exist_ok=True)
        except OSError as fault:
            raise ServiceUnavailable(f"the database's file cannot be made: {fault.strerror}") from fault
    migrations.upgrade(settings.database_url.reveal())


def is_database_ready(settings: Settings) -> bool:
    """Whether the database exists and is at the migration that this version needs."""
    file = _sqlite_file(settings)
    if file is not None and not file.exists():
        return False
    return migrations.current(settings.database_url.reveal()) == migrations.head()


def _sqlite_file(settings: Settings) -> Path | None:
    url = settings.database_url.reveal()
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def create_app(settings: Settings, counts_folder: str | None = None) -> Flask:
    """The WSGI application with everything beside it started, for one worker process, and stopped at its end.

    A worker is a process of `multiprocessing`, which leaves without `atexit` but not without its finalizers.
    """
    node = compose(settings, counts_folder=counts_folder)
    node.start()
    Finalize(None, node.stop, exitpriority=1)
    return node.http()
