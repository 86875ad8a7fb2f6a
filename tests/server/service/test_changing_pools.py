"""A pool that an operator changes while verifications are under way: the odds that were stated hold."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pytest

from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import NoChannelAvailable, NoStepsLeft
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.ports import Pool
from ringproof_server.service.draw import Groups
from tests.support.world import App, World, code_report, digits_report

CODE_FIRST = Policy(workflow=(Channel.SMS, Channel.FLASHCALL))
ONE_CALL = Policy(max_guess_probability=0.2, number_guess_budget=0.5, max_calls=1)
SMALL = [f"+4420794600{index:02}" for index in range(20)]


def _leave(world: World, app: App, *numbers: str) -> None:
    """Take everything else out of the pool of the world's usual applications."""
    administration = world.server.administration
    administration.remove_numbers(app.application.id, ["+442079460000-+442079469999"])
    for _ in administration.add_numbers(app.application.id, numbers):
        pass


def test_no_call_is_made_from_a_pool_that_has_shrunk_below_its_stated_odds(world: World) -> None:
    """Ten thousand numbers were public when the odds were stated; of five anybody can guess one."""
    app = world.app(CODE_FIRST)
    session = world.start(app)
    _leave(world, app, *SMALL[:5])
    with pytest.raises(NoStepsLeft):
        session.advance(Channel.FLASHCALL)
    world.pass_time(150)
    assert [item.channel for item in session.attempts] == [Channel.SMS]
    assert session.confirm(code_report(world.code_seen())).token is not None


def test_no_call_is_made_from_a_few_local_numbers_when_the_odds_were_those_of_the_whole_pool(
    world: World,
) -> None:
    app = world.app(CODE_FIRST, pool=["+33142270000-+33142279999"])
    session = world.start(app)
    for _ in world.server.administration.add_numbers(app.application.id, SMALL[:2]):
        pass
    with pytest.raises(NoStepsLeft):
        session.advance(Channel.FLASHCALL)


def test_a_second_serial_call_is_not_made_from_a_pool_that_has_shrunk(world: World) -> None:
    policy = Policy(max_guess_probability=0.01, workflow=(Channel.FLASHCALL, Channel.SMS))
    app = world.app(policy, pool=SMALL)
    session = world.start(app)
    flash = session.stored.current.flash
    assert flash is not None
    assert flash.calls == 2
    first = session.caller_id
    world.server.administration.remove_numbers(
        app.application.id, [number for number in SMALL if number not in {first, *SMALL[:2]}]
    )
    world.pass_time(3)
    session.confirm(digits_report(first[-4:]))
    world.pass_time(3)
    assert [item.channel for item in session.attempts] == [Channel.FLASHCALL, Channel.SMS]


def test_a_pool_that_has_grown_or_lost_a_few_numbers_still_calls(world: World) -> None:
    app = world.app(CODE_FIRST, pool=["+442079460000-+442079464999"])
    session = world.start(app)
    administration = world.server.administration
    for _ in administration.add_numbers(app.application.id, ["+442079465000-+442079465999"]):
        pass
    administration.remove_numbers(app.application.id, ["+442079460000-+442079460009"])
    session.advance(Channel.FLASHCALL)
    assert session.attempts[-1].channel is Channel.FLASHCALL


class Numbers(list[str]):
    """A list of numbers that can be watched."""


def test_pools_that_have_changed_are_forgotten() -> None:
    """Every health check of a number makes a new version, and a pool may have a million numbers."""
    groups = Groups()
    numbers = Numbers([*SMALL, "+33142270001"])
    watched = weakref.ref(numbers)
    pool = Pool(1, numbers, PoolStatistics.of(numbers))
    for callee in ("+447700900123", "+4915112345678", "+33639980001"):
        groups.candidates("app_1", pool, PhoneNumber.trusted(callee), set(), local=True)
    changed = Pool(2, SMALL, PoolStatistics.of(SMALL))
    groups.candidates("app_1", changed, PhoneNumber.trusted("+447700900123"), set(), local=True)
    del pool, numbers
    gc.collect()
    assert watched() is None


def _take_out_of_the_draw(world: World, app: App, *numbers: str) -> None:
    for number in numbers:
        world.server.administration.set_health(app.application.id, number, healthy=False)


def test_a_number_that_is_out_of_the_draw_calls_nobody(world: World) -> None:
    often = replace(ONE_CALL, reuse_after=0, flash_starts=1000)
    app = world.app(often, pool=SMALL)
    _take_out_of_the_draw(world, app, *SMALL[:9])
    called_from = set()
    for _ in range(60):
        session = world.start(app, channels=[Channel.FLASHCALL])
        called_from.add(session.caller_id)
        session.cancel()
        world.clock.move(1)
    assert len(called_from) > 1
    assert called_from <= set(SMALL[9:])


def test_a_number_that_is_out_of_the_draw_makes_no_guess_harder(world: World) -> None:
    """An attacker need not guess what is never drawn."""
    app = world.app(ONE_CALL, pool=SMALL)
    whole = world.start(app, channels=[Channel.FLASHCALL]).started.verification.guess_probability
    _take_out_of_the_draw(world, app, *SMALL[:9])
    session = world.start(app, "+447700900456", channels=[Channel.FLASHCALL])
    assert (whole, session.started.verification.guess_probability) == pytest.approx((1 / 20, 1 / 11))
    _take_out_of_the_draw(world, app, *SMALL[9:17])
    with pytest.raises(NoChannelAvailable, match="flashcall: pool_too_small"):
        world.start(app, "+447700900457", channels=[Channel.FLASHCALL])
