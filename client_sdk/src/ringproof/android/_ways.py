"""By which ways this phone can prove a call, and why not by the others. For the developer's eyes.

The ladder, from the best way down: the call-screening role, the live phone state, the call log afterwards,
digits that the person types. Every rung that cannot be taken says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ringproof._calls import Way
from ringproof.android._permissions import READ_CALL_LOG, READ_PHONE_STATE, short

ScreeningState: TypeAlias = Literal["off", "unavailable", "offered", "refused", "held"]
PermissionState: TypeAlias = Literal["held", "undeclared", "open", "refused", "blocked"]
"""Granted; not in the manifest; not asked yet; refused since the app's start; refused for good."""

NUMBER_NEEDS_LOG = 28
"""The API level since which the broadcast names the caller only to apps that may read the call log."""


@dataclass(frozen=True)
class Facts:
    """What the ladder is chosen from."""

    api_level: int
    telephony: bool
    phone_state: PermissionState
    call_log: PermissionState
    screening: ScreeningState
    silent: bool = False

    @property
    def number_by_state(self) -> bool:
        """Whether the broadcast tells the number."""
        log = self.call_log == "held" or self.api_level < NUMBER_NEEDS_LOG
        return self.telephony and self.phone_state == "held" and log

    @property
    def number_by_screening(self) -> bool:
        """Whether screening tells the number."""
        return self.telephony and self.screening == "held"

    @property
    def live(self) -> bool:
        """Whether the number is told while it rings."""
        return self.number_by_state or self.number_by_screening

    @property
    def ring_time(self) -> bool:
        """Whether the ring can be measured."""
        return self.live and self.phone_state == "held"

    @property
    def log(self) -> bool:
        """Whether calls can be found afterwards."""
        return self.telephony and self.call_log == "held"


def wanted(facts: Facts) -> tuple[str, ...]:
    """The permissions that would help here, and no others.

    With screening the number is known and only the ring time is missing. Without it READ_PHONE_STATE alone is
    good for nothing where the broadcast does not name the caller.
    """
    if not facts.telephony:
        return ()
    if facts.screening == "held":
        names: tuple[str, ...] = (READ_PHONE_STATE,)
    elif facts.call_log == "undeclared" and facts.api_level >= NUMBER_NEEDS_LOG:
        names = ()
    else:
        names = (READ_PHONE_STATE, READ_CALL_LOG)
    states = {READ_PHONE_STATE: facts.phone_state, READ_CALL_LOG: facts.call_log}
    return tuple(name for name in names if states[name] != "undeclared")


def ways_of(facts: Facts) -> tuple[Way, ...]:
    """The whole ladder, best way first."""
    return (_screening(facts), _phone_state(facts), _call_log(facts), _typed(facts))


def describe(ways: Sequence[Way]) -> str:
    """The ladder as lines of text."""
    lines = []
    for way in ways:
        mark = "yes" if way.taken else "no"
        lines.append(f"{way.name:<12} {mark:<3} {way.reason}" + (f"; {way.note}" if way.note else ""))
    return "\n".join(lines)


_SCREENING_REASONS: dict[ScreeningState, str] = {
    "off": "not wanted by the app; it would replace the person's spam filter",
    "unavailable": "this phone has no such role to give (Android 10), or the app lacks the service",
    "offered": "the role was not asked for yet",
    "refused": "the person left the role to another app",
    "held": "tells the number as it comes, and silences the expected call",
}


def _screening(facts: Facts) -> Way:
    if not facts.telephony:
        return Way("screening", taken=False, reason=_NO_TELEPHONY)
    return Way("screening", facts.number_by_screening, _SCREENING_REASONS[facts.screening])


_NO_TELEPHONY = "this device cannot be called"
_SILENT = (
    "calls are in the log of which this phone told nothing: its maker's battery or privacy settings hold back"
    " broadcasts"
)


def _phone_state(facts: Facts) -> Way:
    note = _SILENT if facts.silent else ""
    if not facts.telephony:
        return Way("phone_state", taken=False, reason=_NO_TELEPHONY)
    if facts.number_by_state:
        return Way("phone_state", taken=True, reason="tells the number and measures the ring", note=note)
    if facts.number_by_screening and facts.phone_state == "held":
        return Way("phone_state", taken=True, reason="measures the ring; the number comes by screening")
    missing = {READ_PHONE_STATE: facts.phone_state}
    if not facts.number_by_screening and facts.api_level >= NUMBER_NEEDS_LOG:
        missing[READ_CALL_LOG] = facts.call_log
    return Way("phone_state", taken=False, reason=_lacking(missing))


def _call_log(facts: Facts) -> Way:
    if not facts.telephony:
        return Way("call_log", taken=False, reason=_NO_TELEPHONY)
    if facts.call_log == "held":
        return Way("call_log", taken=True, reason="finds calls that were not heard, after their end")
    return Way("call_log", taken=False, reason=_lacking({READ_CALL_LOG: facts.call_log}))


def _typed(facts: Facts) -> Way:
    note = "" if facts.live or facts.log else "all that is left on this phone"
    return Way("typed_digits", taken=False, reason="takes a ManualCallSource beside this one", note=note)


_LACKS: dict[PermissionState, str] = {
    "undeclared": "is not in the app's manifest",
    "open": "was not asked for yet",
    "refused": "was refused; it is not asked for again before the next start of the app",
    "blocked": "was refused for good; only the phone's settings can grant it",
}


def _lacking(permissions: dict[str, PermissionState]) -> str:
    lacking = [(name, state) for name, state in permissions.items() if state != "held"]
    return "; ".join(f"{short([name])[0]} {_LACKS[state]}" for name, state in lacking)
