"""Permissions are asked for once, both together, and believed only after a second look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from android.permissions import request_permissions

from ringproof.android._permissions import LONGEST_S, NO_DIALOG_S, Refusals
from ringproof.android._source import AndroidCallSource, this_phone
from ringproof.calls import Ready
from ringproof.testing import FakeClock
from tests.android.phone import BOTH, READ_CALL_LOG, READ_PHONE_STATE, Phone

ALL = Ready(usable=True)
NOTHING = Ready(usable=False, missing=("READ_PHONE_STATE", "READ_CALL_LOG"))


class App:
    """An app from its start on: sources, and what their `prepare` answered."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.clock = FakeClock()
        self.parts = replace(this_phone(), clock=self.clock, refusals=Refusals())
        self.source = AndroidCallSource(phone=self.parts)
        self.answers: list[Ready] = []

    def prepare(self) -> list[Ready]:
        """The answers so far, after everything the phone does by itself."""
        self.source.prepare(self.answers.append)
        self.phone.settle()
        return self.answers

    def new_source(self) -> None:
        """As for the next verification of the same app."""
        self.source = AndroidCallSource(phone=self.parts)
        self.answers = []


@pytest.fixture
def app(phone: Phone) -> App:
    return App(phone)


def test_both_permissions_are_asked_for_in_one_request(app: App) -> None:
    """Nothing before `prepare`; then both dialogs, one after the other."""
    app.phone.person_grants()
    assert app.source.capabilities().needs == ("READ_PHONE_STATE", "READ_CALL_LOG")
    assert list(app.source.asks) == ["READ_PHONE_STATE", "READ_CALL_LOG"]
    assert app.phone.requests() == 0
    assert app.prepare() == [ALL]
    assert app.phone.requests() == 1
    assert not app.source.asks
    assert app.phone.dialogs() == list(BOTH)
    can = app.source.capabilities()
    assert (can.number_live, can.ring_time, can.history, can.zero_touch) == (True,) * 4


def test_what_is_held_already_is_not_asked_for(app: App) -> None:
    """One of two is asked for alone, none of two not at all."""
    app.phone.grant(READ_PHONE_STATE)
    app.phone.person_grants()
    assert list(app.source.asks) == ["READ_CALL_LOG"]
    assert app.prepare() == [ALL]
    assert app.phone.dialogs() == [READ_CALL_LOG]
    app.new_source()
    assert app.prepare() == [ALL]
    assert app.phone.requests() == 1


def test_a_refusal_is_final_until_the_app_starts_anew(app: App) -> None:
    """Neither the same source asks again nor the next one; an app that was started anew may."""
    assert app.prepare() == [NOTHING]
    assert not app.source.asks
    app.answers.clear()
    assert app.prepare() == [NOTHING]
    app.new_source()
    assert app.prepare() == [NOTHING]
    assert app.phone.requests() == 1
    assert not app.source.settings_needed
    anew = App(app.phone)
    assert anew.prepare() == [NOTHING]
    assert app.phone.requests() == 2


def test_a_permanent_refusal_leads_to_the_settings(app: App) -> None:
    """After the second refusal Android asks nobody any more; the settings page is offered, not opened."""
    app.prepare()
    anew = App(app.phone)
    anew.prepare()
    assert sorted(anew.source.settings_needed) == ["READ_CALL_LOG", "READ_PHONE_STATE"]
    assert "only the phone's settings" in anew.source.describe()
    assert app.phone.screens.startedCount() == 0
    assert anew.source.open_settings()
    intent: Any = app.phone.screens.started(0)
    assert intent.getAction() == "android.settings.APPLICATION_DETAILS_SETTINGS"
    assert intent.getData().toString() == "package:org.example.app"
    app.phone.grant()
    assert not anew.source.settings_needed
    assert anew.prepare()[-1] == ALL


def test_a_phone_without_a_settings_page_says_so(app: App) -> None:
    """Instead of failing."""
    app.phone.screens.setMissing(True)
    assert not app.source.open_settings()


@pytest.mark.parametrize("grants", [True, False])
def test_an_answer_before_the_request_returns_is_not_lost(app: App, grants: bool) -> None:
    """Granted is seen at once. That nothing was granted is known when no dialog has shown up."""
    app.phone.answers("at once")
    if grants:
        app.phone.person_grants()
    app.prepare()
    assert app.answers == ([ALL] if grants else [])
    app.clock.sleep(NO_DIALOG_S)
    assert app.answers == [ALL if grants else NOTHING]
    app.clock.sleep(2 * LONGEST_S)
    assert len(app.answers) == 1


def test_an_interrupted_request_is_no_refusal(app: App) -> None:
    """Empty lists come back, nothing is granted, and the next `prepare` may ask."""
    app.phone.answers("interrupted")
    assert app.prepare() == [NOTHING]
    app.phone.answers("later")
    app.phone.person_grants()
    app.new_source()
    assert app.prepare() == [ALL]


def test_dialogs_that_nobody_answers_end_by_the_clock(app: App) -> None:
    """And what the person grants afterwards still counts, without another request."""
    app.phone.answers("never")
    app.phone.person_grants()
    assert app.prepare() == []
    app.clock.sleep(NO_DIALOG_S + 1)
    assert app.answers == [], "the dialog is open, so there is something to wait for"
    app.clock.sleep(LONGEST_S)
    assert app.answers == [NOTHING]
    app.phone.permissions.answerWaiting()
    app.phone.settle()
    assert app.answers == [NOTHING]
    assert app.source.capabilities().number_live
    app.new_source()
    assert app.prepare() == [ALL]
    assert app.phone.requests() == 1


def test_a_second_prepare_waits_for_the_same_dialogs(app: App) -> None:
    """One request; both get the answer."""
    app.phone.answers("never")
    app.phone.person_grants()
    app.prepare()
    app.prepare()
    app.phone.permissions.answerWaiting()
    app.phone.settle()
    assert app.answers == [ALL, ALL]
    assert app.phone.requests() == 1


def test_the_apps_own_requests_are_left_alone(app: App) -> None:
    """Our asking takes nothing away from a callback of the app."""
    app.phone.person_grants()
    own: list[object] = []
    app.prepare()
    app.phone.answers("never")
    request_permissions(["android.permission.INTERNET"], lambda *_: own.append(1))
    app.phone.permissions.answerWaiting()
    app.phone.settle()
    assert own == [1]
    assert app.answers == [ALL]


def test_the_log_alone_finds_calls_afterwards(app: App) -> None:
    """The person grants the log only: no live number, no ring time, but a history."""
    app.phone.person_grants(READ_CALL_LOG)
    assert app.prepare() == [Ready(usable=True, missing=("READ_PHONE_STATE",))]
    can = app.source.capabilities()
    assert (can.number_live, can.ring_time, can.history, can.zero_touch) == (False, False, True, True)


def test_the_state_alone_names_no_caller_since_android_9(app: App) -> None:
    """Useless then, and all there is to ask for before."""
    app.phone.person_grants(READ_PHONE_STATE)
    assert app.prepare() == [Ready(usable=False, missing=("READ_CALL_LOG",))]
    assert not app.source.capabilities().zero_touch
    app.phone.java.setSdk(27)
    older = App(app.phone)
    assert older.source.capabilities().number_live
    assert older.source.capabilities().ring_time


def test_a_build_without_the_call_log_asks_for_nothing(app: App) -> None:
    """READ_PHONE_STATE alone would only frighten; the way is the typed digits."""
    app.phone.permissions.undeclare(READ_CALL_LOG)
    assert app.prepare() == [Ready(usable=False, missing=("READ_CALL_LOG",))]
    assert app.phone.requests() == 0
    assert app.source.capabilities().needs == ()
    assert "not in the app's manifest" in app.source.describe()


def test_a_device_that_cannot_be_called_asks_for_nothing(app: App) -> None:
    """A tablet."""
    app.phone.java.setFeature("android.hardware.telephony", False)
    tablet = App(app.phone)
    tablet.phone.grant()
    assert tablet.prepare() == [Ready(usable=False, missing=("telephony",))]
    assert not [way for way in tablet.source.ways() if way.taken]
    assert tablet.source.ways()[-1].note == "all that is left on this phone"
