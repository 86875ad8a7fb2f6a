"""The app's presenter on a phone of stand-ins: `AndroidPhone` and the SDK's own sources through real pyjnius.

Argument: what the person does with the permission dialog, `allows` or `refuses`; `screens`: the manifest has
no call log, the person has chosen call screening and gives the role; `blocks`: no dialog comes any more,
since the person has refused twice before; or `lives`: only what the phone says of itself is asked. To be run
by `tests.android.jvm.run_program`. The last line is what happened, as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from pathlib import Path

from android import permissions as build_permissions
from jnius import autoclass

from ringproof import Ringproof
from ringproof._system import SystemClock
from ringproof.testing import FakeServer
from ringproof_demo.phone.android import AndroidPhone
from ringproof_demo.presenter import Presenter
from ringproof_demo.settings import Settings, SettingsFile
from ringproof_demo.view import CallView, ConsentView, DoneView, Shown
from tests.android.phone import BOTH, READ_CALL_LOG, Phone

SECONDS = 60
ROLE = "android.app.role.CALL_SCREENING"


def main() -> None:
    allows, screens = sys.argv[1] in {"allows", "screens"}, sys.argv[1] == "screens"
    roles = autoclass("org.ringproof.standin.Roles")
    phone = Phone()
    phone.reset()
    if allows:
        phone.person_grants()
    if screens:
        roles.know(ROLE)
        phone.permissions.undeclare(READ_CALL_LOG)
    server = FakeServer(SystemClock())
    caller = server.caller_ids[0]
    if sys.argv[1] == "lives":
        print(json.dumps({"device": _device(), "crashes": phone.crashes(), "receivers": phone.receivers()}))
        sys.stdout.flush()
        return
    if sys.argv[1] == "blocks":
        for _ in range(2):
            build_permissions.request_permissions(list(BOTH), lambda *_: None)
            phone.settle()
    device = AndroidPhone()
    file = SettingsFile(Path(tempfile.mkdtemp()) / "settings.json")
    file.save(Settings("https://verify.example", "rp_pk_test", screening=screens))
    over = threading.Event()
    shown: list[Shown] = []

    def ring() -> None:
        autoclass("org.ringproof.standin.Telecom").incoming(caller)
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
    asks_before = device.noticing(screening=screens).asks
    presenter.open()
    presenter.type_number("+447700900123")
    presenter.submit_number()
    presenter.start(permitted=True)
    if screens:
        phone.wait_for(lambda: int(phone.screens.startedCount()) > 0, "nobody asked for the role")
        roles.give(ROLE)
        phone.screens.answer(phone.screens.startedCode(0), -1, None)
    proved = over.wait(SECONDS)
    seen = {
        **_seen(shown, server, phone),
        "offers": device.offers_screening,
        "asks_before": asks_before,
        "asks_after": device.noticing(screening=screens).asks,
        "proved": proved,
    }
    if sys.argv[1] == "blocks":
        seen["settings"] = _through_settings(phone, presenter)
    print(json.dumps(seen))
    sys.stdout.flush()


def _seen(shown: list[Shown], server: FakeServer, phone: Phone) -> dict[str, object]:
    consent = next(each.view for each in shown if isinstance(each.view, ConsentView))
    return {
        "disclosed": len(consent.points),
        "read": consent.points[0][1],
        "phases": list(dict.fromkeys(each.view.phase for each in shown if isinstance(each.view, CallView))),
        "evidence": [sorted(seen.body["evidence"]) for seen in server.calls_to("POST", "/confirm")],
        "basis": [seen.body["evidence"].get("basis") for seen in server.calls_to("POST", "/confirm")],
        "screens": int(phone.screens.startedCount()),
        "dialogs": phone.dialogs(),
        "crashes": phone.crashes(),
        "receivers": phone.receivers(),
    }


def _through_settings(phone: Phone, presenter: Presenter) -> list[object]:
    """The next number: what is offered, what it opens, and the screen after it was allowed there."""

    def consent() -> list[object]:
        view = presenter.shown.view
        assert isinstance(view, ConsentView)
        return [view.in_settings, len(view.points), view.asks_next]

    presenter.another_number()
    presenter.type_number("+447700900124")
    presenter.submit_number()
    before = consent()
    presenter.open_phone_settings()
    opened = str(phone.screens.started(0).getAction())
    phone.grant()
    presenter.wake()
    return [before, opened, consent()]


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
