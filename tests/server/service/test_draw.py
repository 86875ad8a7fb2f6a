"""From which country a flash call comes, and what that leaves to guess."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.ports import Pool
from ringproof_server.service.draw import Groups
from tests.support.world import World

BRITISH = [f"+4420794600{index:02}" for index in range(20)]
AMERICAN = [f"+120255501{index:02}" for index in range(10)]
GERMAN = PhoneNumber.trusted("+4915112345678")
ONE_CALL = Policy(max_guess_probability=0.2, number_guess_budget=0.9, max_calls=1)


def pool_of(numbers: list[str], version: int = 1) -> Pool:
    return Pool(version, numbers, PoolStatistics.of(numbers))


@pytest.mark.parametrize(
    ("callee", "prefix", "size"),
    [
        ("+447400123456", "+44207946", 20),
        ("+12025550199", "+120255501", 10),
        (GERMAN.e164, "+44207946", 20),
    ],
)
def test_calls_come_from_one_country_even_for_a_callee_of_none_of_them(
    world: World, callee: str, prefix: str, size: int
) -> None:
    """What calls must look like can be told, so that an app need not report every call there is."""
    app = world.app(ONE_CALL, pool=[*AMERICAN, *BRITISH])
    session = world.start(app, callee, channels=[Channel.FLASHCALL])
    flash = session.stored.current.flash
    assert flash is not None
    assert flash.pattern.prefix.startswith(prefix[:-1])
    assert flash.guess_probability == pytest.approx(1 / size)
    assert session.caller_id is not None
    assert session.caller_id.startswith(prefix[:3])


def test_the_whole_pool_calls_where_one_country_has_too_few_numbers(world: World) -> None:
    """The stated odds come before comfort: digits can be typed whatever the beginning is."""
    tight = Policy(max_guess_probability=1 / 25, number_guess_budget=0.9, max_calls=1)
    app = world.app(tight, pool=[*AMERICAN, *BRITISH])
    session = world.start(app, GERMAN.e164, channels=[Channel.FLASHCALL])
    flash = session.stored.current.flash
    assert flash is not None
    assert flash.pattern.prefix == "+"
    assert flash.guess_probability == pytest.approx(1 / 30)


@given(
    numbers=st.lists(
        st.builds("+{}{:09}".format, st.sampled_from(["1", "44", "49", "353"]), st.integers(0, 999_999_999)),
        unique=True,
        max_size=30,
    ),
    code=st.sampled_from(["1", "33", "44", "49", "353"]),
)
def test_candidates_are_all_numbers_of_one_country_and_of_the_callees_if_there_are_any(
    numbers: list[str], code: str
) -> None:
    callee = PhoneNumber.trusted(f"+{code}151123456")
    used = set(numbers[:5])
    found = Groups().candidates("app_1", pool_of(numbers), callee, used, local=True)
    codes = {PhoneNumber.trusted(number).country_code for number in found.group.numbers}
    by_code = {each: [n for n in numbers if PhoneNumber.trusted(n).country_code == each] for each in codes}
    assert codes <= {code} if any(PhoneNumber.trusted(n).country_code == code for n in numbers) else True
    assert len(codes) == min(1, len(numbers))
    assert sorted(found.group.numbers) == sorted(*by_code.values()) if codes else not found.group.numbers
    assert found.used == used & set(found.group.numbers)


def test_the_parts_of_two_states_of_a_pool_are_never_mixed() -> None:
    groups = Groups()
    states = [pool_of([*AMERICAN, *BRITISH], 1), pool_of([*AMERICAN, *BRITISH[:3]], 2)]
    for state, callee in product(
        [*states, *reversed(states)], (GERMAN, PhoneNumber.trusted("+447400123456"))
    ):
        found = groups.candidates("app_1", state, callee, set(), local=True)
        assert set(found.group.numbers) <= set(state.numbers)
        assert found.group.version == state.version
