"""The settings that every carrier has, and whose pace is whose."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers import CarrierOptions, CarrierSettingsError, Timeouts
from ringproof_server.carriers.guard import GuardedCarrier, Surroundings, build_guarded
from ringproof_server.carriers.guard.settings import read_guard_settings
from ringproof_server.ports import Carrier
from ringproof_server.testing.options import carrier_options
from tests.server.carriers.guard.scripted import CALL, ScriptedCarrier, ScriptedPacer
from tests.server.carriers.network import UNTIMED
from tests.support.processes import CountingMetrics

EVERYTHING = {
    "calls_per_second": "1.5",
    "messages_per_second": "off",
    "connect_timeout": "2",
    "timeout": "12.5",
    "concurrency": "7",
}
ACCOUNT = {"account_sid": "AC0123456789", "auth_token": "a token that nobody may see"}


class Builder:
    """Builds scripted carriers and keeps what it was given; `known` are the settings it understands."""

    def __init__(self, *known: str) -> None:
        self.known = {*ACCOUNT, *known}
        self.options: CarrierOptions | None = None

    def __call__(self, options: CarrierOptions) -> Carrier:
        self.options = options
        unknown = sorted(options.settings.keys() - self.known)
        if unknown:
            raise CarrierSettingsError("vendor", tuple(f"{name} is unknown" for name in unknown))
        return ScriptedCarrier(name="vendor")


def built(
    settings: Mapping[str, str],
    *,
    builder: Builder | None = None,
    pacer: ScriptedPacer | None = None,
    name: str = "vendor",
) -> GuardedCarrier:
    around = Surroundings(pacer=pacer or ScriptedPacer(), metrics=CountingMetrics(), claim_lease=45)
    return build_guarded(name, builder or Builder(), carrier_options(settings), around)


def key_for(settings: Mapping[str, str], name: str = "vendor", *known: str) -> str:
    """Under which key the calls of such a carrier are paced."""
    pacer = ScriptedPacer()
    settings = {"calls_per_second": "1", **settings}
    built(settings, builder=Builder(*known), pacer=pacer, name=name).place_call(CALL)
    return pacer.asked[0][0]


def test_the_guards_settings_are_taken_out_before_the_carrier_sees_its_own() -> None:
    builder = Builder()
    carrier = built({**ACCOUNT, **EVERYTHING}, builder=builder)
    assert builder.options is not None
    assert dict(builder.options.settings) == ACCOUNT
    assert builder.options.timeouts == Timeouts(connect=2, total=12.5)
    assert carrier.capabilities.calls_per_second == 1.5
    assert carrier.capabilities.messages_per_second is None


def test_without_settings_there_are_defaults() -> None:
    builder = Builder()
    built({}, builder=builder)
    assert builder.options is not None
    assert builder.options.timeouts == Timeouts(connect=3, total=10)


@pytest.mark.parametrize("name", EVERYTHING)
@pytest.mark.parametrize("text", ["0", "-1", "many", "1e3", "1000001", "nan", "inf", "7 777", "0x10"])
def test_a_value_that_cannot_be_used_is_named_and_not_repeated(name: str, text: str) -> None:
    with pytest.raises(CarrierSettingsError) as caught:
        built({name: text})
    assert caught.value.carrier == "vendor"
    (fault,) = caught.value.faults
    assert fault.startswith(f"{name} is ")
    assert len(text) < 3 or text not in fault


def test_all_faults_are_told_at_once_also_those_of_the_carrier() -> None:
    with pytest.raises(CarrierSettingsError) as caught:
        built({"timeout": "soon", "concurrency": "some", "colour": "red"})
    assert [fault.split()[0] for fault in caught.value.faults] == ["timeout", "concurrency", "colour"]


def test_a_connection_may_not_take_longer_than_the_whole_request() -> None:
    with pytest.raises(CarrierSettingsError, match="connect_timeout is longer than the timeout of 2 s"):
        built({"timeout": "2", "connect_timeout": "2.5"})


def test_a_request_must_be_over_before_another_process_asks_about_it() -> None:
    with pytest.raises(CarrierSettingsError, match="below the 45 s of RINGPROOF_CLAIM_LEASE"):
        built({"timeout": "42"})
    built({"timeout": "41.9"})


@given(lease=st.integers(1, 600))
@UNTIMED
def test_what_is_not_set_fits_any_claim_lease(lease: int) -> None:
    """A short lease shortens the request and the wait before it; neither becomes nothing."""
    read = read_guard_settings({}, lease)
    assert not read.faults
    guard = read.guard
    assert 0 < guard.patience + guard.timeouts.total < lease
    assert 0 < guard.timeouts.connect <= guard.timeouts.total
    if lease >= 20:
        assert (guard.patience, guard.timeouts) == (3, Timeouts(connect=3, total=10))


def test_one_account_has_one_pace_whatever_else_differs() -> None:
    """Two nodes that reach it from different addresses, or one of which has its new token already."""
    here = {"trunk": "sip.example", "username": "ringproof", "local_address": "192.0.2.1", "password": "one"}
    there = {**here, "local_address": "192.0.2.2", "password": "two", "timeout": "5"}
    assert key_for(here, "vendor", *here) == key_for(there, "vendor", *here)


def test_different_accounts_and_carriers_have_paces_of_their_own() -> None:
    keys = {
        key_for(ACCOUNT),
        key_for({**ACCOUNT, "account_sid": "AC9876543210"}),
        key_for(ACCOUNT, "other"),
        key_for({}),
        key_for({"seed": "1"}, "vendor", "seed"),
        key_for({"seed": "2"}, "vendor", "seed"),
    }
    assert len(keys) == 6


def test_the_key_of_a_pace_tells_no_account() -> None:
    key = key_for(ACCOUNT)
    assert key.startswith("vendor:")
    assert "AC01" not in key
    assert "token" not in key
