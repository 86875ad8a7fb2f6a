"""Rows of any call log become calls, or nothing; never an exception, never somebody's outgoing call."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ringproof._match import is_withheld
from ringproof.android._call_log import INCOMING_TYPES, MOST_CALLS, CallLogReader, LogRow

NUMBERS = st.one_of(
    st.none(), st.text(max_size=80), st.sampled_from(["", "-1", "-2", "+442079460018", "private"])
)
ROWS = st.lists(
    st.builds(
        LogRow,
        row=st.integers(0, 500),
        number=NUMBERS,
        presentation=st.one_of(st.none(), st.integers(-1, 7)),
        type=st.integers(-1, 9),
        began_ms=st.integers(0, 100_000),
        talk_s=st.integers(-1, 100),
        written_ms=st.one_of(st.none(), st.integers(-1, 200_000)),
    ),
    max_size=120,
)


@given(rows=ROWS, since=st.integers(-1, 120_000))
def test_any_log_is_read_within_the_promises(rows: list[LogRow], since: int) -> None:
    """Incoming, from that moment on, each `_ID` once, oldest first, bounded, with a number or withheld."""
    calls = CallLogReader(lambda _since, most: rows[:most]).calls(since)
    assert len(calls) <= MOST_CALLS
    assert [call.wall_ms for call in calls] == sorted(call.wall_ms for call in calls)
    assert len({call.row for call in calls}) == len(calls)
    incoming = {str(row.row) for row in rows if row.type in INCOMING_TYPES and row.began_ms >= since}
    assert {call.row for call in calls} <= incoming
    for call in calls:
        assert call.wall_ms >= since
        assert call.withheld == (call.number is None)
        assert call.number is None or (not is_withheld(call.number) and len(call.number) <= 65)
        assert call.ring_ms is None or 0 <= call.ring_ms <= 30_000


@given(rows=ROWS, since=st.integers(-1, 120_000))
def test_the_same_question_gets_the_same_answer(rows: list[LogRow], since: int) -> None:
    """The reader moves no mark and forgets nothing, because it remembers nothing."""
    reader = CallLogReader(lambda _since, most: rows[:most])
    assert reader.calls(since) == reader.calls(since)


def test_a_log_that_cannot_be_read_is_empty() -> None:
    assert CallLogReader(lambda _since, _most: None).calls(0) == []
