"""What Java calls: nothing may come out of it, and nothing of a call may get into the log."""

from __future__ import annotations

import pytest

from ringproof.android._bridge.guard import guarded

NUMBER = "+442079460018"


def test_a_failure_is_logged_by_its_kind_only(caplog: pytest.LogCaptureFixture) -> None:
    """Its words quote the number, as the words of exceptions do."""

    def fail(number: str) -> None:
        raise LookupError(f"{number} is nobody's")

    guarded(fail, NUMBER)
    assert caplog.messages == ["a callback failed: LookupError"]
    assert all(record.exc_info is None for record in caplog.records)
