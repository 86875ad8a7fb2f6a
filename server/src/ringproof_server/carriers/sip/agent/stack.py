"""sippy as this agent uses it: one UDP socket, our own legs, and its faults worked around.

Import it in the thread that runs the loop and nowhere else. The workarounds, each where it is made:

- a Contact with `;transport=UDP` in upper case, or with `tcp`, made the ACK and the BYE impossible;
- what a final response leads to was sent before its ACK (RFC 3261 section 13.2.2.4);
- the ACK of a refusal went to the Contact in it instead of the way that the INVITE went (section 17.1.1.3);
- a challenge that crosses our CANCEL was answered by a new INVITE, and a challenged BYE not at all.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from sippy.CCEvents import CCEventDisconnect, CCEventTry  # type: ignore[import-untyped]
from sippy.Core.EventDispatcher import ED2  # type: ignore[import-untyped]
from sippy.MsgBody import MsgBody  # type: ignore[import-untyped]
from sippy.SipAddress import SipAddress  # type: ignore[import-untyped]
from sippy.SipCallId import SipCallId  # type: ignore[import-untyped]
from sippy.SipContact import SipContact  # type: ignore[import-untyped]
from sippy.SipFrom import SipFrom  # type: ignore[import-untyped]
from sippy.SipHeader import SipHeader  # type: ignore[import-untyped]
from sippy.SipRequest import SipRequest  # type: ignore[import-untyped]
from sippy.SipTransactionManager import SipTransactionManager  # type: ignore[import-untyped]
from sippy.SipURL import SipURL  # type: ignore[import-untyped]
from sippy.Time.Timeout import Timeout  # type: ignore[import-untyped]
from sippy.UA import UA  # type: ignore[import-untyped]
from sippy.UacStateTrying import UacStateTrying  # type: ignore[import-untyped]
from sippy.Udp_server import Udp_server_opts  # type: ignore[import-untyped]

from ringproof_server.carriers.sip.agent.names import Names
from ringproof_server.carriers.sip.settings import Network
from ringproof_server.carriers.sip.trunk import Identity, Trunk

USER_AGENT: Final = "Ringproof"
PEER_SECONDS: Final = 64.0
"""How long whoever we have written to is listened to: 64 * T1, and once more for a BYE of theirs."""
MOST_PEERS: Final = 4_096
TRANSACTION_SECONDS: Final = 40
"""How much longer than the `Expires` of its INVITE a transaction is kept, so that a late 487 gets its ACK."""

# The transport is UDP whatever a Contact says of it; sippy forgets that URI parameters ignore case.
SipURL.getTAddr = lambda url: (url.getAddr(), "udp")
# Several threads for one socket would reorder messages.
Udp_server_opts.nworkers = 1
# With SO_REUSEADDR a second agent could take the same port, and each would get some of the other's answers.
Udp_server_opts.flags = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNumbers:
    """What an INVITE says about a call: E.164 numbers, and how long it may ring, in whole seconds."""

    call_id: str
    called: str = field(repr=False)
    caller: str = field(repr=False)
    expires: int


class LegListener(Protocol):
    """Who is told about a leg."""

    def heard(self, leg: Leg, code: int) -> None:
        """A response to the INVITE has come, and its ACK, if it gets one, has gone; 408 stands for none."""
        ...


class Timer(Protocol):
    def cancel(self) -> None: ...


class Switch(SipTransactionManager):  # type: ignore[misc]  # sippy has no types.
    """The SIP side of the agent. Everything here runs in the thread of the loop."""

    def __init__(self, host: str, port: int, names: Names, sources: Sequence[Network]) -> None:
        """Raises `OSError` when the address cannot be had."""
        self.host = host
        self.refused = 0
        self._names = names
        self._sources = tuple(sources)
        self._peers: dict[str, float] = {}
        # Nobody plays anything into our ear or reads it, but a port in the offer should be one of ours.
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self._ear.bind((host, 0))
        self.config: dict[str, Any] = {"_sip_address": host, "_sip_port": port, "_sip_logger": _Silence()}
        super().__init__(self.config, self._unsolicited)
        self.config["_sip_tm"] = self
        self._offer = _offer(host, self._ear.getsockname()[1])

    def dial(self, trunk: Trunk, call: CallNumbers, listener: LegListener) -> Leg:
        """Send an INVITE."""
        leg = Leg(self, trunk, call, listener)
        leg.dial(MsgBody(self._offer))
        return leg

    def ask(self, trunk: Trunk, call_id: str, told: Callable[[int], None]) -> None:
        """Ask a trunk by OPTIONS whether it is there; `told` gets the code of any response, 408 for none."""
        caller = SipFrom(address=SipAddress(url=SipURL(username="ringproof", host=trunk.domain or self.host)))
        caller.genTag()
        request = SipRequest(
            method="OPTIONS",
            ruri=_address(None, trunk),
            fr0m=caller,
            cseq=1,
            callid=SipCallId(call_id),
            contact=_contact(),
            target=((trunk.host, trunk.port), "udp"),
            user_agent=USER_AGENT,
        )
        self.newTransaction(request, resp_cb=lambda response: told(response.getSCode()[0]))

    def handleIncoming(self, data: Any, source: Any, server: Any, at: Any) -> None:  # noqa: N802
        """Drop what does not come from a trunk, or from whom a trunk has sent us to."""
        address = source.address[0]
        if not self._is_heard(address):
            self.refused += 1
            return
        super().handleIncoming(data, source, server, at)

    def incomingResponse(self, response: Any, transaction: Any, checksum: Any) -> None:  # noqa: N802
        """The ACK of a refusal goes the way of the INVITE, so the refusal's Contact must not lead it."""
        if transaction.needack and response.getSCode()[0] >= 300:
            response.delHFs("contact")
            response.delHFs("record-route")
        super().incomingResponse(response, transaction, checksum)

    def transmitData(  # noqa: N802
        self, server: Any, data: Any, address: Any, cachesum: Any = None, lossemul: int = 0
    ) -> None:
        """Send, once the address is known; sippy would look names up in the one thread that sends."""
        host, port = address
        known = self._names.address_of(str(host))
        if known is None:
            again = partial(self.transmitData, server, data, address, cachesum, lossemul)
            self._names.look_up(str(host), lambda: ED2.callFromThread(again))
            return
        self._remember(known)
        super().transmitData(server, data, (known, int(port)), cachesum, lossemul)

    def _remember(self, address: str) -> None:
        if len(self._peers) >= MOST_PEERS:
            now = time.monotonic()
            self._peers = {peer: until for peer, until in self._peers.items() if until > now}
        if len(self._peers) < MOST_PEERS or address in self._peers:
            self._peers[address] = time.monotonic() + PEER_SECONDS

    def _is_heard(self, address: str) -> bool:
        if self._names.is_trunk(address) or self._peers.get(address, 0.0) > time.monotonic():
            return True
        source = ipaddress.IPv4Address(address)
        return any(source in network for network in self._sources)

    def _unsolicited(self, request: Any, _transaction: Any) -> Any:
        """We call and are never called."""
        method = request.getMethod()
        if method == "OPTIONS":
            return (request.genResponse(200, "OK", server=USER_AGENT), None, None)
        if method == "BYE":
            return (request.genResponse(481, "Call Does Not Exist", server=USER_AGENT), None, None)
        return (request.genResponse(501, "Not Implemented", server=USER_AGENT), None, None)


class Leg(UA):  # type: ignore[misc]  # sippy has no types.
    """One INVITE to one trunk, and what follows it."""

    def __init__(self, switch: Switch, trunk: Trunk, call: CallNumbers, listener: LegListener) -> None:
        super().__init__(
            switch.config,
            username=trunk.username,
            password=trunk.password,
            nh_address=(trunk.host, trunk.port),
        )
        self._switch = switch
        self._trunk = trunk
        self._call = call
        self._listener = listener
        self._is_cancelled = False
        self._has_final = False
        self.is_over = False
        self.local_ua = USER_AGENT
        self.lContact = _contact()
        self.extra_headers = _identity_headers(trunk, call, switch.host)

    def dial(self, offer: Any) -> None:
        """Send the INVITE."""
        trunk, call = self._trunk, self._call
        by_account = trunk.identity is Identity.ASSERTED and trunk.username is not None
        caller = trunk.username if by_account else trunk.caller(call.caller)
        event = CCEventTry((SipCallId(call.call_id), caller, trunk.called(call.called), offer, None, None))
        event.onUacSetupComplete = self._set_addresses
        self.recvEvent(event)

    def cancel(self) -> None:
        """Give the call up: CANCEL, as soon as a provisional response allows it (RFC 3261 section 9.1)."""
        if self._is_cancelled or self.is_over:
            return
        self._is_cancelled = True
        # A challenge that comes now must not be answered by another INVITE, which nobody would cancel.
        self.pass_auth = True
        if not self._has_final:
            self.recvEvent(CCEventDisconnect())

    def release(self) -> None:
        """Say BYE to whoever answered; nothing happens when that has been done."""
        self.recvEvent(CCEventDisconnect())

    def recvResponse(self, response: Any, transaction: Any) -> None:  # noqa: N802
        """Let the ACK of a final response go out before anything that follows from it."""
        code = response.getSCode()[0]
        if response.getHFBody("cseq").getCSeq()[1] != "INVITE":
            super().recvResponse(response, transaction)
        elif code < 200:
            super().recvResponse(response, transaction)
            self._tell(code)
        else:
            self._has_final = True
            after(0.0, lambda: self._take_final(code, response, transaction))

    def newTransaction(self, request: Any, req_extra_headers: Any = None, **options: Any) -> Any:  # noqa: N802
        """Keep an INVITE's transaction beyond its `Expires`, and hear what becomes of a BYE."""
        if request.getMethod() == "BYE" and "resp_cb" not in options:
            options["resp_cb"] = self._take_bye
        transaction = super().newTransaction(request, req_extra_headers, **options)
        if request.getMethod() == "INVITE":
            transaction.expires = self._call.expires + TRANSACTION_SECONDS
        return transaction

    def genRequest(self, method: str, body: Any = None, *rest: Any, **options: Any) -> Any:  # noqa: N802
        """Give every INVITE, a repeated one with credentials too, its `Expires`."""
        request = super().genRequest(method, body, *rest, **options)
        if method == "INVITE":
            request.getHFBody("expires").number = self._call.expires
        return request

    def _set_addresses(self, _leg: Any) -> None:
        self.rTarget = _address(self._trunk.called(self._call.called), self._trunk)
        self.lUri.getUrl().host = self._trunk.domain or self._switch.host
        self.lContact.getUrl().username = "ringproof"

    def _take_final(self, code: int, response: Any, transaction: Any) -> None:
        try:
            super().recvResponse(response, transaction)
        finally:
            if code in {401, 407} and not self._is_cancelled and isinstance(self.state, UacStateTrying):
                # Challenged: the same INVITE is on its way again, with credentials.
                self._has_final = False
            else:
                self.is_over = True
                self._tell(code)

    def _take_bye(self, response: Any) -> None:
        if response.getSCode()[0] not in {401, 407} or self.username is None or self.password is None:
            return
        kind = "www-authenticate" if response.getSCode()[0] == 401 else "proxy-authenticate"
        for challenge in response.getHFBodys(kind):
            is_supported, quality = challenge.supportedAlgorithm()
            if is_supported:
                request = self.genRequest("BYE", None, (challenge, quality))
                self.newTransaction(request, resp_cb=_ignore)
                return

    def _tell(self, code: int) -> None:
        self._listener.heard(self, code)


class _Silence:
    """sippy's log would hold whole messages."""

    def write(self, *_: object, **__: object) -> None:
        return


def after(seconds: float, act: Callable[[], None]) -> Timer:
    """Do something later, in the thread of the loop."""
    timer: Timer = Timeout(act, seconds)
    return timer


def _ignore(_response: Any) -> None:
    return


def _address(user: str | None, trunk: Trunk) -> Any:
    port = None if trunk.port == 5060 else trunk.port
    return SipURL(username=user, host=trunk.host, port=port)


def _contact() -> Any:
    contact = SipContact()
    contact.address.name = None
    contact.getUrl().username = "ringproof"
    return contact


def _identity_headers(trunk: Trunk, call: CallNumbers, host: str) -> list[Any] | None:
    """The caller ID as we vouch for it (RFC 3325), and that it is to be shown (RFC 3323)."""
    if trunk.identity is Identity.FROM:
        return None
    asserted = SipURL(username=trunk.caller(call.caller), host=trunk.domain or host)
    return [SipHeader(s=f"P-Asserted-Identity: <{asserted}>"), SipHeader(s="Privacy: none")]


def _offer(host: str, port: int) -> str:
    """An SDP offer (RFC 4566) of ordinary telephone audio; without one the answer would need a late ACK."""
    return "\r\n".join(
        (
            "v=0",
            f"o=ringproof 1 1 IN IP4 {host}",
            "s=-",
            f"c=IN IP4 {host}",
            "t=0 0",
            f"m=audio {port} RTP/AVP 8 0 101",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-15",
            "a=sendrecv",
            "",
        )
    )
