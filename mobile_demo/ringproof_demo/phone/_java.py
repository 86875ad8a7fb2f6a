"""The app's own questions to Android's Java, beside the SDK's. Only this module imports jnius."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from jnius import JavaException, autoclass

_NIGHT_MASK, _NIGHT = 0x30, 0x20
"""Configuration.UI_MODE_NIGHT_MASK and UI_MODE_NIGHT_YES."""
_ANDROID_11 = 30

Answer = TypeVar("Answer")


def _or(default: Answer, ask: Callable[[], Answer]) -> Answer:
    """What Android says; the default where this phone cannot say it."""
    try:
        return ask()
    except (JavaException, AttributeError):
        return default


def _activity() -> Any:
    return autoclass("org.kivy.android.PythonActivity").mActivity


def _telephony() -> Any:
    return _activity().getSystemService("phone")


def _api() -> int:
    return int(autoclass("android.os.Build$VERSION").SDK_INT)


def languages() -> tuple[str, ...]:
    """The preferred language tags, the most wanted first."""

    def ask() -> tuple[str, ...]:
        listed = autoclass("android.os.LocaleList").getDefault()
        return tuple(str(listed.get(index).toLanguageTag()) for index in range(min(listed.size(), 10)))

    return _or((), ask)


def country() -> str | None:
    """The ISO code of the SIM's country, else of the network's. Needs no permission."""

    def ask() -> str | None:
        phone = _telephony()
        return phone.getSimCountryIso() or phone.getNetworkCountryIso() or None

    return _or(None, ask)


def lines() -> int:
    """How many SIM cards the phone can be called on at once. Needs no permission."""

    def ask() -> int:
        phone = _telephony()
        return int(phone.getActiveModemCount() if _api() >= _ANDROID_11 else phone.getPhoneCount())

    return _or(1, ask)


def dark() -> bool:
    """Whether the phone is in its dark appearance now."""

    def ask() -> bool:
        mode = int(_activity().getResources().getConfiguration().uiMode)
        return mode & _NIGHT_MASK == _NIGHT

    return _or(False, ask)


def insets() -> tuple[float, float, float, float]:
    """Pixels at left, top, right and bottom under bars and cut-outs: since Android 15 apps draw there too."""

    def ask() -> tuple[float, float, float, float]:
        found = _activity().getWindow().getDecorView().getRootWindowInsets()
        if found is None:
            return (0.0, 0.0, 0.0, 0.0)
        if _api() < _ANDROID_11:
            return (
                float(found.getSystemWindowInsetLeft()),
                float(found.getSystemWindowInsetTop()),
                float(found.getSystemWindowInsetRight()),
                float(found.getSystemWindowInsetBottom()),
            )
        kinds = autoclass("android.view.WindowInsets$Type")
        sides = found.getInsets(kinds.systemBars() | kinds.displayCutout())
        return (float(sides.left), float(sides.top), float(sides.right), float(sides.bottom))

    return _or((0.0, 0.0, 0.0, 0.0), ask)
