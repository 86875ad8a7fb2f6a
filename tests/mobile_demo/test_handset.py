"""The simulated phone beside the app: what it shows of a demo server's handset, and what it tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ringproof.testing import FakeClock
from ringproof_demo.handset import BEHAVIOURS, MOST_EVENTS, Handset, fetch
from ringproof_demo.phone.desk import OWN_NUMBER, SimulatedPhone
from ringproof_demo.view import HandsetView
from ringproof_demo.words import app_words

SERVER = "http://127.0.0.1:8000"
OTHER = "+447700900456"


class Panel:
    """The panel's presenter on a network that answers from a list. `told` are the requests with a body."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.phone = SimulatedPhone(["en"])
        self.number: str | None = None
        self.events: list[dict[str, Any]] = []
        self.status = 200
        self.down = False
        self.asked: list[str] = []
        self.told: list[tuple[str, Mapping[str, object]]] = []
        self.seen: list[HandsetView] = []
        self.handset = Handset(
            lambda: SERVER,
            self.phone,
            number=lambda: self.number,
            words=lambda: app_words(["en"]),
            post=self.seen.append,
            clock=self.clock,
            fetch=self._answer,
        )
        self.handset.start()

    def _answer(self, url: str, body: Mapping[str, object] | None) -> tuple[int, Mapping[str, Any]]:
        if self.down:
            raise OSError("gone")
        if body is not None:
            self.told.append((url, body))
            return self.status, {}
        self.asked.append(url)
        after = int(url.rpartition("=")[2])
        return self.status, {"events": [event for event in self.events if event["seq"] > after]}

    def call(self, seq: int, state: str, **facts: object) -> None:
        self.events.append({"seq": seq, "kind": "call", "call": "c1", "state": state, **facts})

    @property
    def view(self) -> HandsetView:
        self.clock.sleep(1)
        return self.handset.picture()


@pytest.fixture(name="panel")
def _panel() -> Panel:
    return Panel()


def test_a_call_rings_and_is_told_as_one_thing_when_it_is_over(panel: Panel) -> None:
    panel.call(1, "ringing", caller_id="+442079460018")
    view = panel.view
    assert view.ringing
    assert [(event.tone, event.title) for event in view.events] == [("incoming", "Call from +44 2079 460018")]
    panel.call(2, "ended", caller_id="+442079460018", ring_ms=5120, answered=False)
    view = panel.view
    assert not view.ringing
    assert [(event.tone, event.text) for event in view.events] == [("note", "It rang for 5.1 s")]


def test_a_hidden_number_an_answer_and_a_message_are_told(panel: Panel) -> None:
    panel.call(1, "ended", caller_id=None, ring_ms=None, answered=True, heard="Your number is confirmed.")
    panel.events.append({"seq": 2, "kind": "message", "channel": "sms", "text": "123456 is your code."})
    events = panel.view.events
    assert [event.title for event in events] == ["Text message", "Call without a number"]
    assert [event.text for event in events] == ["123456 is your code.", "Answered: Your number is confirmed."]
    assert "123456" not in repr(events)


def test_only_what_is_new_is_asked_for_and_only_news_is_shown(panel: Panel) -> None:
    panel.call(7, "ended", caller_id="+442079460018", ring_ms=1)
    assert panel.view
    assert panel.asked[-1].endswith("after=7")
    shown = len(panel.seen)
    assert panel.view
    assert len(panel.seen) == shown


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_button_tells_the_server_how_the_phone_acts(panel: Panel, behaviour: str) -> None:
    panel.handset.behave(behaviour)
    url = f"{SERVER}/handset/%2B{OWN_NUMBER[1:]}/behaviour"
    assert panel.told == [(url, {"behaviour": behaviour})]
    assert panel.seen[-1].behaviour == behaviour


def test_another_number_is_another_phone_that_acts_the_same(panel: Panel) -> None:
    panel.call(1, "ended", caller_id="+442079460018", ring_ms=1)
    panel.handset.behave("busy")
    assert panel.view.events
    panel.events.clear()
    panel.number = OTHER
    view = panel.view
    assert (view.number, view.behaviour, view.events) == ("+44 7700 900456", "busy", ())
    assert panel.told[-1] == (f"{SERVER}/handset/%2B{OTHER[1:]}/behaviour", {"behaviour": "busy"})


def test_keys_are_pressed_without_what_is_no_key(panel: Panel) -> None:
    panel.handset.press(" 12-a3#")
    panel.handset.press("abc")
    assert [body for _, body in panel.told] == [{"digits": "123#"}]


def test_permission_and_reading_of_messages_are_the_phones(panel: Panel) -> None:
    assert type(panel.phone.calls(SERVER, OWN_NUMBER, screening=False)).__name__ == "SimulatedCallSource"
    panel.handset.permit(False)
    panel.handset.fill(False)
    view = panel.seen[-1]
    assert (view.permitted, view.fills_codes) == (False, False)
    assert type(panel.phone.calls(SERVER, OWN_NUMBER, screening=False)).__name__ == "ScriptedCallSource"
    assert panel.phone.codes(SERVER, OWN_NUMBER) is None


def test_a_number_without_a_phone_and_a_dead_server_are_said_and_taken_back(panel: Panel) -> None:
    panel.status = 404
    assert "+44 7700 900123" in (panel.view.fault or "")
    panel.down = True
    assert "cannot be reached" in (panel.view.fault or "")
    panel.down, panel.status = False, 200
    assert panel.view.fault is None


def test_the_list_of_events_does_not_grow_without_end(panel: Panel) -> None:
    panel.events = [{"seq": seq, "kind": "message", "text": "x"} for seq in range(1, MOST_EVENTS + 20)]
    assert len(panel.view.events) == MOST_EVENTS


@pytest.mark.parametrize("odd", [{"events": "none"}, {"events": [1, {"seq": "1"}, {"kind": "call"}]}, {}])
def test_an_answer_that_makes_no_sense_changes_nothing(panel: Panel, odd: dict[str, Any]) -> None:
    panel.handset._fetch = lambda *_: (200, odd)
    assert panel.view.events == ()


def test_it_looks_no_more_when_it_was_stopped(panel: Panel) -> None:
    assert panel.view
    panel.handset.stop()
    asked = len(panel.asked)
    panel.clock.sleep(10)
    assert len(panel.asked) == asked


def test_only_addresses_of_servers_are_opened() -> None:
    with pytest.raises(OSError, match="no address"):
        fetch("file:///etc/hostname", None)
