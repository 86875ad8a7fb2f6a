"""What a screen shows, as frozen values with finished sentences. The view adds nothing and knows nothing.

Moments are seconds of the clock that the presenter was given, so that a view can count them down by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ringproof_demo.countries import Country
from ringproof_demo.settings import Appearance, Settings
from ringproof_demo.words import AppWords


@dataclass(frozen=True)
class Way:
    """Another way to go on; it may be asked for from the moment `ready_at` on."""

    channel: str
    label: str
    ready_at: float


@dataclass(frozen=True)
class NumberView:
    """Enter a number. `national` is grouped; `hint` is whether this device can offer its own number."""

    country: Country
    national: str = field(repr=False)
    hint: bool
    error: str | None = None


@dataclass(frozen=True)
class CountriesView:
    """Choose a country out of those that fit `query`."""

    query: str
    found: tuple[Country, ...]
    chosen: str


@dataclass(frozen=True)
class ConsentView:
    """What is about to happen. `points` are titles and texts of what is read; none when nothing is.

    `in_settings` is the label of a quiet way to the device's settings, where it refuses for good.
    """

    heading: str
    text: str = field(repr=False)
    points: tuple[tuple[str, str], ...]
    contact: str
    asks_next: str | None
    go: str
    without: str | None
    instead: str
    in_settings: str | None = None


Phase = Literal["asking", "starting", "calling", "ringing", "checking"]


@dataclass(frozen=True)
class CallView:
    """A call is on its way or ringing.

    `hears` is whether it is noticed without the person. `label`, `begins` and `digits` say which digits to
    type, from the first second; `can_check` is whether the server waits for them already. `until` is when the
    step is over, `automatic` what comes by itself and when.
    """

    phase: Phase
    hears: bool
    heading: str
    text: str = field(repr=False)
    hint: str | None
    label: str
    begins: str | None
    digits: int
    can_check: bool
    until: float | None
    automatic: tuple[str, float] | None
    progress: str | None
    ways: tuple[Way, ...]
    error: str | None = None
    notice: str | None = None


@dataclass(frozen=True)
class CodeView:
    """A code was sent. `filled` is one that the phone has read from the message by itself."""

    heading: str
    text: str = field(repr=False)
    label: str
    length: int | None
    ways: tuple[Way, ...]
    filled: str | None = field(default=None, repr=False)
    busy: bool = False
    error: str | None = None
    notice: str | None = None
    check_at: float = 0.0


@dataclass(frozen=True)
class KeypadView:
    """A call asks for digits that only this screen shows."""

    heading: str
    text: str = field(repr=False)
    digits: str = field(repr=False)
    ways: tuple[Way, ...] = ()
    notice: str | None = None


@dataclass(frozen=True)
class WaitView:
    """Nothing to do at the moment."""

    heading: str
    text: str = field(repr=False)
    ways: tuple[Way, ...] = ()
    notice: str | None = None


@dataclass(frozen=True)
class DoneView:
    """Proved: what, by what, how strongly, how fast, as pairs of a label and a value."""

    heading: str
    text: str = field(repr=False)
    facts: tuple[tuple[str, str], ...]


Remedy = Literal["again", "number", "settings"]
Ending = Literal["failed", "expired", "cancelled", "offline", "refused"]


@dataclass(frozen=True)
class EndedView:
    """Not proved. `remedies` are what can be done, the best first, each with the words of its button."""

    kind: Ending
    heading: str
    text: str = field(repr=False)
    detail: str | None
    remedies: tuple[tuple[Remedy, str], ...]


@dataclass(frozen=True)
class SettingsView:
    """Server, key, language, appearance. `draft` is what stands in the fields.

    `screening` is whether this device has a call-screening role to choose.
    """

    draft: Settings
    first: bool
    screening: bool = False
    busy: bool = False
    server_error: str | None = None
    key_error: str | None = None
    notice: str | None = None


View: TypeAlias = (
    NumberView
    | CountriesView
    | ConsentView
    | CallView
    | CodeView
    | KeypadView
    | WaitView
    | DoneView
    | EndedView
    | SettingsView
)


@dataclass(frozen=True)
class Shown:
    """All that is on the display: the screen, the language and the appearance it is in."""

    view: View
    words: AppWords
    appearance: Appearance


Tone = Literal["incoming", "message", "note"]


@dataclass(frozen=True)
class HandsetEvent:
    """Something the simulated phone has seen."""

    tone: Tone
    title: str
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class HandsetView:
    """The simulated phone beside the app."""

    number: str = field(repr=False)
    behaviour: str
    permitted: bool
    fills_codes: bool
    ringing: bool
    events: tuple[HandsetEvent, ...]
    fault: str | None = None
