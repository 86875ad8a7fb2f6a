"""A server that calls real phones over SIP, and what tests look at on both sides."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ringproof import Ringproof, SipPhoneCallSource, Verified, verify_token
from tests.server.carriers.sip.agents import end_process
from tests.support import leaks
from tests.support.api import Answer, Api, Json, Started
from tests.support.baresip import Packet, Phone, PhoneCall
from tests.support.servers import GENEROUS, Server, Tenant, running
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Site:
    """A server that calls through a trunk, and the phone behind it."""

    server: Server
    tenant: Tenant
    phone: Phone

    @property
    def client(self) -> Ringproof:
        return Ringproof(self.server.url, self.tenant.publishable)

    @property
    def api(self) -> Api:
        return Api(self.server.url, self.tenant.publishable)

    def source(self) -> SipPhoneCallSource:
        return SipPhoneCallSource(self.phone.control_address)

    def seen_by_back_end(self, verification: str) -> Json:
        answer = Api(self.server.url, self.tenant.secret).get(f"/v1/verifications/{verification}")
        assert answer.status == 200, answer
        return answer.json()

    def attempt(self, verification: str) -> Json:
        """The only attempt, once it has ended."""
        wait_until(lambda: self.seen_by_back_end(verification)["attempts"][0]["status"] == "ended")
        (found,) = self.seen_by_back_end(verification)["attempts"]
        return dict(found)

    def check(self, verified: Verified) -> None:
        """The token holds, offline, with the server's published keys."""
        keys = Api(self.server.url).get("/.well-known/jwks.json").json()
        phone = verify_token(verified.token, jwks=keys, issuer=self.server.url, audience=self.tenant.id)
        assert (phone.phone_number, phone.channel) == (verified.phone_number, "flashcall")


@contextlib.contextmanager
def site(folder: Path, phone: Phone, trunk: str, **settings: str) -> Iterator[Site]:
    """A server that calls through this trunk; it and its agent are gone at the end."""
    given = {
        **GENEROUS,
        "RINGPROOF_CARRIERS": "sip",
        "RINGPROOF_SIP_TRUNK": trunk,
        "RINGPROOF_SIP_LOCAL_ADDRESS": "127.0.0.1:0",
        "RINGPROOF_RING_SECONDS": "1.0,1.5",
        **settings,
    }
    server = Server(folder, settings=given)
    try:
        with running(server):
            yield Site(server, server.tenant(), phone)
    finally:
        # The agent outlives its server on purpose, so that no call is dropped by a restart.
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            end_process(int((folder / "sip-agent.lock").read_text()), signal.SIGTERM)
        leaks.watch_file(folder / "sip-agent.log", "the log of a SIP agent")


def agree(how: str, call: PhoneCall, attempt: Json, record_property: Callable[[str, object], None]) -> None:
    """Phone and server know the same ring time, as closely as evidence has to."""
    assert call.ring_ms is not None
    record_property("ring_ms_seen_by_the_phone", call.ring_ms)
    record_property("ring_ms_seen_by_the_server", attempt["ring_ms"])
    print(f"ring time {how}: phone {call.ring_ms} ms, server {attempt['ring_ms']} ms")
    assert attempt["ring_ms"] - 6000 <= call.ring_ms <= attempt["ring_ms"] + 1500


def packets_of(phone: Phone, call: PhoneCall) -> list[Packet]:
    return [packet for packet in phone.packets() if packet.call_id == call.call_id]


def delete(where: Site, started: Started) -> Answer:
    path = f"/v1/verifications/{started.id}"
    answer = where.api.request("DELETE", path, headers={"Ringproof-Challenge": started.challenge})
    assert answer.status == 200, answer
    return answer


def ringing(phone: Phone, number: str) -> PhoneCall:
    """The call to this number that has begun to ring, or was answered, and is not over."""
    return phone.wait_for_call(
        lambda call: call.called == number and call.rang_at is not None and call.ended_at is None
    )
