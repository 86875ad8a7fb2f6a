"""Virtual handsets over HTTP."""

from __future__ import annotations

import pytest

from tests.server.http.conftest import Door, MakeDoor
from tests.support.world import NUMBER

EVENTS = f"/handset/{NUMBER}/events"


def test_a_handset_tells_what_it_has_seen(door: Door) -> None:
    """A call is two events with one `call`; `after` leaves out what was read before."""
    door.start()
    door.world.pass_time(20)
    events = door.client.get(EVENTS).get_json()["events"]
    ringing, ended = events[0], events[1]
    assert ringing.keys() == {
        "kind",
        "seq",
        "call",
        "state",
        "caller_id",
        "ring_ms",
        "answered",
        "heard",
    }
    assert (ringing["kind"], ringing["state"], ended["state"]) == ("call", "ringing", "ended")
    assert ringing["call"] == ended["call"]
    assert ended["ring_ms"] > 0
    later = door.client.get(EVENTS, query_string={"after": ringing["seq"]}).get_json()["events"]
    assert later == events[1:]


def test_a_message_is_an_event(door: Door) -> None:
    door.start(channels=["sms"])
    door.world.pass_time(5)
    (event,) = door.client.get(EVENTS).get_json()["events"]
    assert event.keys() == {"kind", "seq", "channel", "text"}
    assert (event["kind"], event["channel"]) == ("message", "sms")
    assert door.world.code_seen() in event["text"]


def test_its_behaviour_can_be_set(door: Door) -> None:
    response = door.client.post(
        f"/handset/{NUMBER}/behaviour", json={"behaviour": "withheld", "delay_ms": 100}
    )
    assert (response.status_code, response.get_json()) == (200, {})
    door.start()
    door.world.pass_time(20)
    assert door.client.get(EVENTS).get_json()["events"][0]["caller_id"] is None


@pytest.mark.parametrize(
    "body", [{}, {"behaviour": "dance"}, {"behaviour": "ring", "delay_ms": -1}, {"behaviour": "ring", "x": 1}]
)
def test_a_behaviour_that_does_not_exist_is_refused(common_door: Door, body: object) -> None:
    response = common_door.client.post(f"/handset/{NUMBER}/behaviour", json=body)
    assert response.status_code == 400
    assert response.get_json()["errors"]


@pytest.mark.parametrize("digits", ["", "a", "1" * 33, "1\n", "１"])
def test_only_keys_that_a_phone_has_can_be_pressed(common_door: Door, digits: str) -> None:
    response = common_door.client.post(f"/handset/{NUMBER}/keys", json={"digits": digits})
    assert response.status_code == 400


@pytest.mark.parametrize(
    "number", ["+447400123456", "447400123456", "+12025550199000", "0000000", "+44", "x"]
)
def test_real_numbers_have_no_handset(common_door: Door, number: str) -> None:
    """On no route, whatever is sent."""
    for method, path in (("GET", "events"), ("POST", "behaviour"), ("POST", "keys")):
        response = common_door.client.open(f"/handset/{number}/{path}", method=method, json={"digits": "1"})
        assert response.status_code == 404
        assert number not in response.text


def test_the_plus_sign_may_be_left_out(common_door: Door) -> None:
    assert common_door.client.get(f"/handset/{NUMBER[1:]}/events").status_code == 200


@pytest.mark.parametrize("after", ["", "-1", "1.0", "x", "9" * 17, "٣", "0&after=1"])
def test_after_is_a_whole_number(common_door: Door, after: str) -> None:
    response = common_door.client.get(f"{EVENTS}?after={after}")
    assert response.status_code == 400
    assert response.get_json()["errors"][0]["field"] == "after"


def test_where_they_are_not_enabled_there_is_nothing(make_door: MakeDoor) -> None:
    door = make_door(handsets=None)
    for method, path in (("GET", "events"), ("POST", "behaviour"), ("POST", "keys")):
        assert door.client.open(f"/handset/{NUMBER}/{path}", method=method, json={}).status_code == 404
