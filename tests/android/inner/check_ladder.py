"""With the call-screening role as the first rung: what is asked for, and what is left when it is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jnius
import pytest

from ringproof.android._permissions import Refusals
from ringproof.android._source import AndroidCallSource, this_phone
from ringproof.calls import Ready
from tests.android.phone import BOTH, READ_CALL_LOG, READ_PHONE_STATE, Phone

ROLE = "android.app.role.CALL_SCREENING"
Roles: Any = jnius.autoclass("org.ringproof.standin.Roles")


class App:
    """An app that wants the role, on a phone that has one to give."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.parts = replace(this_phone(screening=True), refusals=Refusals())
        self.answers: list[Ready] = []
        self.source = AndroidCallSource(phone=self.parts)

    def prepare(self, *, gives: bool) -> list[Ready]:
        """The person gives the role, or keeps the spam filter, should the dialog come."""
        screens = self.phone.screens
        before = int(screens.startedCount())
        self.source.prepare(self.answers.append)
        self.phone.settle()
        for index in range(before, int(screens.startedCount())):
            if gives:
                Roles.give(ROLE)
            screens.answer(screens.startedCode(index), -1 if gives else 0, None)
        self.phone.settle()
        return self.answers

    def dialogs(self) -> int:
        return int(self.phone.screens.startedCount())

    def taken(self) -> list[str]:
        return [way.name for way in self.source.ways() if way.taken]


@pytest.fixture
def app(phone: Phone) -> App:
    Roles.know(ROLE)
    return App(phone)


def test_with_the_role_only_the_ring_time_needs_a_permission(app: App) -> None:
    """The call log is not asked for, because screening names the caller."""
    app.phone.person_grants()
    assert list(app.source.asks) == ["ROLE_CALL_SCREENING", "READ_PHONE_STATE", "READ_CALL_LOG"]
    assert app.prepare(gives=True) == [Ready(usable=True)]
    assert not app.source.asks
    assert app.phone.dialogs() == [READ_PHONE_STATE]
    assert app.taken() == ["screening", "phone_state"]
    assert app.source.capabilities().ring_time


def test_the_role_without_any_permission_is_enough(app: App) -> None:
    """There is no ring time then."""
    assert app.prepare(gives=True) == [Ready(usable=True, missing=("READ_PHONE_STATE",))]
    can = app.source.capabilities()
    assert (can.number_live, can.ring_time, can.zero_touch) == (True, False, True)


def test_a_refused_role_leads_to_the_permissions_and_is_not_asked_again(app: App) -> None:
    """The next rung, in the same `prepare`."""
    app.phone.person_grants()
    assert app.prepare(gives=False) == [Ready(usable=True)]
    assert app.phone.dialogs() == list(BOTH)
    assert app.taken() == ["phone_state", "call_log"]
    assert "left the role to another app" in app.source.describe()
    assert not app.source.asks
    app.source = AndroidCallSource(phone=app.parts)
    app.prepare(gives=True)
    assert app.dialogs() == 1


def test_everything_refused_leaves_the_typed_digits(app: App) -> None:
    """And says so."""
    assert app.prepare(gives=False) == [
        Ready(usable=False, missing=("READ_PHONE_STATE", "READ_CALL_LOG")),
    ]
    assert app.taken() == []
    assert "all that is left on this phone" in app.source.describe()


def test_a_role_that_is_lost_falls_back_to_the_next_rung(app: App) -> None:
    """The person gave it to another app meanwhile; the permissions are there."""
    app.phone.grant()
    app.prepare(gives=True)
    Roles.take(ROLE)
    assert app.taken() == ["phone_state", "call_log"]


def test_a_build_without_the_call_log_still_hears_by_the_role(app: App) -> None:
    """The flavour for stores that do not like READ_CALL_LOG."""
    app.phone.permissions.undeclare(READ_CALL_LOG)
    app.phone.person_grants()
    assert app.prepare(gives=True) == [Ready(usable=True)]
    assert app.taken() == ["screening", "phone_state"]


def test_nobody_is_asked_for_a_role_that_the_app_does_not_want(phone: Phone) -> None:
    """It would take the place of the person's spam filter: off by default."""
    Roles.know(ROLE)
    phone.grant()
    answers: list[Ready] = []
    source = AndroidCallSource()
    source.prepare(answers.append)
    phone.settle()
    assert answers == [Ready(usable=True)]
    assert phone.screens.startedCount() == 0
    assert "not wanted by the app" in source.describe()
