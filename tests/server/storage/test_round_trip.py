"""Whatever a verification or an attempt can be, storage gives it back unchanged."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.caller_id import CallerIdPattern
from ringproof_server.domain.channel import Channel, SkipReason
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Verification
from ringproof_server.domain.workflow import Plan, Skipped, Step
from ringproof_server.ports import Session
from ringproof_server.storage import SqlStorage

# PostgreSQL's text holds every character but NUL, which no request lets through either.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
numbers = st.integers(10_000_000, 999_999_999_999_999).map(lambda digits: PhoneNumber.trusted(f"+{digits}"))
counts = st.integers(0, 2**31 - 1)
probabilities = st.floats(0, 1, allow_nan=False)
patterns = st.builds(CallerIdPattern, st.just("+44"), st.none() | st.integers(8, 16))

for domain_type, strategy in {
    PhoneNumber: numbers,
    CallerIdPattern: patterns,
    datetime: moments,
    str: texts,
    int: counts,
    float: probabilities,
}.items():
    st.register_type_strategy(domain_type, strategy)

steps = st.lists(st.from_type(Step), min_size=1, max_size=4).map(tuple)
skipped = st.lists(st.builds(Skipped, st.sampled_from(Channel), st.sampled_from(SkipReason)), max_size=3)
plans = st.builds(Plan, steps, skipped.map(tuple))
verifications = st.builds(
    Verification,
    id=st.just("replaced"),
    plan=plans,
    code_salt=st.none() | st.binary(max_size=32),
)
attempts = st.builds(Attempt, id=st.just("replaced"))
names = itertools.count()
"""Examples share a database, and may repeat each other."""


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=verifications, second=verifications, attempt=attempts, later=attempts)
def test_values_survive_being_stored_and_being_changed(
    storage: SqlStorage, first: Verification, second: Verification, attempt: Attempt, later: Attempt
) -> None:
    """All that may change is changed to what another value has; what may not change stays."""
    name = next(names)
    first = replace(first, id=f"vrf_{name}")
    attempt = replace(attempt, id=f"att_{name}", verification_id=first.id)
    target = replace(
        second,
        id=first.id,
        application_id=first.application_id,
        number=first.number,
        reference=first.reference,
        created_at=first.created_at,
        version=first.version,
    )
    target_attempt = replace(
        later,
        id=attempt.id,
        verification_id=first.id,
        queued_at=attempt.queued_at,
        version=attempt.version,
    )

    def add(session: Session) -> None:
        session.verifications.add(first)
        session.verifications.add_attempt(attempt)

    def change(session: Session) -> None:
        session.verifications.update(target)
        session.verifications.update_attempt(target_attempt)

    def found(session: Session) -> tuple[Verification | None, list[Attempt]]:
        return session.verifications.get(first.id), session.verifications.attempts(first.id)

    storage.write(add)
    assert storage.read(found) == (first, [attempt])
    storage.write(change)
    assert storage.read(found) == (
        replace(target, version=first.version + 1),
        [replace(target_attempt, version=attempt.version + 1)],
    )
