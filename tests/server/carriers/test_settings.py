"""The operator's settings of the simulated network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers import CarrierOptions, CarrierSettingsError
from ringproof_server.carriers.simulated import NetworkSettings, build
from ringproof_server.carriers.simulated.behaviour import Fault
from ringproof_server.carriers.simulated.chaos import Chaos
from ringproof_server.carriers.simulated.planning import Span, Timings
from ringproof_server.carriers.simulated.settings import Faults, read_settings
from ringproof_server.domain.channel import Channel
from ringproof_server.system import SystemRandom
from ringproof_server.tokens import SecretSeals
from tests.server.carriers.network import SECRET, UNTIMED, NetworkClock, memory_store
from tests.support.processes import Lines


def test_without_settings_the_network_is_calm() -> None:
    """No chaos, no faults, every number, and the seed that was handed in."""
    assert read_settings({}, seed=b"drawn") == NetworkSettings(seed=b"drawn")


def test_everything_can_be_set() -> None:
    """Spans in milliseconds, shares from 0 to 1, times in seconds, switches in words."""
    settings = {
        "seed": "7",
        "fictitious_only": "true",
        "post_dial_ms": "0-100",
        "reaction_ms": "20",
        "answer_ms": "5-9",
        "late_events": "0.25",
        "doubled_events": "1",
        "reordered_events": ".5",
        "lost_events": "0",
        "outage_share": "0.125",
        "hang_share": "1.0",
        "hang_seconds": "2.5",
    }
    assert read_settings(settings, seed=b"drawn") == NetworkSettings(
        seed=b"7",
        fictitious_only=True,
        timings=Timings(
            post_dial=Span(low=0, high=100), reaction=Span(low=20, high=20), answer=Span(low=5, high=9)
        ),
        chaos=Chaos(late=0.25, doubled=1.0, reordered=0.5, lost=0.0),
        faults=Faults(outage=0.125, hang=1.0),
        hang_seconds=2.5,
    )


def test_every_fault_is_told_at_once_and_no_value() -> None:
    """Whoever sets it up wrongly learns all of it in one go; a value may be a secret in the wrong place."""
    settings = {
        "post_dial_ms": "1500-300",
        "late_events": "2",
        "hang_seconds": "9999",
        "fictitious_only": "perhaps",
        "auth_token": "s3cret",
    }
    with pytest.raises(CarrierSettingsError) as caught:
        read_settings(settings, seed=b"")
    assert [fault.split()[0] for fault in caught.value.faults] == [
        "post_dial_ms",
        "late_events",
        "fictitious_only",
        "hang_seconds",
        "auth_token",
    ]
    assert not any(value in str(caught.value) for value in ("1500-300", "9999", "s3cret"))


@pytest.mark.parametrize(
    ("text", "expected"), [("on", True), ("True", True), ("1", True), ("OFF", False), ("no", False)]
)
def test_a_switch_is_written_as_everywhere_in_the_settings(text: str, *, expected: bool) -> None:
    """On and off, in the words that the server's own settings take."""
    assert read_settings({"fictitious_only": text}, seed=b"").fictitious_only is expected


@UNTIMED
@given(text=st.text(max_size=12), name=st.sampled_from(["post_dial_ms", "late_events", "hang_seconds"]))
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    """No setting breaks the reader, and none leads outside the limits."""
    try:
        found = read_settings({name: text}, seed=b"")
    except CarrierSettingsError:
        return
    assert 0 <= found.timings.post_dial.low <= found.timings.post_dial.high <= 600_000
    assert 0 <= found.chaos.late <= 1
    assert 0 <= found.hang_seconds <= 600


def test_build_makes_the_carrier_of_the_entry_point() -> None:
    """What the server hands to a plug-in is all that the carrier needs."""
    clock = NetworkClock()
    carrier = build(
        CarrierOptions(
            settings={"fictitious_only": "true"},
            clock=clock,
            random=SystemRandom(clock),
            seals=SecretSeals(SECRET),
            store=memory_store(),
            public_url="https://ringproof.example",
            log=Lines(),
        )
    )
    assert carrier.name == "simulated"
    able = carrier.capabilities
    assert able.channels >= {Channel.FLASHCALL, Channel.SMS, Channel.WHATSAPP, Channel.VIBER}
    assert not able.channels & {Channel.PUSH, Channel.TOTP}
    assert (able.fictitious_only, able.serves_fictitious) == (True, True)
    assert (able.hangs_up, able.reports_events, able.chooses_caller_id) == (True, True, True)


@UNTIMED
@given(seed=st.binary(max_size=8))
def test_faults_are_drawn_by_their_shares(seed: bytes) -> None:
    """A share of one always comes true, and none without a share."""
    dice = NetworkSettings(seed=seed).dice
    assert Faults().drawn(dice) is Fault.NONE
    for name in ("outage", "throttled", "hang", "lost_answer"):
        assert Faults(**{name: 1.0}).drawn(dice) is Fault(name)
