"""Where trunks are, as far as names say it."""

from __future__ import annotations

import socket
import threading

import pytest

from ringproof_server.carriers.sip.agent.names import Names, own_address_towards


def test_a_trunk_whose_name_is_unknown_just_now_keeps_nobody_from_beginning() -> None:
    """Calls go to the others meanwhile."""
    assert own_address_towards(["nowhere.invalid", "127.0.0.1"]) == "127.0.0.1"


def test_without_any_trunk_that_can_be_found_there_is_no_address() -> None:
    with pytest.raises(socket.gaierror):
        own_address_towards(["nowhere.invalid", "nobody.invalid"])


@pytest.mark.parametrize("host", ["localhost", "LocalHost"])
def test_a_trunks_address_is_known_before_anybody_asks_for_it(host: str) -> None:
    """However its name is spelt: so no call waits for the name service, or goes where it was last year."""
    names = Names(frozenset({host}))
    names.start()
    trunks_are_looked_up = threading.Event()
    names.look_up("192.0.2.1", trunks_are_looked_up.set)
    assert trunks_are_looked_up.wait(20)
    assert names.address_of(host) == "127.0.0.1"
    assert names.is_trunk("127.0.0.1")
