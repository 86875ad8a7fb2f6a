"""Where trunks are, as far as names say it."""

from __future__ import annotations

import socket

import pytest

from ringproof_server.carriers.sip.agent.names import own_address_towards


def test_a_trunk_whose_name_is_unknown_just_now_keeps_nobody_from_beginning() -> None:
    """Calls go to the others meanwhile."""
    assert own_address_towards(["nowhere.invalid", "127.0.0.1"]) == "127.0.0.1"


def test_without_any_trunk_that_can_be_found_there_is_no_address() -> None:
    with pytest.raises(socket.gaierror):
        own_address_towards(["nowhere.invalid", "nobody.invalid"])
