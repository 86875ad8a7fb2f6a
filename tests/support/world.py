"""A whole Ringproof server without threads: real storage and services, time and chance in the test's hand."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ringproof_server.carriers.simulated import HandsetCall, HandsetMessage, NetworkSettings, SimulatedCarrier
from ringproof_server.domain.application import Caller
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.stage import Stage
from ringproof_server.domain.verification import Capabilities
from ringproof_server.http import voice_document
from ringproof_server.http.limits import MemoryLimiter
from ringproof_server.ports import Carrier, Seals
from ringproof_server.service.access import AccessService
from ringproof_server.service.administration import Administration
from ringproof_server.service.carrier_events import CarrierEvents
from ringproof_server.service.deadlines import DueWork
from ringproof_server.service.dispatch import Dispatching
from ringproof_server.service.endpoints import Endpoints
from ringproof_server.service.outbox import Delivering
from ringproof_server.service.parts import Parts, ServiceConfig, Wakeup
from ringproof_server.service.planning import Planner
from ringproof_server.service.requests import IdempotencyKey, StartRequest
from ringproof_server.service.steps import Steps
from ringproof_server.service.verifications import VerificationService
from ringproof_server.storage import SqlStorage, migrations, open_storage
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.randomness import SeededRandom
from ringproof_server.tokens import JwtTokens, SecretSeals
from ringproof_server.webhooks import HttpWebhooks
from tests.support import leaks
from tests.support.api import code_in, pkce
from tests.support.clients import (
    App,
    Session,
    call_report,
    code_report,
    digits_report,
    key,
    outcome,
    right_call,
    wrong_call,
    wrong_code,
)
from tests.support.processes import EPOCH, NUMBER, OTHER_NUMBER, CountingMetrics, Lines, Process

__all__ = [
    "EPOCH",
    "NUMBER",
    "OTHER_NUMBER",
    "POOL",
    "PUBLIC_URL",
    "SECRET_KEY",
    "App",
    "CountingMetrics",
    "Lines",
    "Process",
    "Session",
    "World",
    "call_report",
    "code_report",
    "digits_report",
    "key",
    "outcome",
    "right_call",
    "wrong_call",
    "wrong_code",
]

SECRET_KEY = "a-secret-for-tests-that-is-long-enough-for-anyone"
PUBLIC_URL = "https://ringproof.example"
POOL = "+442079460000-+442079469999"

CarrierBuilder = Callable[[SqlStorage, FakeClock, SeededRandom, Seals], Mapping[str, Carrier]]


class World:
    """Clock, chance, database and telephone network, with any number of server processes in it."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: str = "world",
        carriers: CarrierBuilder | None = None,
        network: NetworkSettings | None = None,
        fictitious_until: date | None = date(2099, 12, 31),
        config: Mapping[str, Any] | None = None,
        database: str | None = None,
    ) -> None:
        """`database` is the URL of a migrated and empty database; without one a SQLite file in `folder`."""
        self.folder = folder
        self.clock = FakeClock()
        self.random = SeededRandom(seed, self.clock)
        self.limiter = MemoryLimiter(self.clock)
        self._carriers = carriers
        self._network = network or NetworkSettings(seed=seed.encode())
        self._config = {"fictitious_until": fictitious_until, **(config or {})}
        self._database = database or _fresh_database(folder)
        self.processes: list[Process] = []
        self.server = self.process()
        self.server.parts.tokens.prepare()  # type: ignore[attr-defined]  # The real signer has it.

    def process(self) -> Process:
        """One more server process on the same database: another worker, or the one after a crash."""
        seals = SecretSeals(SECRET_KEY)
        storage = open_storage(self._database, hasher=lambda number: seals.digest("phone-number", number))
        carriers = self._build_carriers(storage, seals)
        tokens = JwtTokens(storage, self.clock, self.random, secret_key=SECRET_KEY, issuer=PUBLIC_URL)
        metrics, log = CountingMetrics(), Lines()
        parts = Parts(
            storage=storage,
            clock=self.clock,
            random=self.random,
            seals=seals,
            tokens=tokens,
            limiter=self.limiter,
            carriers=carriers,
            metrics=metrics,
            webhooks=HttpWebhooks(private=True),
            config=ServiceConfig(public_url=PUBLIC_URL, **{"private_webhooks": True, **self._config}),
            wakeup=Wakeup(),
        )
        planner = Planner()
        steps = Steps(self.random, planner)
        dispatching = Dispatching(parts, steps, log)
        process = Process(
            parts=parts,
            storage=storage,
            service=VerificationService(parts, planner, steps),
            access=AccessService(storage, seals, self.clock),
            administration=Administration(storage, self.clock, self.random, seals),
            endpoints=Endpoints(parts),
            delivering=Delivering(parts, log, log),
            events=CarrierEvents(parts, steps),
            dispatching=dispatching,
            due=DueWork(parts, steps, dispatching, log),
            metrics=metrics,
            log=log,
        )
        self.processes.append(process)
        return process

    def _build_carriers(self, storage: SqlStorage, seals: Seals) -> Mapping[str, Carrier]:
        if self._carriers is not None:
            return self._carriers(storage, self.clock, self.random, seals)
        carrier = SimulatedCarrier(
            store=storage,
            settings=self._network,
            clock=self.clock,
            random=self.random,
            seals=seals,
            log=Lines(),
            sleep=self.clock.move,
        )
        return {carrier.name: carrier}

    def close(self) -> None:
        """Close the databases; what the processes logged and noted is searched for secrets."""
        notes = self.server.storage.look(
            lambda connection: connection.exec_driver_sql("SELECT what, detail FROM trace").all()
        )
        leaks.watch("\n".join(f"{what} {detail}" for what, detail in notes), "the trace of a verification")
        for process in self.processes:
            lines = "\n".join(f"{event} {fields}" for event, fields in process.log.lines)
            leaks.watch(lines, "the log of the services")
            process.storage.close()

    # --- applications and clients

    def app(
        self,
        policy: Policy | None = None,
        *,
        pool: Sequence[str] = (POOL,),
        name: str | None = None,
        address: str | None = None,
    ) -> App:
        """A new application with this pool; its client calls from `address`."""
        administration = self.server.administration
        label = name or f"app {len(administration.applications()) + 1}"
        made = administration.create_application(label, brand="Tests", policy=policy)
        for _ in administration.add_numbers(made.application.id, pool):
            pass
        leaks.secrets((made.publishable_key, made.secret_key), "key")
        for numbers in pool:
            leaks.pool(numbers)
        caller = self.server.access.caller
        return App(made.application, caller(made.publishable_key, address), caller(made.secret_key, address))

    def start(
        self,
        app: App,
        number: str = NUMBER,
        *,
        channels: Iterable[Channel | Stage] | None = None,
        caller: Caller | None = None,
        key: IdempotencyKey | None = None,
        process: Process | None = None,
        ring_time: bool = True,
        **request: Any,
    ) -> Session:
        """Start a verification as the application's client does, with a fresh code verifier."""
        process = process or self.server
        verifier, code_challenge = self.pkce()
        request.setdefault("capabilities", Capabilities(caller_id=True, ring_time=ring_time))
        asked = StartRequest(
            phone_number=number,
            code_challenge=code_challenge,
            channels=None if channels is None else tuple(channels),
            **request,
        )
        caller = caller or app.client
        progress = process.service.start(caller, asked, key)
        assert progress.challenge is not None
        leaks.secret(progress.verification.number.e164, "number")
        leaks.secret(verifier, "verifier")
        if progress.keypad is not None:
            leaks.secret(progress.keypad.digits, "code")
        return Session(
            caller=caller,
            id=progress.verification.id,
            verifier=verifier,
            challenge=progress.challenge,
            started=progress,
            process=process,
        )

    def pkce(self) -> tuple[str, str]:
        """A fresh code verifier and its challenge, the same in every run."""
        return pkce(base64.urlsafe_b64encode(self.random.bytes(33)).decode())

    # --- time

    def pass_time(self, seconds: float, process: Process | None = None) -> None:
        """Let the server and the network work for so long, at exactly the moments when something is due."""
        process = process or self.server
        end = self.clock.now() + timedelta(seconds=seconds)
        carrier = process.parts.carriers.get("simulated")
        exchange = (
            carrier.exchange(lambda request: process.events.receive("simulated", request), self._answer)
            if isinstance(carrier, SimulatedCarrier)
            else None
        )
        while True:
            self._settle(process, exchange)
            moments = [process.due.next_at()]
            if exchange is not None and (at := exchange.step()) is not None:
                moments.append(EPOCH + timedelta(microseconds=at))
            upcoming = [moment for moment in moments if moment is not None and moment <= end]
            if not upcoming:
                break
            self.clock.move_to(min(upcoming))
        self.clock.move_to(end)

    def _settle(self, process: Process, exchange: Any) -> None:
        """Everything that is due at this very moment, in as many rounds as it takes."""
        for _ in range(50):
            worked = process.dispatch_all() + process.due.run()
            if exchange is not None:
                at = exchange.step()
                worked += at is not None and EPOCH + timedelta(microseconds=at) <= self.clock.now()
            if not worked:
                return
        raise AssertionError("the server does not come to rest")

    def _answer(self, document_url: str, /, keys: str | None = None) -> str:
        reference = document_url.removeprefix(f"{PUBLIC_URL}/rcml/")
        events = self.server.events
        if keys is None:
            document = events.document(reference)
        else:
            document = events.keys(reference.removesuffix("/keys"), keys)
        assert document is not None
        if document.action or document.code:
            return voice_document(document)
        return f"<Response><Say>{document.kind}</Say><Hangup/></Response>"

    # --- the simulated network

    @property
    def network(self) -> SimulatedCarrier:
        carrier = self.server.parts.carriers["simulated"]
        assert isinstance(carrier, SimulatedCarrier)
        return carrier

    def behave(self, behaviour: str, number: str = NUMBER, delay_ms: int = 0) -> None:
        self.network.handsets.behave(PhoneNumber.parse(number), behaviour, delay_ms)

    def press(self, keys: str, number: str = NUMBER) -> None:
        """Press keys on the handset, in the call that it is in."""
        self.network.handsets.press(PhoneNumber.parse(number), keys)

    def calls_seen(self, number: str = NUMBER) -> list[HandsetCall]:
        events = self.network.handsets.events(PhoneNumber.parse(number))
        return [event for event in events if isinstance(event, HandsetCall)]

    def messages_seen(self, number: str = NUMBER) -> list[HandsetMessage]:
        events = self.network.handsets.events(PhoneNumber.parse(number))
        return [event for event in events if isinstance(event, HandsetMessage)]

    def code_seen(self, number: str = NUMBER) -> str:
        """The code in the last message to this handset."""
        return code_in(self.messages_seen(number)[-1].text)


def _fresh_database(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "ringproof.db"
    shutil.copyfile(_migrated_database(), file)
    return f"sqlite:///{file}"


_templates: list[TemporaryDirectory[str]] = []


@cache
def _migrated_database() -> Path:
    """An empty database with all tables; made once, then copied."""
    template = TemporaryDirectory(prefix="ringproof-template-")
    _templates.append(template)
    file = Path(template.name) / "template.db"
    migrations.upgrade(f"sqlite:///{file}")
    return file
