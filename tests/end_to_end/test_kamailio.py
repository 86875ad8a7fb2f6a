"""The proxy configuration that is shipped for operators, run by a real Kamailio between real SIP phones.

Only addresses and times are given on its command line, as an operator may; all else is what is shipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.baresip import Packet, Phone, running_phone
from tests.support.kamailio import (
    Proxy,
    check_config,
    options_answer,
    request_answer,
    running_proxy,
    running_trunk,
)
from tests.support.ports import free_phone_port

DEPLOY = Path(__file__).resolve().parents[2] / "server" / "deploy" / "kamailio"
CONFIG = DEPLOY / "kamailio.cfg"
CALLER, OWNER = "+442079460018", "+447400123456"
REALM, PASSWORD = "trunk.example", "the-right-word"


class RunProxy(Protocol):
    """Runs the shipped configuration with these gateways, the first one tried first."""

    def __call__(self, *gateways: str, **given: str) -> AbstractContextManager[Proxy]: ...


@pytest.fixture(name="phone", scope="module")
def _phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with running_phone(tmp_path_factory.mktemp("phone"), [OWNER]) as phone:
        yield phone


@pytest.fixture(name="caller")
def _caller(tmp_path: Path) -> Iterator[Phone]:
    """Stands where Ringproof would be: only what the proxy does is looked at here."""
    with running_phone(tmp_path / "caller", [CALLER]) as phone:
        yield phone


@pytest.fixture(name="trunk", scope="module")
def _trunk(tmp_path_factory: pytest.TempPathFactory, phone: Phone) -> Iterator[Proxy]:
    """A gateway that asks for a login and rings the phone."""
    folder = tmp_path_factory.mktemp("trunk")
    with running_trunk(folder, phone.address, user="ringproof", password=PASSWORD, realm=REALM) as trunk:
        yield trunk


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> RunProxy:
    def run(*gateways: str, **given: str) -> AbstractContextManager[Proxy]:
        listed = tmp_path / "dispatcher.list"
        lines = []
        for priority, gateway in enumerate(reversed(gateways), 1):
            address, _, attributes = gateway.partition(" ")
            lines.append(f"1 sip:{address} 0 {priority} {attributes}\n")
        listed.write_text("".join(lines))
        return running_proxy(tmp_path, CONFIG, {"GATEWAYS": f'"{listed}"', "PATIENCE": "1000", **given})

    return run


@pytest.fixture(autouse=True)
def _in_peace(phone: Phone) -> Iterator[None]:
    """After every test nothing rings and nothing is up."""
    phone.behave("ring")
    yield
    phone.wait_until_idle()


def login(trunk: Proxy, password: str = PASSWORD, realm: str = REALM) -> str:
    """The trunk as a line of the list names it."""
    return f"{trunk.address} user=ringproof;password={password};realm={realm}"


class Dialled:
    """A call of the caller's to the owner, through a proxy."""

    def __init__(self, caller: Phone, phone: Phone, proxy: Proxy) -> None:
        self._caller, self._phone = caller, phone
        known = {packet.call_id for packet in caller.packets()}

        def fresh() -> list[str]:
            return [each.call_id for each in caller.packets() if each.call_id not in known]

        caller.dial(f"sip:{OWNER}@{proxy.address}")
        assert caller.wait_until(lambda: bool(fresh()))
        self.id = fresh()[0]

    def sent(self) -> list[Packet]:
        """What the caller sent and received."""
        return [packet for packet in self._caller.packets() if packet.call_id == self.id]

    def seen(self) -> list[Packet]:
        """What the phone received and sent; what was sent again because its answer was slow, once."""
        found: dict[tuple[bool, str, str], Packet] = {}
        for packet in self._phone.packets():
            if packet.call_id == self.id:
                found.setdefault((packet.received, packet.start, packet.branch), packet)
        return list(found.values())

    def requests_seen(self, at_least: int) -> list[str]:
        """The methods of the requests that reached the phone, of which there are soon so many."""

        def methods() -> list[str]:
            return [packet.method for packet in self.seen() if packet.received and packet.is_request]

        self._phone.wait_until(lambda: len(methods()) >= at_least)
        return methods()

    def final(self) -> int:
        """The first final answer to the INVITE, as soon as it is there."""

        def codes() -> list[int]:
            answers = [each.code for each in self.sent() if each.received and each.method == "INVITE"]
            return [code for code in answers if code >= 200]

        assert self._caller.wait_until(lambda: bool(codes()))
        return codes()[0]

    def wait_until_it_rings(self) -> None:
        self._phone.wait_for_call(lambda call: call.call_id == self.id and call.rang_at is not None)

    def give_up(self) -> None:
        """Cancel it, or hang up; return when the phone is quiet."""
        self._caller.hang_up()
        self._phone.wait_until_idle()


def test_the_shipped_files_are_understood() -> None:
    """As they are, with the example's gateways: not one complaint."""
    assert check_config(CONFIG, {"GATEWAYS": f'"{DEPLOY / "dispatcher.list"}"'}) == ""


def test_a_dead_gateway_is_passed_over_and_the_next_one_gets_its_login(
    run: RunProxy, phone: Phone, caller: Phone, trunk: Proxy
) -> None:
    """The phone rings through the second one, sees the caller ID, and is quiet when the caller cancels."""
    with run(f"127.0.0.1:{free_phone_port()}", login(trunk)) as proxy:
        call = Dialled(caller, phone, proxy)
        call.wait_until_it_rings()
        call.give_up()
        assert call.final() == 487
        assert "is silent" in proxy.log
        assert PASSWORD not in proxy.log
    assert call.seen()[0].sender == CALLER
    assert call.requests_seen(3) == ["INVITE", "CANCEL", "ACK"]


def test_an_answered_call_is_hung_up_through_both_proxies(
    run: RunProxy, phone: Phone, caller: Phone, trunk: Proxy
) -> None:
    """ACK and BYE pass, and their numbers are raised as the login has raised the INVITE's."""
    phone.behave("answer", after=0.1)
    with run(f"127.0.0.1:{free_phone_port()}", login(trunk)) as proxy:
        call = Dialled(caller, phone, proxy)
        assert call.final() == 200
        assert call.requests_seen(2) == ["INVITE", "ACK"]
        call.give_up()
    assert call.requests_seen(3) == ["INVITE", "ACK", "BYE"]
    invite, ack, bye = (each.cseq for each in call.seen() if each.received)
    assert call.sent()[0].cseq < invite == ack < bye


def test_what_the_phone_says_is_not_asked_of_another_gateway(
    run: RunProxy, phone: Phone, caller: Phone, trunk: Proxy
) -> None:
    """A rejected call has rung once, and rings nowhere else."""
    phone.behave("reject", after=0.1)
    with run(login(trunk), login(trunk)) as proxy:
        call = Dialled(caller, phone, proxy)
        assert call.final() == 486
    assert call.requests_seen(2) == ["INVITE", "ACK"]


def test_a_wrong_password_is_said_and_the_next_gateway_tried(
    run: RunProxy, phone: Phone, caller: Phone, trunk: Proxy
) -> None:
    """The caller hears 407 when no gateway is left; the log names the gateway and no password."""
    with run(login(trunk, "mistaken-word")) as proxy:
        call = Dialled(caller, phone, proxy)
        assert call.final() == 407
        assert f"gateway sip:{trunk.address} refuses" in proxy.log
        assert "mistaken-word" not in proxy.log
    assert call.seen() == []
    with run(login(trunk, "mistaken-word"), login(trunk)) as proxy:
        call = Dialled(caller, phone, proxy)
        call.wait_until_it_rings()
        call.give_up()


def test_a_login_is_given_to_its_own_realm_only(
    run: RunProxy, phone: Phone, caller: Phone, trunk: Proxy
) -> None:
    """A gateway that asks for another realm gets nothing but the call."""
    with run(login(trunk, realm="elsewhere.example")) as proxy:
        call = Dialled(caller, phone, proxy)
        assert call.final() == 407
        caller.off()
    own = [each.cseq for each in call.sent() if each.start.startswith("INVITE ")]
    tried = [int(cseq) for cseq in re.findall(rf"INVITE (\d+) {call.id}", trunk.log)]
    assert set(tried) <= set(own)


def test_without_a_gateway_calls_and_questions_are_answered_503(
    run: RunProxy, phone: Phone, caller: Phone
) -> None:
    """Two calls find that the only gateway is dead; from then on nobody waits for it."""
    with run(f"127.0.0.1:{free_phone_port()}") as proxy:
        assert options_answer(proxy.port, timeout=5) == 200
        assert [Dialled(caller, phone, proxy).final() for _ in range(3)] == [408, 408, 503]
        assert options_answer(proxy.port, timeout=5) == 503


def test_strangers_are_not_even_answered(run: RunProxy, phone: Phone) -> None:
    """From another address nothing works; from Ringproof's nothing but calls and questions."""
    with run(phone.address) as proxy:
        for method in ("OPTIONS", "INVITE", "REGISTER", "CANCEL", "BYE"):
            assert request_answer(proxy.port, method, source="127.0.0.2") is None
        assert request_answer(proxy.port, "REGISTER", timeout=5) == 405
        assert request_answer(proxy.port, "MESSAGE", timeout=5) == 405
    assert phone.active_calls() == 0


@pytest.mark.parametrize("method", ["INVITE", "REFER", "MESSAGE"])
def test_what_pretends_to_be_within_a_call_goes_nowhere(run: RunProxy, phone: Phone, method: str) -> None:
    """Such a request finds its own way by its Route, past the gateways' order and at their owner's cost; and
    whoever can forge an address could send one."""
    with run(phone.address) as proxy:
        before = len(phone.packets())
        assert request_answer(proxy.port, method, timeout=5, beyond=phone.address) == 405
        assert all(packet.start.split()[0] != method for packet in phone.packets()[before:])


def test_a_phone_whose_caller_died_is_quiet_in_the_end(
    run: RunProxy, phone: Phone, tmp_path: Path, trunk: Proxy
) -> None:
    """The proxy's own time is the backstop: nobody is left to cancel."""
    with run(login(trunk), LONGEST_RING="1000") as proxy:
        with running_phone(tmp_path / "dying", [CALLER]) as dying:
            call = Dialled(dying, phone, proxy)
            call.wait_until_it_rings()
        assert phone.active_calls() == 1
        phone.wait_until_idle(seconds=5)
    assert "CANCEL" in call.requests_seen(2)
