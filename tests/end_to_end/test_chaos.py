"""Two thousand verifications through carriers in bad weather, with the server's real threads and guards.

Time is the test's: it moves on by a second when everybody has done what there was to do, so that minutes pass
in seconds and nothing depends on the machine's speed. What the guards and the dispatcher wait for is real.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.verification import Status
from tests.support.chaos import Delivery, Fault
from tests.support.storm import NAMES, Storm

STORMY = 16
CALM = 4
"""Waves, half a minute apart: the breakers have to close again in the calm ones."""
A_WAVE = 100
WAVES = STORMY + CALM

REFUSALS = {
    "CarrierUnavailable": Reason.CARRIER_ERROR,
    "CarrierThrottled": Reason.CARRIER_ERROR,
    "CarrierMisconfigured": Reason.CONFIG_ERROR,
    "NumberRefused": Reason.INVALID_NUMBER,
    "NumberUnreachable": Reason.UNREACHABLE,
}
"""What an attempt ends with that no carrier took."""


TOLD = {
    Fault.NONE: "Placed",
    Fault.OUTAGE: "CarrierUnavailable",
    Fault.THROTTLED: "CarrierThrottled",
    Fault.MISCONFIGURED: "CarrierMisconfigured",
    Fault.REFUSED: "NumberRefused",
    Fault.UNREACHABLE: "NumberUnreachable",
}
"""What the services are told after a carrier's last answer; after any other fault the outcome is unknown."""


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    """All of it, when it is over."""
    folder = tmp_path_factory.mktemp("storm")
    found = Storm(folder, seed="a stormy night", stormy=STORMY, calm=CALM, size=A_WAVE)
    found.pass_over()
    yield found
    found.world.close()


def test_the_weather_was_bad(storm: Storm) -> None:
    """Every fault that carriers have came up, often, and many got through all the same."""
    faults = Counter(
        fault for carrier in storm.carriers for asked in carrier.requests.values() for fault in asked
    )
    assert set(faults) == set(Fault)
    assert min(faults.values()) >= 10
    statuses = Counter(session.stored.status for session in storm.sessions)
    assert sum(statuses.values()) == WAVES * A_WAVE
    assert statuses[Status.VERIFIED] >= WAVES * A_WAVE // 2
    assert min(statuses[Status.FAILED], statuses[Status.EXPIRED]) >= 20


def test_no_attempt_was_placed_twice(storm: Storm) -> None:
    """By the carriers' own record, whichever of them it went to."""
    placed = Counter[str]()
    for carrier in storm.carriers:
        placed.update({attempt_id: len(orders) for attempt_id, orders in carrier.placed.items()})
    assert sum(placed.values()) >= WAVES * A_WAVE
    assert not {attempt_id: count for attempt_id, count in placed.items() if count > 1}


def test_nobody_is_called_again_in_doubt(storm: Storm) -> None:
    """After an unknown outcome the step is over: no other carrier is given the same call or message."""
    doubts = 0
    for session in storm.sessions:
        by_step: dict[tuple[int, int], list[Attempt]] = {}
        for attempt in session.attempts:
            by_step.setdefault((attempt.step, attempt.call), []).append(attempt)
        for attempts in by_step.values():
            doubts += attempts[-1].reason is Reason.UNKNOWN
            assert Reason.UNKNOWN not in [attempt.reason for attempt in attempts[:-1]]
    assert doubts >= 20


def test_nothing_is_stuck(storm: Storm) -> None:
    """Every verification has ended, no attempt waits, and no phone rings."""
    assert not [session.id for session in storm.sessions if session.stored.status is Status.PENDING]
    left = {AttemptState.QUEUED, AttemptState.DIALING, AttemptState.SENDING}
    calls = {AttemptState.ACCEPTED, AttemptState.RINGING, AttemptState.ANSWERED}
    for session in storm.sessions:
        for attempt in session.attempts:
            assert attempt.state not in left
            assert not (attempt.channel.is_call and attempt.state in calls)
    assert [carrier.up for carrier in storm.carriers] == [0] * len(NAMES)


def test_nothing_broke_inside_the_server(storm: Storm) -> None:
    """What the carriers did was foreseen: no thread met a fault of its own, and no callback one of ours."""
    assert not storm.refused
    lines = Counter(event for event, _ in storm.world.server.log.lines)
    foreseen = {"carrier_refused", "carrier_outcome_unknown", "carrier_find_failed", "hang_up_failed"}
    assert set(lines) <= foreseen


def test_the_services_were_told_what_the_carriers_did(storm: Storm) -> None:
    """The guards pass on every refusal and make an unknown outcome of the rest. On a machine that is too busy
    an answer may come too late, and is unknown then as well."""
    told = Counter[bool]()
    for carrier in storm.carriers:
        for attempt_id, faults in carrier.requests.items():
            right = TOLD.get(faults[-1], "OutcomeUnknown")
            said = storm.witnesses[carrier.name].placed[attempt_id][-1]
            assert said in {right, "OutcomeUnknown"}
            told[said == right] += 1
    assert told[True] > 10 * told[False]


def test_every_attempt_ended_for_the_reason_that_its_carrier_gave(storm: Storm) -> None:
    """Derived from what the services were told and what they heard afterwards."""
    wrong = []
    seen = Counter[Reason | None]()
    for session in storm.sessions:
        for attempt in session.attempts:
            seen[attempt.reason] += 1
            if attempt.reason is not _right_reason(storm, attempt):
                wrong.append(
                    (attempt.state, attempt.reason, _right_reason(storm, attempt), storm.told(attempt))
                )
    assert not wrong
    assert {Reason.CARRIER_ERROR, Reason.CONFIG_ERROR, Reason.INVALID_NUMBER, Reason.UNKNOWN} < set(seen)
    assert {Reason.RANG, Reason.BUSY, Reason.REJECTED, Reason.ANSWERED, Reason.UNREACHABLE} < set(seen)


def test_every_verification_ended_for_the_right_reason(storm: Storm) -> None:
    """Verified by whoever proved it, failed for the last attempt's reason, expired when a proof could still
    have come."""
    wrong = []
    for session in storm.sessions:
        stored = session.stored
        right = _right_end(storm, session.id, session.attempts)
        if (stored.status, stored.reason) != right:
            wrong.append(
                (stored.status, stored.reason, right, [storm.told(item) for item in session.attempts])
            )
    assert not wrong


def test_whoever_had_the_proof_was_verified(storm: Storm) -> None:
    """The right caller ID or code was always believed unless the verification had ended before."""
    for session, answer, at in storm.disbelieved:
        assert answer == "already-finished"
        finished_at = session.stored.finished_at
        assert finished_at is not None
        assert storm.seconds_at(finished_at) <= at
    assert len(storm.disbelieved) <= len(storm.believed) // 20


def test_lost_answers_were_found_again(storm: Storm) -> None:
    """Most of what a carrier had taken without saying so went on as if it had."""
    found = Counter(said[-1] for witness in storm.witnesses.values() for said in witness.found.values())
    assert found["Found"] >= 50
    assert found["NoneType"] >= 10
    assert found["CarrierUnavailable"] >= 1


def test_a_call_that_came_up_after_it_was_given_up_is_hung_up(storm: Storm) -> None:
    """Nobody's phone rings on for an attempt that the server has closed as unknown."""
    late = 0
    for session in storm.sessions:
        for attempt in session.attempts:
            witness = storm.witnesses.get(attempt.carrier or "")
            if witness is None or attempt.reason is not Reason.UNKNOWN:
                continue
            for order in storm.orders(attempt):
                rings = [item.at for item in storm.told(attempt).heard if item.kind is AttemptEvent.RING]
                if rings and (order.ended_at is None or rings[0] <= order.ended_at):
                    late += 1
                    assert witness.hung_up.get(order.remote_id)
    assert late >= 5


def test_every_breaker_opened_and_closed_again(storm: Storm) -> None:
    for name in NAMES:
        states = [line["state"] for line in storm.breaker_lines(name, "placing")]
        assert {"open", "half_open", "closed"} <= set(states)
        assert states[-1] == "closed"


def _right_reason(storm: Storm, attempt: Attempt) -> Reason | None:
    """What the attempt ends with, None for a message that did not fail."""
    told = storm.told(attempt)
    if not told.placed:
        return Reason.CARRIER_ERROR
    said = told.placed[-1]
    if said in REFUSALS:
        return REFUSALS[said]
    if said != "Placed" and told.found[-1] != "Found":
        return Reason.UNKNOWN
    if attempt.channel.is_call:
        return _end_of_call(storm, attempt, told.heard)
    return next((item.reason for item in told.heard if item.kind is AttemptEvent.FAIL), None)


def _end_of_call(storm: Storm, attempt: Attempt, heard: list[Delivery]) -> Reason | None:
    """How a call ended that the carrier took: as it said first, or as the server had to assume."""
    assert attempt.ended_at is not None
    heard = [item for item in heard if item.at <= storm.seconds_at(attempt.ended_at)]
    end = next((item for item in heard if item.kind is AttemptEvent.END), None)
    before = {item.kind for item in (heard if end is None else heard[: heard.index(end)])}
    if end is None:
        # Its end was never reported: the server has hung up until it gave up.
        assert "end_never_reported" in storm.world.server.trace(attempt.verification_id)
    if AttemptEvent.ANSWER in before:
        return Reason.ANSWERED
    if AttemptEvent.RING in before and (end is None or end.reason is Reason.CANCELLED):
        return Reason.RANG
    return Reason.UNKNOWN if end is None else end.reason


def _right_end(storm: Storm, verification_id: str, attempts: list[Attempt]) -> tuple[Status, Reason | None]:
    """How the verification ends: a proof could still come as long as a code is on its way to the person, or
    as a call may yet ring."""
    if verification_id in storm.believed:
        return Status.VERIFIED, None
    reasons = [_right_reason(storm, item) for item in attempts]
    if None in reasons or reasons[-1] is Reason.UNKNOWN:
        return Status.EXPIRED, None
    return Status.FAILED, reasons[-1]
