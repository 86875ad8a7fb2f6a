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
    assert seen["asks_before"] == "permission"
    assert seen["asks_after"] is None
    assert seen["offers"] is False
    assert seen["screens"] == 0
    assert seen["disclosed"] == 4
    assert sorted(seen["dialogs"]) == [
        "android.permission.READ_CALL_LOG",
        "android.permission.READ_PHONE_STATE",
    ]
    assert seen["proved"] is True
    assert "caller_id" in seen["evidence"][0]
    assert seen["phases"][0] == "asking"


def test_a_refused_permission_leaves_the_digits() -> None:
    """And the next consent screen announces no dialog, because none would come."""
    seen = _on_android("refuses")
    assert (seen["asks_before"], seen["asks_after"]) == ("permission", None)
    assert seen["proved"] is True
    assert seen["evidence"] == [["channel", "last_digits"]]


def test_with_call_screening_a_build_without_the_call_log_needs_no_typing() -> None:
    """One dialog for the role, one for the ring time; the disclosure is of call screening alone."""
    seen = _on_android("screens")
    assert seen["offers"] is True
    assert (seen["asks_before"], seen["asks_after"]) == ("role", None)
    assert seen["screens"] == 1
    assert seen["dialogs"] == ["android.permission.READ_PHONE_STATE"]
    assert seen["read"].endswith("call screening. Not the list of calls.")
    assert seen["proved"] is True
    assert seen["basis"] == ["screening"]
    assert "caller_id" in seen["evidence"][0]


def test_a_permission_refused_for_good_leads_to_the_phones_settings_and_back_to_the_disclosure() -> None:
    seen = _on_android("blocks")
    assert seen["proved"] is True
    assert seen["screens"] == 0
    before, opened, after = seen["settings"]
    assert before == ["Allow in the phone’s settings", 0, None]
    assert opened == "android.settings.APPLICATION_DETAILS_SETTINGS"
    assert after == [None, 4, None]


def test_the_phone_says_what_the_app_begins_with() -> None:
    """Languages, SIM country, a second SIM, dark or light, and what bars cover; each has a default."""
    bare, whole, older = _on_android("lives")["device"]
    assert bare == [[], None, False, False, [0, 0, 0, 0]]
    assert whole == [["de-AT", "fr"], "at", True, True, [0, 84, 12, 48]]
    assert older == [["de-AT", "fr"], "de", False, True, [0, 84, 12, 48], 28]
