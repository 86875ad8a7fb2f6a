"""What the tutorials' systems run on: servers, carriers, virtual phones, and clients that take notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ringproof import VerifiedPhone, verify_token
from tests.support import leaks
from tests.support.api import Answer, Api, Json, Started, code_in, is_message
from tests.support.clients import wrong_code
from tests.support.push_service import SUBJECT, PushService, running_push_service
from tests.support.restcomm_site import RestcommSite, restcomm_site
from tests.support.servers import GENEROUS, POOL, Server, Tenant, running
from tests.support.waiting import wait_until

TWO_NUMBERS: Final = "+442079471001-+442079471002"
SETTINGS: Final = {
    **GENEROUS,
    "RINGPROOF_DEMO": "on",
    "RINGPROOF_CARRIERS": "simulated,webpush",
    "RINGPROOF_WEBPUSH_SUBJECT": SUBJECT,
    "RINGPROOF_WEBPUSH_PRIVATE_ADDRESSES": "on",
    "RINGPROOF_MESSAGE_TIMEOUT": "2",
    "RINGPROOF_CHECK_DELAYS": "0",
    "RINGPROOF_VOICE_AFTER": "0",
    "RINGPROOF_RING_SECONDS": "1.0,1.5",
    "RINGPROOF_SIMULATED_POST_DIAL_MS": "50-150",
    "RINGPROOF_SIMULATED_REACTION_MS": "200-400",
    "RINGPROOF_SIMULATED_MESSAGE_MS": "50-150",
}
"""Two seconds stand for the two minutes in which a message is to be read."""


class Client(Api):
    """Notes the methods and paths of its requests."""

    def __init__(self, url: str, key: str, asked: list[str]) -> None:
        super().__init__(url, key)
        self._asked = asked

    def request(
        self,
        method: str,
        path: str,
        body: Json | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        key: str | None = None,
    ) -> Answer:
        self._asked.append(f"{method} {path.partition('?')[0]}")
        return super().request(method, path, body, headers, key=key)


@dataclass(frozen=True)
class World:
    """A server with virtual phones and a push service, and one that calls through Restcomm."""

    server: Server
    tenant: Tenant
    push: PushService
    restcomm: RestcommSite
    asked: list[str] = field(default_factory=list)

    @property
    def app(self) -> Client:
        """What holds a publishable key."""
        return self.client(self.server, self.tenant.publishable)

    @property
    def back_end(self) -> Client:
        return self.client(self.server, self.tenant.secret)

    def client(self, server: Server, key: str) -> Client:
        return Client(server.url, key, self.asked)

    def message(self, number: str, channel: str) -> str:
        """The text that a virtual phone gets on this channel."""
        event = self.app.wait_for(number, lambda one: is_message(one) and one["channel"] == channel)
        leaks.secret(code_in(event["text"]), "code")
        return str(event["text"])

    def checked(
        self, token: str, channel: str, *, server: Server | None = None, tenant: Tenant | None = None
    ) -> VerifiedPhone:
        """What a back end learns from a token, with the keys it has and nothing asked of anybody."""
        issuer = server or self.server
        keys = Api(issuer.url).get("/.well-known/jwks.json").json()
        audience = (tenant or self.tenant).id
        phone = verify_token(token, issuer=issuer.url, audience=audience, jwks=keys)
        assert phone.channel == channel
        return phone

    def prove(self, started: Started, evidence: Json) -> None:
        """Confirm, and check the token that follows."""
        answer = self.app.confirm(started, evidence).json()
        assert answer["status"] == "verified", answer
        phone = self.checked(answer["token"], evidence["channel"])
        assert (phone.phone_number, phone.verification) == (started.number, started.id)

    def prove_by_message(self, started: Started, channel: str) -> None:
        """A wrong code first, then the one that arrived."""
        code = code_in(self.message(started.number, channel))
        wrong = self.app.confirm(started, {"channel": channel, "code": wrong_code(code)}).json()
        assert (wrong["status"], wrong["result"]) == ("pending", "mismatch")
        self.prove(started, {"channel": channel, "code": code})

    def press(self, number: str, digits: str) -> None:
        """Press keys on a virtual phone, as soon as its call has been answered."""
        path = f"/handset/{number}/keys"
        wait_until(lambda: self.app.post(path, {"digits": digits}).status == 200)


@contextmanager
def built(folder: Path) -> Iterator[World]:
    """All of it, running; at the end the push service must have had nothing to refuse."""
    server = Server(folder / "simulated", settings=SETTINGS)
    server.prepare()
    tenant = server.tenant(pool=(POOL,))
    server.environment["RINGPROOF_PAGE_KEY"] = tenant.publishable
    guessable = {"RINGPROOF_MAX_GUESS_PROBABILITY": "0.5", "RINGPROOF_DIAL_TIMEOUT": "10"}
    with (
        running_push_service() as push,
        restcomm_site(folder / "restcomm", settings=guessable, pool=(TWO_NUMBERS,)) as restcomm,
        running(server),
    ):
        yield World(server, tenant, push, restcomm)
        assert push.refused == []
