"""What Restcomm's lists say, in the forms that its versions give it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers import Reason
from ringproof_server.carriers.restcomm.records import CALL_ENDS, read_moment, read_record

CALL = {"sid": "CA1", "status": "completed", "to": "+447400123456", "from": "442079460018"}


@pytest.mark.parametrize(
    "text",
    [
        "Thu, 19 Nov 2015 07:21:24 -0500",
        "Thu, 19 Nov 2015 12:21:24 +0000",
        "2015-11-19T07:21:24.000-05:00",
        "2015-11-19T12:21:24Z",
        "Thu, 19 Nov 2015 12:21:24 Etc/UTC",
        "Thu, 19 Nov 2015 12:21:24 UTC",
        "Thu, 19 Nov 2015 07:21:24 America/New_York",
        "2015-11-19 12:21:24 Etc/UTC",
        "19 Nov 2015 12:21:24 GMT",
    ],
)
def test_every_form_of_a_moment_is_the_same_instant(text: str) -> None:
    """With an offset, or with the name of a zone in its place."""
    assert read_moment(text) == datetime(2015, 11, 19, 12, 21, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2015-11-19T07:21:24", "Thu, 19 Nov 2015 07:21:24", "Thu, 19 Nov 2015 07:21:24 Nowhere/City",
     "0001-01-01T00:00:00+14:00", "x" * 1000, None, 7, "19 Nov 2015 ../../etc"],
)  # fmt: skip
def test_what_names_no_instant_is_none(text: object) -> None:
    """A time without a zone may be anywhere, so it is not guessed."""
    assert read_moment(text) is None


@given(text=st.text(max_size=80) | st.none() | st.integers())
def test_no_text_breaks_the_reading_of_moments(text: object) -> None:
    """An instant in UTC, or none."""
    found = read_moment(text)
    assert found is None or found.tzinfo is UTC


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(["sid", "status", "to", "from", "date_created", "ring_duration", "error_code"])


@given(found=st.dictionaries(FIELDS, ANYTHING))
def test_no_object_breaks_the_reading_of_records(found: dict[str, object]) -> None:
    """Whatever JSON a server answers: a record, or none."""
    record = read_record(found)
    if record is not None:
        assert record.sid == found["sid"]
        assert record.ring_ms is None or 0 < record.ring_ms < 600_000
        assert record.call_end in {None, *CALL_ENDS.values()}


@pytest.mark.parametrize(
    ("seconds", "ring_ms"),
    [(5, 5000), ("5", 5000), (0, None), (None, None), (-1, None), (600, None), (True, None), ("٥", None)],
)  # fmt: skip
def test_the_ring_time_is_whole_seconds(seconds: object, ring_ms: int | None) -> None:
    """Nought stands there before anything has rung, too, so our own count is better then."""
    record = read_record({**CALL, "ring_duration": seconds})
    assert record is not None
    assert record.ring_ms == ring_ms


def test_parties_are_compared_without_a_plus() -> None:
    """Some lists leave it out."""
    record = read_record(CALL)
    assert record is not None
    assert (record.to, record.sender) == ("447400123456", "442079460018")
    assert "7400123456" not in repr(record)


@pytest.mark.parametrize("status", ["no-answer", "NO_ANSWER", " No-Answer "])
def test_states_are_read_as_code_and_documentation_write_them(status: str) -> None:
    """The code's own names have underscores and capitals."""
    record = read_record({**CALL, "status": status})
    assert record is not None
    assert record.call_end is Reason.NO_ANSWER


@pytest.mark.parametrize("status", ["queued", "ringing", "wait-for-answer", "in-progress", "moving"])
def test_a_call_that_is_under_way_has_no_end(status: str) -> None:
    """Also one in a state that we have never heard of."""
    record = read_record({**CALL, "status": status})
    assert record is not None
    assert record.call_end is None


@pytest.mark.parametrize("sid", ["", "CA 1", "CA/1", "a" * 129, None, 7])
def test_what_cannot_be_a_sid_makes_no_record(sid: object) -> None:
    """It would end up in a path."""
    assert read_record({**CALL, "sid": sid}) is None
