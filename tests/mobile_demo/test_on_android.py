"""The app's behaviour on Android's Java, as far as stand-ins go: no window, but the phone's own sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.android.jvm import run_program

PROGRAM = Path(__file__).with_name("presenter_on_android.py")


def _on_android(person: str) -> dict[str, Any]:
    outcome: dict[str, Any] = json.loads(run_program(PROGRAM, person).output.strip().splitlines()[-1])
    assert outcome["crashes"] == []
    assert outcome["receivers"] == 0
    return outcome


def test_a_granted_permission_is_asked_for_once_and_the_call_proves_the_number() -> None:
    seen = _on_android("allows")
    assert seen["asks_before"] is True
    assert seen["asks_after"] is False
    assert seen["disclosed"] == 4
    assert sorted(seen["dialogs"]) == [
        "android.permission.READ_CALL_LOG",
        "android.permission.READ_PHONE_STATE",
    ]
    assert seen["proved"] is True
    assert "caller_id" in seen["evidence"][0]
    assert seen["phases"][0] == "asking"


def test_a_refused_permission_leaves_the_digits() -> None:
    seen = _on_android("refuses")
    assert seen["proved"] is True
    assert seen["evidence"] == [["channel", "last_digits"]]


def test_the_phone_says_what_the_app_begins_with() -> None:
    """Languages, SIM country, a second SIM, dark or light, and what bars cover; each has a default."""
    bare, whole, older = _on_android("lives")["device"]
    assert bare == [[], None, False, False, [0, 0, 0, 0]]
    assert whole == [["de-AT", "fr"], "at", True, True, [0, 84, 12, 48]]
    assert older == [["de-AT", "fr"], "de", False, True, [0, 84, 12, 48], 28]
