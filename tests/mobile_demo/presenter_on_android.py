"""The app's presenter on a phone of stand-ins: `AndroidPhone` and the SDK's own sources through real pyjnius.

Argument: what the person does with the permission dialog, `allows` or `refuses`, or `lives`: only what the
phone says of itself is asked. To be run by
`tests.android.jvm.run_program`. The last line is what happened, as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from pathlib import Path

from jnius import autoclass

from ringproof import Ringproof
from ringproof._system import SystemClock
from ringproof.testing import FakeServer
from ringproof_demo.phone.android import AndroidPhone
from ringproof_demo.presenter import Presenter
from ringproof_demo.settings import Settings, SettingsFile
from ringproof_demo.view import CallView, ConsentView, DoneView, Shown
from tests.android.phone import Phone

SECONDS = 60


def main() -> None:
    allows = sys.argv[1] == "allows"
    phone = Phone()
    phone.reset()
    if allows:
        phone.person_grants()
    server = FakeServer(SystemClock())
    caller = server.caller_ids[0]
    if sys.argv[1] == "lives":
        print(json.dumps({"device": _device(), "crashes": phone.crashes(), "receivers": phone.receivers()}))
        sys.stdout.flush()
        return
    device = AndroidPhone()
    file = SettingsFile(Path(tempfile.mkdtemp()) / "settings.json")
    file.save(Settings("https://verify.example", "rp_pk_test"))
    over = threading.Event()
    shown: list[Shown] = []

    def ring() -> None:
        phone.change("RINGING", caller)
        phone.move_clock(5_000)
        phone.change("IDLE", caller)

    def post(screen: Shown) -> None:
        shown.append(screen)
        if isinstance(screen.view, DoneView):
            over.set()
        if isinstance(screen.view, CallView) and not screen.view.hears and screen.view.can_check:
            threading.Timer(0.1, lambda: presenter.submit_digits(caller[-4:])).start()

    def connect(settings: Settings, language: str) -> Ringproof:
        return Ringproof(settings.server, settings.key, transport=server, language=language)

    server.on_start = ring
    presenter = Presenter(device, file, post, connect=connect)
    asks_before = device.asks_permission
    presenter.open()
    presenter.type_number("+447700900123")
    presenter.submit_number()
    presenter.start(permitted=True)
    proved = over.wait(SECONDS)
    print(json.dumps({**_seen(shown, server, phone, device), "asks_before": asks_before, "proved": proved}))
    sys.stdout.flush()


def _seen(shown: list[Shown], server: FakeServer, phone: Phone, device: AndroidPhone) -> dict[str, object]:
    consent = next(each.view for each in shown if isinstance(each.view, ConsentView))
    return {
        "asks_after": device.asks_permission,
        "disclosed": len(consent.points),
        "phases": list(dict.fromkeys(each.view.phase for each in shown if isinstance(each.view, CallView))),
        "evidence": [sorted(seen.body["evidence"]) for seen in server.calls_to("POST", "/confirm")],
        "dialogs": phone.dialogs(),
        "crashes": phone.crashes(),
        "receivers": phone.receivers(),
    }


def _told(device: AndroidPhone) -> list[object]:
    return [device.languages(), device.country(), device.two_sims, device.dark(), device.insets()]


def _device() -> list[list[object]]:
    """What the phone says of itself: at first nothing much, then everything, then on an older Android."""
    looks, build = autoclass("org.ringproof.standin.Looks"), autoclass("android.os.Build$VERSION")
    told = [_told(AndroidPhone())]
    looks.speak("de-AT", "fr")
    looks.subscribe("at", "de", 2)
    looks.darken(True)
    looks.cover(0, 84, 12, 48)
    told.append(_told(AndroidPhone()))
    looks.subscribe("", "de", 1)
    autoclass("org.ringproof.standin.Phone").setSdk(28)
    told.append([*_told(AndroidPhone()), build.SDK_INT])
    return told


if __name__ == "__main__":
    main()
