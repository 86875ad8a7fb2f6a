"""What an operator may set for the carrier `sip`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers.plugin import CarrierSettingsError
from ringproof_server.carriers.sip import Identity, SipSettings, Trunk, read_agent_address, read_settings

PASSWORD = "correct-horse-battery-staple"


def test_a_trunk_is_a_host_and_nothing_else_is_needed() -> None:
    settings = read_settings({"trunk": "sip.example.net"})
    assert settings.trunks == (Trunk(name="trunk1", host="sip.example.net"),)
    assert settings == SipSettings(trunks=settings.trunks)
    assert settings.trunks[0].called("+447400123456") == "+447400123456"


def test_trunks_are_tried_in_the_order_of_the_list() -> None:
    """Each with options of its own; what stands beside the list serves for all."""
    settings = read_settings(
        {
            "trunk": "192.0.2.1:5070;name=main;identity=both;prefix=00, backup.example;username=spare",
            "username": "shop",
            "password": "other-secret-words",
            "password_main": PASSWORD,
            "domain": "pbx.example",
            "local_address": "192.0.2.7:5062",
            "sources": "192.0.2.0/24, 198.51.100.9",
        }
    )
    main, backup = settings.trunks
    assert (main.name, main.host, main.port, main.identity) == ("main", "192.0.2.1", 5070, Identity.BOTH)
    assert (main.username, main.password, main.domain) == ("shop", PASSWORD, "pbx.example")
    assert main.called("+447400123456") == "00447400123456"
    assert (backup.name, backup.port, backup.username) == ("trunk2", 5060, "spare")
    assert (settings.local.host, settings.local.port) == ("192.0.2.7", 5062)
    assert [str(network) for network in settings.sources] == ["192.0.2.0/24", "198.51.100.9/32"]
    assert PASSWORD not in repr(settings)


def test_agents_of_the_operator_know_the_trunks_themselves() -> None:
    """A server that only uses them needs none; the agent does."""
    settings = read_settings({"agent": "tcp://10.0.0.5:7070, tcp://10.0.0.6:7070"})
    assert [str(address) for address in settings.agents] == ["tcp://10.0.0.5:7070", "tcp://10.0.0.6:7070"]
    with pytest.raises(CarrierSettingsError, match="trunk must be set"):
        read_settings({"agent": "tcp://10.0.0.5:7070"}, for_agent=True)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({}, "trunk must be set"),
        ({"trunk": "a.example", "tls": "on"}, "tls is unknown"),
        ({"trunk": ""}, "trunk must be set"),
        ({"trunk": "a.example,,b.example"}, "number 2 does not begin with a host"),
        ({"trunk": "a.example:99999"}, "number 1 does not begin with a host"),
        ({"trunk": "a.example;colour=red"}, "number 1 has an option that is not one of"),
        ({"trunk": "a.example;identity=none"}, "number 1 has a value of identity that cannot be used"),
        ({"trunk": "a.example;prefix=0;prefix=1"}, "number 1 has the option prefix twice"),
        ({"trunk": "a.example;name=x,b.example;name=x"}, "the name x is given twice"),
        ({"trunk": "a.example;username=shop"}, "has a username but no password"),
        ({"trunk": "a.example;name=x", "password_x": PASSWORD}, "has a password but no username"),
        ({"trunk": "a.example", "password_y": PASSWORD}, "password_y: there is no trunk of this name"),
        ({"trunk": "a.example", "username": 'a"b', "password": PASSWORD}, "username holds characters"),
        ({"trunk": "a.example", "username": "a", "password": "a\nb"}, "password holds characters"),
        ({"trunk": "a.example;name=x;username=a", "password_x": "a\nb"}, "password_x holds characters"),
        ({"trunk": "a.example", "domain": "a b"}, "domain is not a host name"),
        ({"trunk": "a.example", "local_address": "0.0.0.0"}, "local_address is not one IPv4 address"),
        ({"trunk": "a.example", "local_address": "::1"}, "local_address is not one IPv4 address"),
        ({"trunk": "a.example", "sources": "everyone"}, "sources is not a comma list"),
        ({"trunk": "a.example", "agent": "10.0.0.5:7070"}, "agent is not a comma list"),
        ({"trunk": "a.example", "agent": "unix:/run/agent"}, "agent is not a comma list"),
    ],
)
def test_what_cannot_be_used_is_named(settings: dict[str, str], fault: str) -> None:
    with pytest.raises(CarrierSettingsError, match=fault):
        read_settings(settings)


def test_all_faults_are_told_at_once_and_repeat_no_value() -> None:
    given_settings = {
        "trunk": "telling host;name=telling name",
        "username": "telling<user>",
        "password": "telling\x00password",
        "password_telling": "telling-too",
        "local_address": "telling",
        "agent": "telling",
    }
    with pytest.raises(CarrierSettingsError) as caught:
        read_settings(given_settings)
    assert len(caught.value.faults) >= 6
    assert "telling host" not in str(caught.value)
    assert "telling\x00" not in str(caught.value)
    assert "telling-too" not in str(caught.value)


@given(st.text(max_size=60), st.text(max_size=30))
def test_any_text_is_read_or_refused(trunk: str, password: str) -> None:
    """Nothing that is read can break out of a SIP message."""
    try:
        settings = read_settings({"trunk": trunk, "password": password, "username": "shop"})
    except CarrierSettingsError:
        return
    for each in settings.trunks:
        text = f"{each.host}{each.domain}{each.username}{each.prefix}{each.caller_prefix}"
        assert not set(text) & set(' \r\n\t"<>;,')
        assert text.isascii()


@given(st.text(max_size=60))
def test_any_agent_address_is_read_or_refused(text: str) -> None:
    found = read_agent_address(text)
    if found is not None:
        assert read_agent_address(str(found)) == found


def test_an_agents_socket_is_named_by_its_path() -> None:
    found = read_agent_address("unix:/run/ringproof/agent.sock")
    assert found is not None
    assert found.path == Path("/run/ringproof/agent.sock")
