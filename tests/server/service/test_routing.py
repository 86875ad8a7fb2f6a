"""Which carrier gets an attempt: countries with routes of their own, weights, and what failed before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel, SkipReason
from ringproof_server.domain.errors import CarrierUnavailable, NoChannelAvailable
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.routing import Ranking, Routes, RoutingReason, Share, in_order
from tests.support.switchboard import Switchboard
from tests.support.world import NUMBER, Session

BRITISH = "+447400123456"
GERMAN = "+4915112345678"
FRENCH = "+33612345678"
SATELLITE = "+881612345678"
SMS_ONLY = Policy(workflow=(Channel.SMS,))
EQUALS: Ranking = ((Share("sip", 3), Share("rest", 1)), (Share("twilio"),))

Build = Callable[..., Switchboard]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Makes a server with the carriers `sip`, `rest` and `twilio`, and the routes that are given."""
    made: list[Switchboard] = []

    def one(routes: dict[str, Ranking], **options: Any) -> Switchboard:
        config = {"routes": Routes(MappingProxyType(routes))}
        made.append(
            Switchboard(tmp_path / str(len(made)), ("sip", "rest", "twilio"), config=config, **options)
        )
        return made[-1]

    yield one
    for board in made:
        board.world.close()


def _sent(board: Switchboard, number: str) -> Session:
    session = board.world.start(board.world.app(SMS_ONLY), number)
    board.world.server.dispatch_all()
    return session


@pytest.mark.parametrize(
    ("number", "carrier", "reason"),
    [
        (BRITISH, "sip", RoutingReason.FIRST_IN_ORDER),
        (GERMAN, "twilio", RoutingReason.COUNTRY_ROUTE),
        (SATELLITE, "rest", RoutingReason.COUNTRY_ROUTE),
    ],
)
def test_a_number_goes_its_country_s_way_else_to_the_first_carrier(
    build: Build, number: str, carrier: str, reason: RoutingReason
) -> None:
    """The reason is stored with the attempt and stands in the trace."""
    board = build({"DE": in_order(["twilio", "sip"]), "881": in_order(["rest"])})
    session = _sent(board, number)
    (attempt,) = session.attempts
    assert (attempt.carrier, attempt.routing_reason) == (carrier, reason)
    chosen = board.world.server.notes(session.id, "carrier_chosen")
    assert chosen == [{"carrier": carrier, "why": reason}]


def test_carriers_of_one_rank_are_drawn_by_their_weights(build: Build) -> None:
    """About three of four attempts go to the one with three times the weight, and none to the next rank."""
    board = build({"FR": EQUALS})
    app = board.world.app(SMS_ONLY)
    sessions = [board.world.start(app, f"+336123{index:05}") for index in range(200)]
    for _ in range(2):
        board.world.server.dispatch_all()
    attempts = [session.attempts[0] for session in sessions]
    assert {item.routing_reason for item in attempts} == {RoutingReason.WEIGHTED}
    counts = Counter(item.carrier for item in attempts)
    assert counts.keys() == {"sip", "rest"}
    assert 125 <= counts["sip"] <= 175


def test_the_rest_of_a_rank_is_tried_before_the_next_rank(build: Build) -> None:
    board = build({"FR": EQUALS})
    for name in ("sip", "rest"):
        board.orders[name].faults = [CarrierUnavailable("away")]
    session = board.world.start(board.world.app(SMS_ONLY), FRENCH)
    for _ in range(3):
        board.world.server.dispatch_all()
    first, second, third = session.attempts
    assert {first.carrier, second.carrier} == {"sip", "rest"}
    assert first.routing_reason == RoutingReason.WEIGHTED
    assert second.routing_reason == RoutingReason.FAILOVER
    assert (third.carrier, third.routing_reason) == ("twilio", RoutingReason.FAILOVER)
    assert third.state is AttemptState.ACCEPTED


def test_a_carrier_outside_a_country_s_route_never_gets_its_numbers(build: Build) -> None:
    """Not even when all that are in it have failed."""
    board = build({"DE": in_order(["twilio"])})
    board.orders["twilio"].faults = [CarrierUnavailable("away")]
    session = board.world.start(board.world.app(), GERMAN, channels=[Channel.FLASHCALL])
    for _ in range(3):
        board.world.server.dispatch_all()
    assert [item.carrier for item in session.attempts] == ["twilio"]
    assert board.orders["sip"].asked == board.orders["rest"].asked == []


def test_nobody_serves_a_country_with_an_empty_route(build: Build) -> None:
    board = build({"DE": ()})
    with pytest.raises(NoChannelAvailable, match="no_carrier"):
        board.world.start(board.world.app(), GERMAN)


def test_a_channel_that_no_carrier_of_the_country_offers_is_skipped_with_the_reason(tmp_path: Path) -> None:
    """Others offer it, but not to this country."""
    board = Switchboard(
        tmp_path,
        ("calls", "texts"),
        channels={"calls": frozenset({Channel.FLASHCALL}), "texts": frozenset({Channel.SMS})},
        config={"routes": Routes(MappingProxyType({"DE": in_order(["texts"])}))},
    )
    app = board.world.app()
    german, british = board.world.start(app, GERMAN), board.world.start(app, BRITISH)
    skipped = [(item.channel, item.reason) for item in german.stored.plan.skipped]
    assert skipped == [(Channel.FLASHCALL, SkipReason.NO_CARRIER)]
    assert british.stored.plan.skipped == ()
    board.world.close()


def test_a_fictitious_number_never_goes_to_a_real_network_whatever_the_routes_say(build: Build) -> None:
    board = build({"GB": in_order(["sip", "twilio"])}, serve_fictitious=frozenset({"rest"}))
    session = _sent(board, NUMBER)
    (attempt,) = session.attempts
    assert (attempt.carrier, attempt.routing_reason) == ("rest", RoutingReason.FICTITIOUS)


def test_a_fictitious_number_is_served_where_nobody_serves_its_country(build: Build) -> None:
    board = build({"GB": ()})
    assert _sent(board, NUMBER).attempts[0].carrier == "sip"
