"""The stand-ins claim nothing that Android has not got: names, parameters, types and constant values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.android.jvm import STAND_INS, android_build, classes
from tests.android.signatures import Description, Member, compiled
from tests.support.npm import installed

PINS: Final = Path(__file__).parent / "types"
OLDEST: Final = 26
"""Android 8.0: what came later may be used only where the version is looked at."""

LATER: Final = {
    # The build's own module looks whether it is there.
    "android.app.Activity.registerActivityLifecycleCallbacks",
    "android.app.Activity.unregisterActivityLifecycleCallbacks",
    # The newer callbacks of the interface are never called on older versions.
    *(
        f"android.app.Application.ActivityLifecycleCallbacks.onActivity{moment}{event}"
        for moment in ("Pre", "Post")
        for event in ("Created", "Started", "Resumed", "Paused", "Stopped", "Destroyed", "SaveInstanceState")
    ),
    # Values that are compared with what came, or written out as numbers; the constants are never read.
    "android.provider.CallLog.Calls.PRESENTATION_UNAVAILABLE",
    "android.content.Context.RECEIVER_EXPORTED",
    "android.content.Context.RECEIVER_NOT_EXPORTED",
    # Only used from Android 11 on; before, what was deprecated then.
    "android.telephony.TelephonyManager.getActiveModemCount",
    "android.view.WindowInsets.getInsets",
    # Call screening begins with Android 10, and with it the roles.
    "android.telecom.Call.Details.getCallDirection",
    "android.telecom.Call.Details.DIRECTION_INCOMING",
    "android.telecom.Call.Details.DIRECTION_OUTGOING",
    "android.telecom.Call.Details.DIRECTION_UNKNOWN",
    "android.telecom.CallScreeningService.CallResponse.Builder.setSilenceCall",
    "android.telecom.CallScreeningService.CallResponse.getSilenceCall",
}
LATER_CLASSES: Final = {
    "android.app.role.RoleManager",
    # As `WindowInsets.getInsets`.
    "android.graphics.Insets",
    "android.view.WindowInsets.Type",
}
COMPUTED: Final = ("string", "number", "boolean")
"""What stands in the place of a value that is not a constant of Java."""
INVENTED: Final = {
    # A concrete class where Android has a hidden one, so that there is something to hand out.
    "android.app.PendingIntent.constructor",
    "android.content.IntentSender.constructor",
    "android.provider.Settings.constructor",
}


@pytest.fixture(scope="module")
def android() -> Description:
    folder = installed(PINS, "android_types") / "@nativescript/types-android/lib/android"
    return Description((folder / "android-platform-37.d.ts").read_text("utf-8"))


@pytest.fixture(scope="module")
def stand_ins() -> dict[str, list[Member]]:
    return compiled(classes(), "android")


def test_every_class_and_member_is_androids(android: Description, stand_ins: dict[str, list[Member]]) -> None:
    """The same name, parameters and type, static or not; constants have the same value."""
    assert len(stand_ins) > 30
    wrong, checked = [], 0
    for name, members in stand_ins.items():
        if name not in android:
            wrong.append(f"there is no class {name}")
            continue
        real = list(android.members(name))
        for member in members:
            if f"{name}.{member.name}" in INVENTED:
                continue
            checked += 1
            same = [each for each in real if each == member]
            if not same and not _is_default_constructor(member):
                known = [str(each) + f": {each.type}" for each in real if each.name == member.name]
                wrong.append(f"{name}.{member}: {member.type} is not there, but {known}")
            elif member.value is not None and same[0].value not in {member.value, *COMPUTED}:
                wrong.append(f"{name}.{member} is {same[0].value}, not {member.value}")
    print(f"{checked} members of {len(stand_ins)} classes")
    assert not wrong, "\n".join(wrong)
    assert checked > 150


def test_what_came_after_the_oldest_version_is_known(
    android: Description, stand_ins: dict[str, list[Member]]
) -> None:
    """Each member of a later version is listed with the reason why an old phone does not miss it."""
    later = set()
    for name, members in stand_ins.items():
        real = list(android.members(name))
        for member in members:
            levels = [each.since for each in real if each == member]
            if levels and min(levels) > OLDEST:
                later.add(f"{name}.{member.name}")
    assert later - LATER == set()
    assert {name for name in stand_ins if name in android and android.since(name) > OLDEST} <= LATER_CLASSES


def _is_default_constructor(member: Member) -> bool:
    """Java adds one to every class without; nobody calls those of classes full of constants."""
    return member.name == "constructor" and member.parameters == ()


def test_the_activity_has_what_the_builds_own_has() -> None:
    """Methods and interfaces of the stand-in are in the source of python-for-android's PythonActivity."""
    real = (
        android_build() / "bootstraps/sdl2/build/src/main/java/org/kivy/android/PythonActivity.java"
    ).read_text("utf-8")
    own = (STAND_INS / "org/kivy/android/PythonActivity.java").read_text("utf-8")
    signature = re.compile(r"(?:public|protected)? ?(?:interface \w+|(?:void|boolean) \w+\([^)]*\))")
    flat_real, flat_own = (" ".join(text.split()).replace("( ", "(") for text in (real, own))
    signatures = {each.strip() for each in signature.findall(flat_own)}
    assert len(signatures) > 12
    assert not {each for each in signatures if each not in flat_real}
