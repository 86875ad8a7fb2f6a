"""Names are looked up once and in time, and what is not of the public Internet is told from what is."""

from __future__ import annotations

import ipaddress
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.webhook import is_public
from ringproof_server.outbound import Addresses, Unreached
from ringproof_server.outbound.addresses import LOOK_UPS


def test_of_several_addresses_only_public_ones_are_used() -> None:
    """The second look-up, which a rebinding name answers otherwise, never happens."""
    answers = iter([["10.0.0.8", "93.184.216.34", "::1"]])
    addresses = Addresses(private=False, lookup=lambda _host, _port: next(answers))
    assert addresses.of("shop.example", 443, 5) == ["93.184.216.34"]


def test_no_more_addresses_of_a_name_come_out_than_were_asked_for() -> None:
    found = ["10.0.0.8", "93.184.216.34", "1.1.1.1"]
    assert Addresses(private=False, lookup=lambda *_: found, most=1).of("a.example", 443, 5) == found[1:2]
    assert Addresses(private=False, lookup=lambda *_: found).of("a.example", 443, 5) == found[1:]


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    release = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        release.wait(20)
        return []

    addresses = Addresses(private=True, lookup=hang)
    try:
        for _ in range(20):
            with pytest.raises(Unreached):
                addresses.of("shop.example", 443, 0.01)
    finally:
        release.set()


def test_look_ups_go_on_after_the_machine_had_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    addresses = Addresses(private=True, lookup=lambda _host, _port: ["93.184.216.34"])
    with monkeypatch.context() as short_of_threads:
        short_of_threads.setattr(threading.Thread, "start", refuse)
        for _ in range(LOOK_UPS):
            with pytest.raises(Unreached):
                addresses.of("shop.example", 443, 5)
    assert addresses.of("shop.example", 443, 5) == ["93.184.216.34"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "168.63.129.16", "0.0.0.0", "224.0.0.1", "255.255.255.255",
        "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
        "2002:7f00:1::", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "2001:db8::1", "::a00:1",
        "2001:0:53aa:64c::f5ff:fffe",
    ],
)  # fmt: skip
def test_an_address_of_the_inside_is_not_public_in_any_notation(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_maps(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    assert is_public(mapped) == is_public(address)
