"""One-time passwords by the clock: those of RFC 6238, with the drift that is accepted and no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain import totp

SECRET = b"12345678901234567890"
VECTORS = {
    59: "94287082",
    1_111_111_109: "07081804",
    1_111_111_111: "14050471",
    1_234_567_890: "89005924",
    2_000_000_000: "69279037",
    20_000_000_000: "65353130",
}
"""RFC 6238 appendix B, for SHA-1; of its eight digits an app of six digits shows the last six."""

moments = st.integers(1_577_836_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
"""Between 2020 and 2100."""
secrets = st.binary(min_size=totp.SECRET_BYTES, max_size=totp.SECRET_BYTES)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS.items())
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert totp.code_at(SECRET, totp.step_at(at(seconds))) == code[-6:]


def test_a_step_begins_every_thirty_seconds() -> None:
    assert [totp.step_at(at(seconds)) for seconds in (0, 29.999, 30, 59)] == [0, 0, 1, 1]


@given(secrets, moments)
def test_the_code_of_this_step_and_of_its_neighbours_is_accepted(secret: bytes, now: datetime) -> None:
    for drift in (-1, 0, 1):
        shown = totp.code_at(secret, totp.step_at(now) + drift)
        found = totp.matching_step(secret, shown, now)
        assert found is not None
        assert totp.code_at(secret, found) == shown


@pytest.mark.parametrize("seconds", [-60, 60, 90, 86_400])
def test_a_code_of_further_away_is_not(seconds: int) -> None:
    now = at(1_111_111_109)
    shown = totp.code_at(SECRET, totp.step_at(now + timedelta(seconds=seconds)))
    assert totp.matching_step(SECRET, shown, now) is None


@given(secrets, moments, st.integers(0, 999_999))
def test_exactly_the_codes_of_the_accepted_steps_match(secret: bytes, now: datetime, guess: int) -> None:
    typed = str(guess).zfill(6)
    accepted = {totp.code_at(secret, totp.step_at(now) + drift) for drift in (-1, 0, 1)}
    assert (totp.matching_step(secret, typed, now) is not None) == (typed in accepted)


def test_people_may_type_spaces_and_their_own_script_s_digits() -> None:
    now = at(59)
    assert totp.matching_step(SECRET, " 287 082 ", now) == 1
    assert totp.matching_step(SECRET, "٢٨٧٠٨٢", now) == 1
    for wrong in ("", "28708", "2870820", "287082x", "94287082", "-" * 65):
        assert totp.matching_step(SECRET, wrong, now) is None


def test_a_repeat_is_of_just_the_step_that_was_used() -> None:
    assert totp.is_code_of(SECRET, "287082", 1)
    assert not totp.is_code_of(SECRET, "287082", 2)


def test_a_check_is_passed_by_accident_with_three_in_a_million() -> None:
    assert totp.guess_probability(1) == 3e-6
    assert totp.guess_probability(5) == 1.5e-5
    assert totp.guess_probability(10**9) == 1.0


def test_an_authenticator_app_reads_issuer_account_and_secret() -> None:
    uri = urlsplit(totp.enrolment_uri(SECRET, issuer="Bücher: mehr & so", account="+44••••3456"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/Bücher  mehr & so:+44••••3456"
    assert parse_qs(uri.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Bücher: mehr & so"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


@given(secrets)
def test_a_secret_is_spelled_without_padding(secret: bytes) -> None:
    assert len(totp.spelled(secret)) == 32
    assert totp.spelled(secret).isalnum()
