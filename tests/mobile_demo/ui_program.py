"""Somebody at the app's window: what they can do, and what they see. Only for processes with a window."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Final

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.metrics import dp, sp
from kivy.tests.common import UnitTestTouch
from kivy.uix.scrollview import ScrollView

from ringproof_demo.app import RingproofDemo
from ringproof_demo.handset import fetch
from ringproof_demo.phone.desk import OWN_NUMBER, Desk, SimulatedPhone
from ringproof_demo.settings import Settings

PATIENCE: Final = 40.0
STEP: Final = 0.05

Script = Generator[Callable[[], bool], None, None]


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


class Operator:
    """What a person can do at the window, and what they see."""

    def __init__(self, task: dict[str, Any]) -> None:

        self.task, self.window, self.clock = task, Window, Clock
        Window.size = tuple(task.get("size", (400, 800)))
        simulated = bool(task.get("simulated", True))
        languages = task.get("languages", ["en-GB"])
        self.phone: Any = SimulatedPhone(languages) if simulated else Desk(languages)
        remembered = Settings(
            task["server"], task["key"], task.get("language"), task.get("appearance", "light")
        )
        self.app = RingproofDemo(
            self.phone,
            lambda stored: remembered if task.get("given", True) else stored,
            folder=Path(task["folder"]),
            simulated=bool(task.get("panel", False)),
            touch=bool(task.get("touch", False)),
        )
        self._failed = False
        self._since_event = 0
        self._wait: Callable[[], bool] = lambda: True

    def run(self, script: Script) -> int:
        self._script, self._since = script, time.monotonic()
        self.clock.schedule_once(lambda _: self._step(), 0.2)
        self.app.run()
        return 1 if self._failed else 0

    def _step(self) -> None:
        try:
            if self._wait():
                self._wait = next(self._script)
                self._since = time.monotonic()
            elif time.monotonic() - self._since > PATIENCE:
                self._fail("waited in vain")
                return
        except StopIteration:
            self.app.stop()
            return
        except Exception:
            self._fail(traceback.format_exc())
            return
        self.clock.schedule_once(lambda _: self._step(), STEP)

    def _fail(self, why: str) -> None:
        self._failed = True
        say(error=why, shown=self.texts())
        self.shot("failed")
        self.app.stop()

    # Seeing

    def widgets(self) -> list[Any]:
        return list(self.app.root.walk(restrict=True))

    def texts(self) -> list[str]:
        return [
            widget.text
            for widget in self.widgets()
            if getattr(widget, "text", "") and widget.get_root_window()
        ]

    def sees(self, part: str) -> bool:
        return any(part in text for text in self.texts())

    def until(self, part: str) -> Callable[[], bool]:
        """A condition: these words stand on the screen."""
        return lambda: self.sees(part)

    def frames(self, count: int = 6) -> Callable[[], bool]:
        """A condition: so many steps have passed, so that what moves has come to rest."""
        left = iter(range(count))
        return lambda: next(left, None) is None

    def find(self, part: str) -> Any:
        found = [widget for widget in self.widgets() if part in getattr(widget, "text", "")]
        pressable = [
            widget
            for widget in found
            if hasattr(widget, "on_release") or hasattr(widget, "do_cursor_movement")
        ]
        if not found:
            raise LookupError(part)
        return (pressable or found)[0]

    def shot(self, name: str) -> None:
        folder = Path(self.task["shots"])
        folder.mkdir(parents=True, exist_ok=True)
        self.window.dispatch("on_draw")
        taken = Path(self.window.screenshot(name=str(folder / f"{name}.png")))
        taken.replace(folder / f"{name}.png")
        say(shot=str(folder / f"{name}.png"))

    def measure(self) -> list[str]:
        """What of the screen is too small to be touched or read, or does not fit."""
        faults = []
        for widget in self.widgets():
            name = f"{type(widget).__name__} {getattr(widget, 'text', '')!r}"
            pressable = hasattr(widget, "on_release") or hasattr(widget, "do_cursor_movement")
            if pressable and min(widget.size) < dp(48):
                faults.append(f"{name} is {widget.size}")
            if getattr(widget, "text", "") and getattr(widget, "font_size", sp(16)) < sp(16) - 0.01:
                faults.append(f"{name} is written in {widget.font_size}")
            texture = getattr(widget, "texture_size", None)
            if texture and getattr(widget, "text", "") and texture[0] > widget.width + 1:
                faults.append(f"{name} is {texture[0]} wide in {widget.width}")
            right = widget.to_window(widget.right, widget.y)[0]
            if right > self.window.width + 1 or widget.to_window(*widget.pos)[0] < -1:
                faults.append(f"{name} reaches over the side")
        return faults

    # Doing

    def touch(self, widget: Any) -> None:
        """A finger on the middle of a widget, which is scrolled into sight before."""

        x, y = widget.to_window(*widget.center)
        finger: Any = UnitTestTouch(x, y)
        finger.touch_down()
        finger.touch_up()

    def bring(self, part: str) -> Callable[[], bool]:
        """A condition: the widget with these words is where a finger can reach it."""

        widget = self.find(part)
        parent = widget.parent
        while parent is not None and parent is not parent.parent:
            if isinstance(parent, ScrollView):
                parent.scroll_to(widget, padding=20, animate=False)
                break
            parent = parent.parent
        return self.frames(2)

    def press(self, part: str) -> None:
        self.touch(self.find(part))

    def entry(self, index: int = 0) -> Any:
        return [widget for widget in self.widgets() if hasattr(widget, "do_cursor_movement")][index]

    def write(self, text: str) -> None:
        """Type with the keyboard that the window has now."""
        for letter in text:
            self.window.dispatch("on_textinput", letter)

    def key(self, name: str) -> None:
        codes = {"enter": 13, "tab": 9, "escape": 27, "spacebar": 32, "backspace": 8}
        # As Kivy's own window does: what no widget wants is for the app.
        if not self.window.dispatch("on_key_down", codes[name], 0, None, []):
            self.window.dispatch("on_keyboard", codes[name], 0, None, [])
        self.window.dispatch("on_key_up", codes[name], 0)

    def behave(self, behaviour: str) -> None:
        """Set how the simulated phone acts, and forget what it has seen so far."""
        status, _ = fetch(f"{self._handset}/behaviour", {"behaviour": behaviour})
        assert status == 200, status
        _, answer = fetch(f"{self._handset}/events?after=0", None)
        self._since_event = max([0, *(event["seq"] for event in answer["events"])])

    def seen(self, kind: str) -> list[Mapping[str, Any]]:
        """What the simulated phone has seen since `behave`: calls or messages."""
        _, answer = fetch(f"{self._handset}/events?after={self._since_event}", None)
        return [event for event in answer["events"] if event["kind"] == kind]

    @property
    def _handset(self) -> str:
        return f"{self.task['server']}/handset/%2B{OWN_NUMBER[1:]}"

    def to_consent(self) -> Script:
        """Up to the screen that asks for consent."""
        yield self.until("Use the number of this phone")
        yield self.frames()
        self.press("Use the number of this phone")
        yield lambda: self.app.presenter.number is not None
        yield self.frames(3)
        self.press("Go on")
        yield self.until("Ready" if not self.task.get("simulated", True) else "Confirm without typing")
        yield self.frames(4)

    def last_call(self) -> str:
        """The last digits of the number that called the simulated phone last; empty before any call."""
        numbers = [event["caller_id"] for event in self.seen("call") if event["caller_id"]]
        return str(numbers[-1])[-4:] if numbers else ""

    def last_code(self) -> str:
        """The code of the newest text message."""
        text = str(self.seen("message")[-1]["text"])
        return next(word for word in text.split() if word.isdigit() and len(word) == 6)
