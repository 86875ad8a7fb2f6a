"""The stand-ins behave as Android is documented to, or everything that is tested on them means little."""

from __future__ import annotations

from typing import Any

import jnius
import pytest
from android.activity import bind, unbind
from android.broadcast import BroadcastReceiver
from android.permissions import check_permission, request_permissions
from android.runnable import run_on_ui_thread

from tests.android.phone import BOTH, READ_CALL_LOG, READ_PHONE_STATE, Phone

PHONE_STATE = "android.intent.action.PHONE_STATE"
CALLER = "+442079460018"


def test_the_builds_own_receiver_hears_every_state_twice(phone: Phone) -> None:
    """With both permissions there are two copies of each change, one of them with the number."""
    phone.grant()
    heard: list[tuple[str, str | None]] = []

    def hear(_context: Any, intent: Any) -> None:
        heard.append((intent.getStringExtra("state"), intent.getStringExtra("incoming_number")))

    receiver = BroadcastReceiver(hear, actions=[PHONE_STATE])
    receiver.start()
    phone.change("RINGING", CALLER)
    phone.change("IDLE", CALLER)
    receiver.stop()
    assert heard == [("RINGING", None), ("RINGING", CALLER), ("IDLE", None), ("IDLE", CALLER)]


@pytest.mark.parametrize(("version", "copies"), [(35, 1), (28, 1), (27, 2)])
def test_the_number_needs_the_call_log_from_android_9_on(phone: Phone, version: int, copies: int) -> None:
    """Before that READ_PHONE_STATE is enough."""
    phone.java.setSdk(version)
    phone.grant(READ_PHONE_STATE)
    heard: list[bool] = []
    receiver = BroadcastReceiver(
        lambda _, intent: heard.append(intent.hasExtra("incoming_number")), [PHONE_STATE]
    )
    receiver.start()
    phone.change("RINGING", CALLER)
    receiver.stop()
    assert heard == [False, True][:copies]


def test_a_receiver_for_other_apps_must_say_who_may_send(phone: Phone) -> None:
    """From API level 34 on, which the build's own receiver cannot do."""
    receiver = BroadcastReceiver(lambda *_: None, actions=["com.example.NEWS"])
    with pytest.raises(jnius.JavaException, match="RECEIVER_EXPORTED"):
        receiver.start()
    receiver.handlerthread.quitSafely()
    phone.java.setTarget(33)
    older = BroadcastReceiver(lambda *_: None, actions=["com.example.NEWS"])
    older.start()
    older.stop()


def test_the_dialogs_grant_what_the_person_grants(phone: Phone) -> None:
    """One permission of two."""
    phone.person_grants(READ_PHONE_STATE)
    phone.answers("never")
    answers: list[list[bool]] = []
    request_permissions(list(BOTH), lambda _, grants: answers.append(grants))
    # Not earlier: the build's module notes whom to tell only after it has asked.
    phone.permissions.answerWaiting()
    phone.settle()
    assert answers == [[True, False]]
    assert [check_permission(name) for name in BOTH] == [True, False]
    assert phone.dialogs() == list(BOTH)


def test_an_answer_at_once_is_lost_by_the_builds_own_module(phone: Phone) -> None:
    """Which is why nobody may rely on its callback."""
    phone.answers("at once")
    phone.person_grants()
    answers: list[object] = []
    request_permissions(list(BOTH), lambda *_: answers.append(1))
    phone.settle()
    assert answers == []
    assert check_permission(READ_CALL_LOG)


def test_whoever_refused_twice_is_not_shown_the_dialog_again(phone: Phone) -> None:
    """And only after the first refusal an explanation is wanted."""
    activity = jnius.autoclass("org.kivy.android.PythonActivity").mActivity
    explains = []
    for _ in range(3):
        explains.append(bool(activity.shouldShowRequestPermissionRationale(READ_CALL_LOG)))
        request_permissions([READ_CALL_LOG], lambda *_: None)
        phone.settle()
    assert explains == [False, True, False]
    assert phone.dialogs() == [READ_CALL_LOG] * 2


def test_the_call_log_is_closed_without_its_permission(phone: Phone) -> None:
    """A SecurityException, not an empty answer."""
    activity = jnius.autoclass("org.kivy.android.PythonActivity").mActivity
    uri = jnius.autoclass("android.provider.CallLog$Calls").CONTENT_URI
    with pytest.raises(jnius.JavaException, match="Permission Denial"):
        activity.getContentResolver().query(uri, None, None, None, None)


def test_a_limit_smuggled_into_the_order_is_refused(phone: Phone) -> None:
    """As Android 11 does."""
    phone.grant()
    activity = jnius.autoclass("org.kivy.android.PythonActivity").mActivity
    uri = jnius.autoclass("android.provider.CallLog$Calls").CONTENT_URI
    with pytest.raises(jnius.JavaException, match="LIMIT"):
        activity.getContentResolver().query(uri, None, None, None, "date DESC LIMIT 5")


def test_results_of_other_screens_and_the_main_thread_work_through_the_builds_modules(phone: Phone) -> None:
    """`android.activity` and `android.runnable` run unchanged."""
    results: list[tuple[int, int]] = []
    ran: list[int] = []
    run_on_ui_thread(ran.append)(7)

    def result(code: int, outcome: int, _data: object) -> None:
        results.append((code, outcome))

    bind(on_activity_result=result)
    phone.screens.answer(21, -1, None)
    phone.settle()
    unbind(on_activity_result=result)
    phone.screens.answer(22, -1, None)
    phone.settle()
    assert results == [(21, -1)]
    assert ran == [7]


def test_the_builds_own_receiver_cannot_be_started_again(phone: Phone) -> None:
    """The reason for having one of our own; should it ever work, that may go."""
    receiver = BroadcastReceiver(lambda *_: None, actions=[PHONE_STATE])
    receiver.start()
    receiver.stop()
    with pytest.raises(AttributeError):
        receiver.start()
