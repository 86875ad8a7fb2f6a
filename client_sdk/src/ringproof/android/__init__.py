"""The phone's half of Ringproof for Android apps (Kivy with python-for-android, Android 8 and later).

    from ringproof import ManualCallSource, Ringproof
    from ringproof.android import AndroidCallSource

    phone = AndroidCallSource()
    digits = ManualCallSource()
    run = Ringproof("https://verify.example", "rp_pk_…").begin(number, [phone, digits])

Only an app on a phone can use it: it needs pyjnius and the build's `android` package. Nothing else of the SDK
imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringproof.android._hint import suggest_number
    from ringproof.android._messages import AndroidCodes, sms_app_hash
    from ringproof.android._screening import ScreeningFeed
    from ringproof.android._source import AndroidCallSource

__all__ = [
    "AndroidCallSource",
    "AndroidCodes",
    "ScreeningFeed",
    "is_android",
    "sms_app_hash",
    "suggest_number",
]

_LATER = {
    "AndroidCallSource": "_source",
    "AndroidCodes": "_messages",
    "ScreeningFeed": "_screening",
    "sms_app_hash": "_messages",
    "suggest_number": "_hint",
}


def is_android() -> bool:
    """Whether this Python runs on Android, so that the sources of this package can be built."""
    import sys

    return hasattr(sys, "getandroidapilevel")


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'ringproof.android' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"ringproof.android.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__]
