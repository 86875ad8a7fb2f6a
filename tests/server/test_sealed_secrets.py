"""What is sealed can be opened by this server for its own purpose, and by nobody else."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.service.webhook_secrets import OVERLAP, new_secret, opened, rotated, sealed
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.randomness import SeededRandom
from ringproof_server.tokens import SecretSeals

SEALS = SecretSeals("a-secret-for-tests-that-is-long-enough-for-anyone")
OTHERS = SecretSeals("another-secret-for-tests-that-is-long-enough-too")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(secret=st.text(min_size=1, max_size=100))
def test_what_was_sealed_is_opened_for_the_same_purpose_only(secret: str) -> None:
    text = SEALS.seal("webhook secret", secret)
    assert SEALS.unseal("webhook secret", text) == secret
    assert SEALS.unseal("another purpose", text) is None
    assert OTHERS.unseal("webhook secret", text) is None


@given(place=st.integers(0, 200), bit=st.integers(0, 7))
def test_a_sealed_text_that_was_altered_is_not_opened(place: int, bit: int) -> None:
    raw = bytearray(urlsafe_b64decode(SEALS.seal("webhook secret", "whsec_a secret of some length")))
    raw[place % len(raw)] ^= 1 << bit
    assert SEALS.unseal("webhook secret", urlsafe_b64encode(raw).decode()) is None


@pytest.mark.parametrize("text", ["", "x", "é", "AAAA", "!" * 40])
def test_what_was_never_sealed_is_not_opened(text: str) -> None:
    assert SEALS.unseal("webhook secret", text) is None


def test_a_replaced_secret_signs_for_a_day_and_the_one_before_it_not_at_all() -> None:
    random = SeededRandom("secrets", FakeClock())
    first, second, third = (new_secret(random) for _ in range(3))
    secrets = rotated([sealed(SEALS, first)], sealed(SEALS, second), NOW)
    assert opened(SEALS, secrets, NOW + OVERLAP - timedelta(seconds=1)) == (second, first)
    assert opened(SEALS, secrets, NOW + OVERLAP) == (second,)
    secrets = rotated(secrets, sealed(SEALS, third), NOW)
    assert opened(SEALS, secrets, NOW) == (third, second)
    assert opened(OTHERS, secrets, NOW) == ()


def test_nothing_of_a_sealed_secret_shows_in_its_repr() -> None:
    assert SEALS.seal("webhook secret", "whsec_x") not in repr(sealed(SEALS, "whsec_x"))
