"""What is done at the window. Each script is a generator: it yields what it waits for.

Run as a program by `tests.mobile_demo.window`, with a task as JSON for its argument. What happens is printed
as JSON, one value in a line. Exit code 1: something that the script waited for did not come.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from ringproof_demo.view import DoneView
from tests.mobile_demo.gallery import pictures
from tests.mobile_demo.ui_program import Operator, Script, say


def gallery(at: Operator) -> Script:
    """Every screen, without a server: what the presenter would show is shown, and measured."""
    yield at.frames(8)
    faults = []
    for name, shown in pictures(at.app.words, at.app.presenter.settings, at.app._clock.monotonic()):
        at.app._kind = None
        at.app._take(shown)
        yield at.frames(5)
        at.shot(name)
        faults += [f"{name}: {fault}" for fault in at.measure()]
        page = getattr(at.app._screen, "page", None)
        if page is not None and page.body.height > page._scroll.height + 2:
            page._scroll.scroll_y = 0
            yield at.frames(4)
            at.shot(f"{name}-end")
    say(faults=faults)


def flash(at: Operator) -> Script:
    """A call that is noticed by itself."""
    at.behave("ring")
    yield from at.to_consent()
    at.press("Allow and ring my phone")
    yield at.until("Your phone is ringing")
    yield at.frames()
    at.shot("ringing")
    yield at.until("Your number is confirmed")
    yield at.frames()
    at.shot("confirmed")
    say(facts=at.texts())


def hidden(at: Operator) -> Script:
    """A call without a number leads to a text message, whose code is typed."""
    at.behave("withheld")
    at.phone.fills_codes = False
    yield from at.to_consent()
    at.press("Allow and ring my phone")
    yield at.until("Enter your code")
    yield lambda: bool(at.seen("message"))
    yield at.frames()
    at.write(at.last_code())
    yield at.frames(2)
    at.shot("code-typed")
    at.key("enter")
    yield at.until("Your number is confirmed")
    say(facts=at.texts())


def denied(at: Operator) -> Script:
    """The permission is refused, and the digits are typed."""
    at.behave("ring")
    at.phone.permitted = False
    yield from at.to_consent()
    at.press("Allow and ring my phone")
    yield at.until("that is fine")
    yield at.frames()
    at.shot("denied")
    yield lambda: bool(at.last_call())
    yield at.frames()
    at.write(at.last_call())
    yield at.frames(2)
    at.key("enter")
    yield at.until("Your number is confirmed")
    say(facts=at.texts())


def down_then_up(at: Operator) -> Script:
    """Nothing answers at first, until the test starts the server."""
    yield at.until("Use the number of this phone")
    yield at.frames()
    at.press("Use the number of this phone")
    yield lambda: at.app.presenter.number is not None
    yield at.frames(3)
    at.press("Go on")
    yield at.until("Confirm without typing")
    yield at.frames(4)
    at.press("Allow and ring my phone")
    yield at.until("No connection")
    yield at.frames()
    at.shot("server-down")
    say(down=at.texts())
    yield lambda: Path(at.task["up"]).exists()
    at.press("Start again")
    yield at.until("Confirm without typing")
    yield at.frames(4)
    at.press("Allow and ring my phone")
    yield at.until("Your number is confirmed")
    say(facts=at.texts())


def paused(at: Operator) -> Script:
    """A call covers the app: nothing is drawn until the proof has been reported."""
    at.behave("ring")
    yield from at.to_consent()
    at.press("Allow and ring my phone")
    yield at.until("We are calling you")
    assert at.app.dispatch("on_pause")
    frames = at.clock.frames
    give_up = time.monotonic() + 40
    while not isinstance(at.app.presenter.shown.view, DoneView) and time.monotonic() < give_up:
        time.sleep(0.05)
    say(
        drawn=at.clock.frames - frames,
        proved=isinstance(at.app.presenter.shown.view, DoneView),
        on_screen=at.texts(),
    )
    at.app.dispatch("on_resume")
    yield at.until("Your number is confirmed")
    say(facts=at.texts())


def keys_only(at: Operator) -> Script:
    """From the number to the proof without a finger or a mouse."""
    at.behave("ring")
    yield at.until("Use the number of this phone")
    yield lambda: at.entry().focus
    at.write("7700900123")
    yield lambda: at.app.presenter.number is not None
    yield at.frames(3)
    say(shown=at.entry().text)
    at.key("enter")
    yield at.until("Confirm without typing")
    yield at.frames(4)
    names = []
    for _ in range(6):
        at.key("tab")
        yield at.frames(2)
        names += [widget.text for widget in at.widgets() if getattr(widget, "focus", False)]
        if names and names[-1] == "Go on without, I will type digits":
            break
    say(tabbed=names)
    at.key("spacebar")
    yield at.until("Type the last 4 digits")
    yield lambda: bool(at.last_call())
    yield lambda: at.entry().focus
    at.write(at.last_call())
    yield at.frames(2)
    at.key("enter")
    yield at.until("Your number is confirmed")
    at.key("enter")
    yield at.until("Use the number of this phone")
    say(facts=at.texts())


def settings(at: Operator) -> Script:
    """A wrong key is named, the right one is kept; the language and the appearance change at once."""
    yield at.until("Address of the server")
    yield at.frames()
    at.entry(0).text, at.entry(1).text = at.task["server"], "rp_pk_unknown"
    yield at.frames()
    at.press("Check and save")
    yield at.until("The server does not know this key")
    yield at.frames()
    at.shot("settings-key")
    at.entry(1).text = at.task["key"]
    yield at.frames()
    at.press("Check and save")
    yield at.until("Confirm your phone number")
    yield at.frames()
    at.press("Settings")
    yield at.until("Appearance")
    yield at.bring("Dunkel" if at.sees("Dunkel") else "Dark")
    at.press("Dark")
    yield lambda: at.app.presenter.settings.appearance == "dark"
    yield at.frames(3)
    yield at.bring("Deutsch")
    at.press("Deutsch")
    yield at.until("Einstellungen")
    yield at.frames()
    at.shot("settings-german")
    say(facts=at.texts(), ground=list(at.window.clearcolor))


def beside_the_app(at: Operator) -> Script:
    """The simulated phone beside the app: its buttons change what the next call meets."""
    yield at.until("Simulated phone")
    yield at.frames(12)
    at.press("Hide the number")
    yield lambda: at.app.handset is not None and at.app.handset.picture().behaviour == "withheld"
    yield from at.to_consent()
    at.shot("beside")
    at.press("Allow and ring my phone")
    yield at.until("Call without a number")
    yield at.frames()
    at.shot("beside-ringing")
    yield at.until("Your number is confirmed")
    yield at.frames()
    at.shot("beside-confirmed")
    say(facts=at.texts())


def main() -> int:
    task = json.loads(sys.argv[1])
    began = time.monotonic()
    operator = Operator(task)
    code = operator.run(globals()[task["script"]](operator))
    say(lived=time.monotonic() - began)
    memory = Path("/proc/self/status").read_text()
    (peak,) = [line.split()[1] for line in memory.splitlines() if line.startswith("VmHWM")]
    say(peak_kb=int(peak))
    return code


if __name__ == "__main__":
    sys.exit(main())
