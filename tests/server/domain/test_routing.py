"""Routes: whose turn it is, by country, rank and weight."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.routing import (
    HIGHEST_WEIGHT,
    Pick,
    Ranking,
    Routes,
    Share,
    in_order,
    pick,
    spell,
)

NAMES = ("sip", "twilio", "vonage", "restcomm")
BRITISH = PhoneNumber.parse("+447400123456")
SATELLITE = PhoneNumber.parse("+881612345678")
TWO_RANKS: Ranking = ((Share("sip", 3), Share("restcomm", 1)), (Share("twilio"),))


@st.composite
def rankings(draw: st.DrawFn) -> Ranking:
    """Every carrier at most once, in ranks of any size, with any weights."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    weights = st.integers(1, HIGHEST_WEIGHT)
    ranks: list[tuple[Share, ...]] = []
    for name in names:
        share = Share(name, draw(weights))
        joins: bool = draw(st.booleans())
        if ranks and joins:
            ranks[-1] = (*ranks[-1], share)
        else:
            ranks.append((share,))
    return tuple(ranks)


def no_choice(_limit: int) -> int:
    raise AssertionError("there was nothing to draw")


def test_carriers_in_order_are_tried_one_after_the_other() -> None:
    ranking = in_order(["twilio", "sip"])
    assert pick(ranking, {"twilio", "sip"}, no_choice) == Pick("twilio", drawn=False)
    assert pick(ranking, {"sip"}, no_choice) == Pick("sip", drawn=False)
    assert pick(ranking, {"vonage"}, no_choice) is None


def test_carriers_of_one_rank_share_it_exactly_by_weight() -> None:
    """Every outcome of the draw is looked at: three of four are the one's, one is the other's."""
    able = {"sip", "restcomm", "twilio"}
    limits: list[int] = []

    def drawn(number: int) -> Pick | None:
        def below(limit: int) -> int:
            limits.append(limit)
            return number

        return pick(TWO_RANKS, able, below)

    assert Counter(drawn(number) for number in range(4)) == {
        Pick("sip", drawn=True): 3,
        Pick("restcomm", drawn=True): 1,
    }
    assert set(limits) == {4}


def test_the_rest_of_a_rank_comes_before_the_next_rank() -> None:
    assert pick(TWO_RANKS, {"restcomm", "twilio"}, no_choice) == Pick("restcomm", drawn=False)
    assert pick(TWO_RANKS, {"twilio"}, no_choice) == Pick("twilio", drawn=False)


@given(ranking=rankings(), able=st.sets(st.sampled_from(NAMES)), data=st.data())
def test_only_a_carrier_that_is_able_is_picked_and_none_of_an_earlier_rank_is_passed_over(
    ranking: Ranking, able: set[str], data: st.DataObject
) -> None:
    picked = pick(ranking, able, lambda limit: data.draw(st.integers(0, limit - 1)))
    possible = [{share.carrier for share in rank} & able for rank in ranking]
    first = next(filter(None, possible), set())
    assert (picked is None) == (not first)
    if picked is not None:
        assert picked.carrier in first
        assert picked.drawn == (len(first) > 1)


def test_a_number_goes_the_way_of_its_region_before_that_of_its_calling_code() -> None:
    routes = Routes(MappingProxyType({"44": in_order(["sip"]), "GB": in_order(["twilio"])}))
    assert routes.ranking_for(BRITISH) == in_order(["twilio"])
    assert routes.ranking_for(PhoneNumber.parse("+441534123456")) == in_order(["sip"])
    assert routes.ranking_for(PhoneNumber.parse("+4915112345678")) is None
    assert Routes().ranking_for(BRITISH) is None


def test_a_number_of_no_region_goes_the_way_of_its_calling_code() -> None:
    assert Routes(MappingProxyType({"881": ()})).ranking_for(SATELLITE) == ()
    assert Routes(MappingProxyType({"GB": ()})).ranking_for(SATELLITE) is None


def test_a_ranking_is_spelled_as_an_operator_writes_it() -> None:
    assert spell(TWO_RANKS) == "sip:3|restcomm,twilio"
    assert str(Routes(MappingProxyType({"FR": TWO_RANKS, "881": ()}))) == "FR=sip:3|restcomm,twilio; 881="


@pytest.mark.parametrize("weight", [0, -1, 1001])
def test_a_weight_has_bounds(weight: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 1000"):
        Share("sip", weight)
