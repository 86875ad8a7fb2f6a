"""What an application may tune, and what nobody may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.policy import POLICY_FIELDS, Policy, RingTimeRule

# The least and the greatest value of every bounded field, and a step beyond either.
BOUNDS: dict[str, tuple[float, float, float, float]] = {
    "ttl": (9, 10, 3600, 3601),
    "max_guess_probability": (0, 1e-9, 0.5, 0.51),
    "number_guess_budget": (0, 1e-9, 1.0, 1.01),
    "guess_window": (3599, 3600, 2_592_000, 2_592_001),
    "max_failures_in_a_row": (0, 1, 100, 101),
    "code_digits": (3, 4, 10, 11),
    "code_checks": (0, 1, 10, 11),
    "code_ttl": (29, 30, 600, 601),
    "sends_per_day": (0, 1, 1000, 1001),
    "flash_starts": (0, 1, 1000, 1001),
    "flash_window": (0, 1, 86_400, 86_401),
    "pending_per_number": (0, 1, 100, 101),
    "starts_per_ip_hour": (0, 1, 1_000_000, 1_000_001),
    "countries_per_ip_day": (0, 1, 300, 301),
    "dial_timeout": (2, 3, 60, 61),
    "interception_timeout": (1, 2, 300, 301),
    "report_timeout": (1, 2, 600, 601),
    "message_timeout": (1, 2, 3600, 3601),
    "voice_after": (-1, 0, 3600, 3601),
    "max_calls": (0, 1, 3, 4),
    "reuse_after": (-1, 0, 2_592_000, 2_592_001),
}
WRONG: dict[str, list[Any]] = {
    "workflow": [(), (Channel.SMS, Channel.SMS)],
    "ring_seconds": [(0.9, 4.0), (5.0, 4.0), (4.0, 20.1)],
    "digits_to_type": [(3, 8), (8, 4), (4, 11)],
    "check_delays": [(0, -1)],
    "send_spacing": [(-60,)],
}
UNBOUNDED = {"allowed_countries", "ring_time", "shows_transaction", "transactions_from_apps"}


def _faults() -> Iterator[tuple[str, Any]]:
    for name, (below, _, _, above) in BOUNDS.items():
        yield name, below
        yield name, above
    for name, values in WRONG.items():
        for value in values:
            yield name, value


@pytest.mark.parametrize(("name", "value"), list(_faults()))
def test_a_value_beyond_its_bounds_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        replace(Policy(), **{name: value})


@pytest.mark.parametrize("name", list(BOUNDS))
def test_the_bounds_themselves_are_allowed(name: str) -> None:
    _, low, high, _ = BOUNDS[name]
    values: list[Any] = [low, high]
    for value in values:
        assert getattr(replace(Policy(), **{name: value}), name) == value


def test_every_field_is_bounded_here_or_known_to_need_no_bounds() -> None:
    assert set(POLICY_FIELDS) == BOUNDS.keys() | WRONG.keys() | UNBOUNDED


def test_the_defaults_are_the_documented_ones() -> None:
    policy = Policy()
    assert policy.workflow == (Channel.FLASHCALL, Channel.SMS)
    assert (policy.ttl, policy.pending_per_number) == (300, 3)
    assert (policy.max_guess_probability, policy.number_guess_budget) == (1e-3, 5e-3)
    assert (policy.code_digits, policy.code_checks, policy.code_ttl) == (6, 5, 300)
    assert policy.check_delays == (0, 0, 60, 120)
    assert (policy.send_spacing, policy.sends_per_day) == ((60, 120, 300, 600), 10)
    assert (policy.flash_starts, policy.flash_window, policy.max_calls) == (3, 600, 3)
    assert (policy.starts_per_ip_hour, policy.countries_per_ip_day) == (10, 3)
    assert (policy.ring_seconds, policy.ring_time) == ((4.0, 8.0), RingTimeRule.CHECK)
    assert (policy.dial_timeout, policy.interception_timeout, policy.report_timeout) == (20, 45, 75)
    assert (policy.max_failures_in_a_row, policy.reuse_after) == (100, 86_400)


def test_countries_are_served_as_listed() -> None:
    few = Policy(allowed_countries=("GB", "FR"))
    assert few.allows_country("GB")
    assert not few.allows_country("DE")
    assert not few.allows_country(None)
    assert Policy().allows_country("DE")
    assert Policy().allows_country(None)
