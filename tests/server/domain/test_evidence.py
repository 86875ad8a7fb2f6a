"""The verdict on a reported call."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.evidence import (
    Basis,
    CallEvidence,
    CodeEvidence,
    NetworkRing,
    Quality,
    Verdict,
    judge_call,
    ring_time_agrees,
)
from ringproof_server.domain.policy import RingTimeRule

SENT = "+442079460018"
WRONG = "+442079460019"
CALLEE = "+447700900123"
RANG_5_S = NetworkRing(5000, ended=True)
COARSE = [quality for quality in Quality if quality is not Quality.LIVE]


def _judge(
    caller_id: str | None = SENT,
    *,
    rule: RingTimeRule = RingTimeRule.CHECK,
    network: NetworkRing | None = RANG_5_S,
    ring_ms: int | None = None,
    quality: Quality = Quality.LIVE,
    last_digits: str | None = None,
    digits: int = 4,
) -> Verdict:
    evidence = CallEvidence(caller_id=caller_id, last_digits=last_digits, ring_ms=ring_ms, quality=quality)
    return judge_call(evidence, sent=SENT, callee=CALLEE, digits=digits, rule=rule, network=network)


@pytest.mark.parametrize("rule", [RingTimeRule.CHECK, RingTimeRule.IGNORE])
def test_without_a_ring_time_the_caller_id_decides(rule: RingTimeRule) -> None:
    assert _judge(rule=rule) is Verdict.MATCH
    assert _judge(WRONG, rule=rule) is Verdict.MISMATCH


@pytest.mark.parametrize(
    ("phone", "agrees"),
    [(0, False), (1999, False), (2000, True), (8000, True), (9500, True), (9501, False), (60_000, False)],
)
def test_a_live_ring_time_fits_from_six_seconds_shorter_to_one_and_a_half_longer(
    phone: int, agrees: bool
) -> None:
    network = NetworkRing(8000, ended=True)
    assert ring_time_agrees(network, phone) is agrees
    expected = Verdict.MATCH if agrees else Verdict.MISMATCH
    assert _judge(network=network, ring_ms=phone) is expected
    assert _judge(network=network, ring_ms=phone, rule=RingTimeRule.REQUIRE) is expected
    assert _judge(network=network, ring_ms=phone, rule=RingTimeRule.IGNORE) is Verdict.MATCH


@pytest.mark.parametrize(("phone", "agrees"), [(0, True), (3500, True), (3501, False)])
def test_while_it_still_rings_only_the_upper_bound_binds(phone: int, agrees: bool) -> None:
    assert ring_time_agrees(NetworkRing(2000, ended=False), phone) is agrees
    assert ring_time_agrees(NetworkRing(9000, ended=False), 0)


def test_a_right_ring_time_does_not_mend_a_wrong_caller_id() -> None:
    for rule in RingTimeRule:
        assert _judge(WRONG, rule=rule, ring_ms=5000) is Verdict.MISMATCH


@pytest.mark.parametrize("quality", COARSE)
def test_a_ring_time_that_was_not_measured_live_is_not_compared(quality: Quality) -> None:
    assert _judge(ring_ms=59_000, quality=quality) is Verdict.MATCH


def test_a_ring_time_is_not_compared_before_the_network_knows_of_any() -> None:
    assert _judge(network=None, ring_ms=4000) is Verdict.MATCH


@pytest.mark.parametrize("caller_id", [SENT, WRONG, "1", "+4915112345678"])
@pytest.mark.parametrize("ring_ms", [None, 0, 5000, 60_000])
@pytest.mark.parametrize("quality", list(Quality))
@pytest.mark.parametrize("network", [None, NetworkRing(2000, ended=False), RANG_5_S])
def test_required_ring_time_that_is_missing_is_answered_alike_for_right_and_wrong(
    caller_id: str, ring_ms: int | None, quality: Quality, network: NetworkRing | None
) -> None:
    """Otherwise the answer would be a free guess that tells whether the number was right."""
    verdict = _judge(caller_id, rule=RingTimeRule.REQUIRE, network=network, ring_ms=ring_ms, quality=quality)
    comparable = ring_ms is not None and quality is Quality.LIVE and network is RANG_5_S
    if not comparable:
        assert verdict is Verdict.MORE_EVIDENCE
    else:
        assert verdict is (Verdict.MATCH if caller_id == SENT and ring_ms != 60_000 else Verdict.MISMATCH)


@pytest.mark.parametrize("rule", RingTimeRule)
@pytest.mark.parametrize("shown", [None, "", "anonymous", "Unknown", "restricted", "Private number"])
def test_a_withheld_number_is_no_guess_under_any_rule(rule: RingTimeRule, shown: str | None) -> None:
    assert _judge(shown, rule=rule) is Verdict.WITHHELD


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        ("0018", Verdict.MATCH),
        ("00 18", Verdict.MATCH),
        ("60018", Verdict.MATCH),
        ("٠٠١٨", Verdict.MATCH),
        ("018", Verdict.MISMATCH),
        ("0019", Verdict.MISMATCH),
        ("50018", Verdict.MISMATCH),
        ("", Verdict.MISMATCH),
        ("anonymous", Verdict.MISMATCH),
    ],
)
def test_typed_digits_count_from_the_number_that_was_asked_for(typed: str, verdict: Verdict) -> None:
    assert _judge(None, last_digits=typed) is verdict


def test_digits_take_the_place_of_a_caller_id_that_comes_with_them() -> None:
    assert _judge(SENT, last_digits="9999") is Verdict.MISMATCH
    assert _judge(WRONG, last_digits="0018") is Verdict.MATCH


@given(
    shown=st.one_of(st.none(), st.text(max_size=200)),
    typed=st.one_of(st.none(), st.text(max_size=200)),
    ring_ms=st.one_of(st.none(), st.integers(-(2**40), 2**40)),
    quality=st.sampled_from(Quality),
    rule=st.sampled_from(RingTimeRule),
    network=st.one_of(st.none(), st.builds(NetworkRing, st.integers(0, 60_000), ended=st.booleans())),
)
def test_any_report_gets_a_verdict_and_only_the_right_digits_match(
    shown: str | None,
    typed: str | None,
    ring_ms: int | None,
    quality: Quality,
    rule: RingTimeRule,
    network: NetworkRing | None,
) -> None:
    verdict = _judge(shown, last_digits=typed, ring_ms=ring_ms, quality=quality, rule=rule, network=network)
    text = shown if typed is None else typed
    if verdict is Verdict.MATCH:
        assert text is not None
        digits = "".join(str(int(each)) for each in text if each.isdecimal())
        assert digits.endswith("0018")


def test_reported_values_stay_out_of_repr() -> None:
    call = CallEvidence(caller_id=SENT, last_digits="0018", basis=Basis.MANUAL)
    code = CodeEvidence(channel=Channel.SMS, code="123456")
    for secret, evidence in itertools.product(["2079460018", "0018", "123456"], [call, code]):
        assert secret not in repr(evidence)
