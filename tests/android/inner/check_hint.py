"""The person's own number on real Java."""

from __future__ import annotations

import gc
from typing import Any

import jnius
import pytest

from ringproof.android import suggest_number
from tests.android.phone import Phone

YES, NO = -1, 0
OWN = "+447400123456"

Play: Any = jnius.autoclass("org.ringproof.standin.PlayServices")
Intent: Any = jnius.autoclass("android.content.Intent")


def asked(phone: Phone) -> list[str | None]:
    got: list[str | None] = []
    suggest_number(got.append)
    phone.settle()
    phone.settle()
    return got


def answer(phone: Phone, outcome: int, data: Any) -> None:
    code = phone.screens.startedCode(phone.screens.startedCount() - 1)
    phone.screens.answer(code, outcome, data)
    phone.settle()


@pytest.mark.parametrize("tasks", ["later", "at once"])
def test_the_number_that_the_person_chooses_comes_in_e164(phone: Phone, tasks: str) -> None:
    """One dialog, one answer, without the blanks that some phones put in."""
    Play.answers(tasks)
    for told in (OWN, "+44 7400 123456", " +44 (7400) 123-456"):
        Play.ownNumber(told)
        got = asked(phone)
        assert got == []
        answer(phone, YES, Intent("x"))
        assert got == [OWN]


@pytest.mark.parametrize("told", [None, "", "07400 123456", "anonymous", "+0400123456", "+44" + "9" * 40])
def test_what_is_no_number_is_none(phone: Phone, told: str | None) -> None:
    """No number in the SIM card, a national one, words, too many digits."""
    Play.ownNumber(told)
    got = asked(phone)
    answer(phone, YES, Intent("x"))
    assert got == [None]


@pytest.mark.parametrize(("outcome", "data"), [(NO, True), (YES, False), (1, False)])
def test_a_closed_dialog_is_none(phone: Phone, outcome: int, data: bool) -> None:
    """Exactly one answer, also when Android repeats itself."""
    Play.ownNumber(OWN)
    got = asked(phone)
    answer(phone, outcome, Intent("x") if data else None)
    answer(phone, YES, Intent("x"))
    assert got == [None]


@pytest.mark.parametrize("tasks", ["later", "at once"])
@pytest.mark.parametrize("status", [10, 16, 17, -1])
def test_without_the_services_it_is_none_and_nothing_opens(phone: Phone, tasks: str, status: int) -> None:
    """The failure listener is told so, with a status or without."""
    Play.answers(tasks)
    Play.refuse("hint", status)
    assert asked(phone) == [None]
    assert phone.screens.startedCount() == 0


def test_a_dialog_that_no_app_can_show_is_none(phone: Phone) -> None:
    """Disabled Play services."""
    phone.screens.setMissing(True)
    assert asked(phone) == [None]


def test_listeners_that_only_java_knows_are_not_collected(phone: Phone) -> None:
    """The dialog comes late, long after everything in Python was forgotten."""
    Play.answers("never")
    Play.ownNumber(OWN)
    got = [asked(phone) for _ in range(30)]
    for _ in range(3):
        gc.collect()
    Play.endTasks()
    phone.settle()
    phone.settle()
    assert phone.screens.startedCount() == 30
    for index in range(30):
        phone.screens.answer(phone.screens.startedCode(index), YES, Intent("x"))
    phone.settle()
    assert got == [[OWN]] * 30
