"""The app says that it notices the call by itself only where it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringproof.calls import ringing_once
from ringproof.testing import FakeServer
from ringproof_demo.view import CallView, DoneView
from tests.mobile_demo.stage import CALLER, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.phone.script = ringing_once(CALLER)
    return stage


@pytest.mark.parametrize(("revealed", "hears"), [(5, True), (1, False)])
def test_where_the_server_names_no_call_the_person_is_asked_to_type(
    stage: Stage, revealed: int, hears: bool
) -> None:
    """A server that says only `+` of the number has said nothing, and no call is reported."""
    stage.server = FakeServer(stage.clock, revealed=revealed)
    stage.once(CallView, lambda _: stage.presenter.submit_digits(CALLER[-4:]), after=20)
    stage.verify()
    called = [view for view in stage.all(CallView) if view.phase == "calling"]
    assert {view.hears for view in called} == {hears}
    assert isinstance(stage.view, DoneView)
    (asked,) = stage.server.calls_to("POST", "/confirm")
    assert ("caller_id" in asked.body["evidence"]) is hears
