"""How the app is started: with options on a desk, without on a phone. Exit code 2: it could not start."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ringproof_demo.phone import Phone
from ringproof_demo.settings import APPEARANCES, Settings, fault_in, tidied
from ringproof_demo.words import APP_LOCALES, app_words

PROBLEM = 2
ON_A_PHONE = hasattr(sys, "getandroidapilevel")

# Kivy reads these when it is imported. It must leave our options alone and say only what went wrong.
KIVY = {"KIVY_NO_ARGS": "1", "KIVY_NO_FILELOG": "1", "KIVY_LOG_MODE": "PYTHON"}


def parser() -> argparse.ArgumentParser:
    """The options on a desk."""
    options = argparse.ArgumentParser(
        prog="python -m ringproof_demo",
        description="Verify a phone number with a Ringproof server, in the app that also runs on phones.",
    )
    options.add_argument(
        "--server", metavar="URL", help="the server's address, such as http://127.0.0.1:8000"
    )
    options.add_argument("--key", metavar="KEY", help="its publishable key, rp_pk_…")
    options.add_argument(
        "--simulated", action="store_true", help="show a simulated phone beside the app; for demo servers"
    )
    options.add_argument("--language", choices=APP_LOCALES, help="instead of the computer's")
    options.add_argument("--appearance", choices=APPEARANCES, help="instead of the computer's")
    return options


def main(arguments: Sequence[str]) -> int:
    """Run the app until it is closed; the answer is the exit code."""
    options = parser().parse_args(arguments)
    fault = _fault(options)
    if fault is not None:
        return _refuse(fault)
    if find_spec("kivy") is None:
        return _refuse("Kivy is missing; install it with: pip install 'kivy[base]'")
    if not ON_A_PHONE and not _has_display(os.environ):  # noqa: TID251 - where a desk names its display
        return _refuse("there is no display to open a window on; set DISPLAY or WAYLAND_DISPLAY")
    for name, value in KIVY.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - Kivy can be told these things in no other way
    _calm_kivy()
    from ringproof_demo.app import run  # noqa: PLC0415 - after Kivy's environment is set

    return run(_phone(options), _given(options), folder=_folder(), simulated=bool(options.simulated))


def _fault(options: argparse.Namespace) -> str | None:
    """What is wrong with the options, in a line."""
    if bool(options.server) != bool(options.key):
        missing = "--key" if options.server else "--server"
        return f"{missing} is missing: --server and --key belong together"
    if options.server:
        fault = fault_in(_pair(options))
        if fault is not None:
            return f"--{fault.field}: {app_words(['en']).app(fault.sentence)}"
    return None


def _pair(options: argparse.Namespace) -> Settings:
    return tidied(Settings(options.server or "", options.key or ""))


def _given(options: argparse.Namespace) -> Callable[[Settings], Settings]:
    """Puts what was given over what is remembered."""
    pair = _pair(options)
    changes = {
        "server": pair.server,
        "key": pair.key,
        "language": options.language,
        "appearance": options.appearance,
    }
    given: dict[str, Any] = {name: value for name, value in changes.items() if value}
    return lambda stored: replace(stored, **given)


def _calm_kivy() -> None:
    """Only errors are worth a line, and a missing program for the middle mouse button is none."""
    log = logging.getLogger("kivy")
    log.setLevel(logging.ERROR)
    log.addFilter(lambda record: not record.getMessage().startswith("Cutbuffer:"))


def _has_display(environment: Mapping[str, str]) -> bool:
    """Without one, Kivy would draw where nobody looks. Other systems than Linux always have one."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    return sys.platform != "linux" or any(environment.get(name) for name in names)


def _refuse(reason: str) -> int:
    print(f"ringproof_demo: {reason}", file=sys.stderr)  # noqa: T201 - there is no screen yet
    return PROBLEM


def _phone(options: argparse.Namespace) -> Phone:
    if ON_A_PHONE:
        from ringproof_demo.phone.android import AndroidPhone  # noqa: PLC0415 - it needs Android's Java

        return AndroidPhone()
    from ringproof_demo.phone.appearance import desk_is_dark  # noqa: PLC0415 - never loaded on a phone
    from ringproof_demo.phone.desk import Desk, SimulatedPhone  # noqa: PLC0415 - the same

    languages = desk_languages(os.environ)  # noqa: TID251 - where a desk says its language
    kind = SimulatedPhone if options.simulated else Desk
    return kind(languages, dark=desk_is_dark())


def desk_languages(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The language tags of a desk's environment, in gettext's order: `LANGUAGE`, `LC_ALL`, …, `LANG`."""
    listed = [*environment.get("LANGUAGE", "").split(":")]
    listed += [environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    tags = (entry.partition(".")[0].partition("@")[0].replace("_", "-") for entry in listed)
    return tuple(dict.fromkeys(tag for tag in tags if tag and tag not in {"C", "POSIX"}))


def _folder() -> Path | None:
    """Where a desk keeps the settings of programs; None on a phone, where Kivy knows it."""
    if ON_A_PHONE:
        return None
    kept = os.environ.get("XDG_CONFIG_HOME", "")  # noqa: TID251 - the desktop's own rule
    return (Path(kept) if kept else Path.home() / ".config") / "ringproof-demo"
