"""What trunks answer, sipp being the trunk: every response leads to the right end, and nothing stays up."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.errors import CarrierMisconfigured, CarrierUnavailable, NumberRefused
from tests.server.carriers.sip.agents import CALLER_ID, NUMBER, Caller, calling
from tests.support import leaks
from tests.support.ports import free_phone_port
from tests.support.sipp import Sipp, running_sipp

SCENARIOS = Path(__file__).parent / "scenarios"
PASSWORD = "correct-horse-battery-staple"
REALM = "trunk.example"


@dataclass(frozen=True, slots=True)
class Desk:
    """A caller whose one trunk is whatever sipp plays at this port."""

    caller: Caller
    port: int


class Desks:
    """A caller for each way to set a trunk; starting an agent takes longer than a test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = contextlib.ExitStack()
        self._desks: dict[str, Desk] = {}

    def desk(self, options: str) -> Desk:
        if options not in self._desks:
            port = free_phone_port()
            settings = {"trunk": f"127.0.0.1:{port}{options}", "password": PASSWORD}
            caller = self._open.enter_context(calling(self._folder / str(port), settings))
            self._desks[options] = Desk(caller, port)
        return self._desks[options]

    def close(self) -> None:
        self._open.close()


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    leaks.secret(PASSWORD, "password")
    desks = Desks(tmp_path_factory.mktemp("desks"))
    yield desks
    desks.close()


Trunk = Callable[..., contextlib.AbstractContextManager[tuple[Sipp, Caller]]]


@pytest.fixture
def trunk(desks: Desks, tmp_path: Path) -> Trunk:
    """A trunk that plays a scenario, and a caller who knows no other."""

    @contextlib.contextmanager
    def play(scenario: str, *, options: str = "", code: str = "") -> Iterator[tuple[Sipp, Caller]]:
        desk = desks.desk(options)
        with running_sipp(SCENARIOS / f"{scenario}.xml", tmp_path, port=desk.port, code=code) as sipp:
            yield sipp, desk.caller

    return play


def test_a_ringing_call_is_ended_by_cancel(trunk: Trunk) -> None:
    """INVITE, CANCEL, ACK of the 487; the INVITE says how long it may ring, and offers audio."""
    with trunk("ring") as (sipp, caller):
        name = caller.call(dial_timeout=17)
        assert caller.wait(AttemptEvent.RING).ring_ms is None
        caller.carrier.hang_up(name)
        end = caller.wait(AttemptEvent.END)
        sipp.wait_for("ACK")
        assert (end.reason, [event.kind for event in caller.events()]) == (
            Reason.RANG,
            [AttemptEvent.RING, AttemptEvent.END],
        )
        assert sipp.received() == ["INVITE", "CANCEL", "ACK"]
        invite = sipp.messages()[0]
        assert invite.start == f"INVITE sip:{NUMBER}@{sipp.address} SIP/2.0"
        assert re.match(rf"<sip:\{CALLER_ID}@127\.0\.0\.1>;tag=", invite.header("From") or "")
        assert invite.header("Expires") == "17"
        assert (invite.header("Contact") or "").startswith("<sip:ringproof@127.0.0.1:")
        assert invite.header("User-Agent") == "Ringproof"
        assert invite.call_id == name
        assert "m=audio" in invite.text


def test_a_call_that_is_answered_is_acknowledged_before_the_bye(trunk: Trunk) -> None:
    """Also where the Contact says `transport=UDP` in upper case."""
    with trunk("answer") as (sipp, caller):
        caller.call()
        assert caller.wait(AttemptEvent.END).reason is Reason.ANSWERED
        sipp.wait_for("BYE")
        assert sipp.received() == ["INVITE", "ACK", "BYE"]
        assert any(";transport=UDP" in message.text for message in sipp.messages() if not message.received)


def test_a_bye_that_is_challenged_is_sent_again_with_credentials(trunk: Trunk) -> None:
    """Else the call stays up, and is paid for."""
    with trunk("answer_with_challenged_bye", options=";username=shop") as (sipp, caller):
        caller.call()
        assert caller.wait(AttemptEvent.END).reason is Reason.ANSWERED
        assert sipp.wait_until(lambda: sipp.received().count("BYE") == 2)
        *_, bye = [message for message in sipp.messages() if message.word == "BYE"]
        _check_digest(bye.header("Proxy-Authorization"), "BYE", hashlib.md5)


def test_a_call_that_is_answered_while_it_is_cancelled_gets_ack_and_bye(trunk: Trunk) -> None:
    """It counts as answered, and nothing stays up."""
    with trunk("answer_after_cancel") as (sipp, caller):
        name = caller.call()
        caller.wait(AttemptEvent.RING)
        caller.carrier.hang_up(name)
        assert caller.wait(AttemptEvent.END).reason is Reason.ANSWERED
        sipp.wait_for("BYE")
        assert list(dict.fromkeys(sipp.received())) == ["INVITE", "CANCEL", "ACK", "BYE"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("480", Reason.UNREACHABLE),
        ("486", Reason.BUSY),
        ("600", Reason.BUSY),
        ("603", Reason.REJECTED),
        ("607", Reason.REJECTED),
        ("608", Reason.REJECTED),
    ],
)
def test_what_the_phone_says_ends_the_attempt(trunk: Trunk, code: str, reason: Reason) -> None:
    """The call was taken, then it ended so; the refusal's ACK goes to the trunk, not to its Contact."""
    with trunk("refuse", code=code) as (sipp, caller):
        caller.call()
        assert caller.wait(AttemptEvent.END).reason is reason
        sipp.wait_for("ACK")
        assert sipp.received() == ["INVITE", "ACK"]
        ack = sipp.messages()[-1]
        assert ack.start == f"ACK sip:{NUMBER}@{sipp.address} SIP/2.0"


@pytest.mark.parametrize("code", ["404", "484", "604"])
def test_a_number_that_does_not_exist_is_refused(trunk: Trunk, code: str) -> None:
    with trunk("refuse", code=code) as (sipp, caller):
        with pytest.raises(NumberRefused):
            caller.call()
        sipp.wait_for("ACK")
        assert not caller.events()


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("403", CarrierMisconfigured),
        ("407", CarrierMisconfigured),
        ("503", CarrierUnavailable),
        ("302", CarrierUnavailable),
    ],
)
def test_what_the_trunk_says_of_itself_is_raised(trunk: Trunk, code: str, fault: type[Exception]) -> None:
    """Nothing was dialled, so the next carrier may be tried."""
    with trunk("refuse", code=code) as (sipp, caller):
        with pytest.raises(fault):
            caller.call()
        sipp.wait_for("ACK")
        assert sipp.received() == ["INVITE", "ACK"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("403", Reason.REJECTED),
        ("404", Reason.INVALID_NUMBER),
        ("407", Reason.CONFIG_ERROR),
        ("487", Reason.NO_ANSWER),
        ("503", Reason.CARRIER_ERROR),
    ],
)
def test_a_call_that_was_taken_ends_by_an_event(trunk: Trunk, code: str, reason: Reason) -> None:
    """After a 100 the call counts as placed."""
    with trunk("refuse_after_trying", code=code) as (sipp, caller):
        caller.call()
        assert caller.wait(AttemptEvent.END).reason is reason
        sipp.wait_for("ACK")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("408", Reason.NO_ANSWER),
        ("480", Reason.NO_ANSWER),
        ("487", Reason.RANG),
        ("503", Reason.CARRIER_ERROR),
    ],
)
def test_what_ends_a_ringing_call_has_a_ring_time(trunk: Trunk, code: str, reason: Reason) -> None:
    """No other trunk is tried after it rang, since the phone would ring twice."""
    with trunk("refuse_after_ringing", code=code) as (_, caller):
        caller.call()
        end = caller.wait(AttemptEvent.END)
        assert end.reason is reason
        assert end.ring_ms is not None
        assert 200 <= end.ring_ms < 20_000


def test_a_trunk_that_never_says_180_rings_by_its_183(trunk: Trunk) -> None:
    """After a while in which a 180 could have come."""
    with trunk("progress") as (_, caller):
        name = caller.call()
        caller.wait(AttemptEvent.RING)
        caller.carrier.hang_up(name)
        end = caller.wait(AttemptEvent.END)
        assert end.reason is Reason.RANG
        assert end.ring_ms is not None
        assert end.ring_ms >= 3_000
        assert b'"basis":183' in caller.requests[-1].body


def test_a_call_that_nobody_hangs_up_is_ended_by_the_agent(trunk: Trunk) -> None:
    """The backstop is the dial timeout."""
    with trunk("ring") as (sipp, caller):
        caller.call(dial_timeout=2)
        assert caller.wait(AttemptEvent.END).reason is Reason.RANG
        sipp.wait_for("CANCEL", "ACK")


@pytest.mark.parametrize(
    ("scenario", "header", "algorithm"),
    [
        ("challenge_md5", "Proxy-Authorization", hashlib.md5),
        ("challenge_sha256", "Authorization", hashlib.sha256),
    ],
)
def test_a_challenge_is_answered(trunk: Trunk, scenario: str, header: str, algorithm: object) -> None:
    """By the digest that RFC 7616 prescribes, after the ACK of the challenge, and it rings only once."""
    with trunk(scenario, options=";username=shop") as (sipp, caller):
        name = caller.call()
        caller.wait(AttemptEvent.RING)
        caller.carrier.hang_up(name)
        assert caller.wait(AttemptEvent.END).reason is Reason.RANG
        sipp.wait_for("CANCEL")
        assert sipp.wait_until(lambda: sipp.received().count("ACK") == 2)
        assert sipp.received() == ["INVITE", "ACK", "INVITE", "CANCEL", "ACK"]
        again = [message for message in sipp.messages() if message.word == "INVITE"][1]
        _check_digest(again.header(header), "INVITE", algorithm)
        assert again.header("Expires") == "20"
        assert PASSWORD not in again.text


def test_credentials_that_are_not_believed_are_misconfigured(trunk: Trunk) -> None:
    with trunk("challenge_twice", options=";username=shop") as (sipp, caller):
        with pytest.raises(CarrierMisconfigured):
            caller.call()
        assert sipp.wait_until(lambda: sipp.received().count("ACK") == 2)
        assert sipp.received() == ["INVITE", "ACK", "INVITE", "ACK"]


def test_a_challenge_that_crosses_our_cancel_is_not_answered(trunk: Trunk) -> None:
    """A second INVITE would ring with nobody to cancel it."""
    with trunk("challenge_after_cancel", options=";username=shop") as (sipp, caller):
        name = caller.call()
        caller.wait(AttemptEvent.RING)
        caller.carrier.hang_up(name)
        assert caller.wait(AttemptEvent.END).reason is Reason.RANG
        sipp.wait_for("ACK")
        assert not sipp.wait_until(lambda: sipp.received().count("INVITE") > 1, 1.5)


def test_nothing_is_left_ringing_where_one_message_in_ten_is_lost(trunk: Trunk) -> None:
    """Every INVITE that arrived is cancelled and acknowledged, that of a call given up at last too."""
    with trunk("ring_on_lossy_line") as (sipp, caller):
        names = {}
        for attempt in (f"att_lossy_{number}" for number in range(40)):
            # Three lost messages in a row are a trunk that does not answer.
            with contextlib.suppress(CarrierUnavailable):
                names[attempt] = caller.call(attempt)
        for attempt, name in names.items():
            caller.wait(AttemptEvent.RING, attempt)
            caller.carrier.hang_up(name)
        assert len(names) > 30
        for attempt in names:
            assert caller.wait(AttemptEvent.END, attempt, 60).reason is Reason.RANG

        def calls_with(method: str) -> set[str]:
            return {message.call_id for message in sipp.messages() if message.word == method}

        assert sipp.wait_until(lambda: calls_with("INVITE") == calls_with("ACK"), 60)


@pytest.mark.parametrize("identity", ["from", "asserted", "both"])
def test_the_caller_id_stands_where_the_trunk_wants_it(trunk: Trunk, identity: str) -> None:
    options = f";identity={identity};username=shop;domain=pbx.example;prefix=9;caller_prefix=00"
    with trunk("ring", options=options) as (sipp, caller):
        name = caller.call()
        caller.wait(AttemptEvent.RING)
        caller.carrier.hang_up(name)
        caller.wait(AttemptEvent.END)
        invite = sipp.messages()[0]
        shown = f"<sip:00{CALLER_ID[1:]}@pbx.example>"
        sender = "<sip:shop@pbx.example>" if identity == "asserted" else shown
        assert (invite.header("From") or "").startswith(sender)
        assert invite.header("P-Asserted-Identity") == (None if identity == "from" else shown)
        assert invite.header("Privacy") == (None if identity == "from" else "none")
        assert invite.start.startswith(f"INVITE sip:9{NUMBER[1:]}@")


def _check_digest(header: str | None, method: str, algorithm: object) -> None:
    """Compute the response as RFC 7616 section 3.4.1 says and compare."""
    assert header is not None
    assert callable(algorithm)
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', header.removeprefix("Digest ")))

    def digest(text: str) -> str:
        return str(algorithm(text.encode()).hexdigest())

    first = digest(f"shop:{REALM}:{PASSWORD}")
    second = digest(f"{method}:{given['uri']}")
    parts = (first, given["nonce"], given["nc"], given["cnonce"], given["qop"], second)
    assert given["response"] == digest(":".join(parts))
    assert given["username"] == "shop"
