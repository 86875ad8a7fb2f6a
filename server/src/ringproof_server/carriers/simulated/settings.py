"""How the simulated network behaves as a whole, as the operator or a test sets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ringproof_server.carriers.settings import SettingsReader, switch
from ringproof_server.carriers.simulated.behaviour import Fault
from ringproof_server.carriers.simulated.chaos import Chaos
from ringproof_server.carriers.simulated.dice import Dice
from ringproof_server.carriers.simulated.planning import Span, Timings

LONGEST_SPAN_MS: Final = 600_000
LONGEST_HANG_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Shares (0 to 1) of requests to the network that meet a fault."""

    outage: float = 0.0
    throttled: float = 0.0
    hang: float = 0.0
    lost_answer: float = 0.0

    def drawn(self, dice: Dice) -> Fault:
        """The fault that one request meets."""
        shares = (
            (Fault.OUTAGE, self.outage),
            (Fault.THROTTLED, self.throttled),
            (Fault.HANG, self.hang),
            (Fault.LOST_ANSWER, self.lost_answer),
        )
        return next((fault for fault, share in shares if dice.happens(fault.value, share)), Fault.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """`seed` decides every draw; `hang_seconds` is how long a request hangs that meets that fault.

    With `fictitious_only` other numbers are refused: that is how the network stands beside real carriers.
    """

    seed: bytes = field(repr=False)
    fictitious_only: bool = False
    timings: Timings = field(default_factory=Timings)
    chaos: Chaos = field(default_factory=Chaos)
    faults: Faults = field(default_factory=Faults)
    hang_seconds: float = 30.0
    retry_after: float = 2.0

    @property
    def dice(self) -> Dice:
        return Dice(self.seed)


def read_settings(settings: Mapping[str, str], *, seed: bytes) -> NetworkSettings:
    """The network as set by the operator; `seed` serves where none is set.

    Raises `CarrierSettingsError` with every fault at once. Spans are written `300-1500` or `400` and are in
    milliseconds, shares are numbers from 0 to 1.
    """
    reader = SettingsReader(settings)
    timings = Timings(**{name: reader.take(f"{name}_ms", _span, getattr(Timings(), name)) for name in _SPANS})
    chaos = Chaos(**{name: reader.take(f"{name}_events", _share, 0.0) for name in _CHAOS})
    faults = Faults(**{name: reader.take(f"{name}_share", _share, 0.0) for name in _FAULTS})
    found = NetworkSettings(
        seed=reader.take("seed", str.encode, seed),
        fictitious_only=reader.take("fictitious_only", switch, default=False),
        timings=timings,
        chaos=chaos,
        faults=faults,
        hang_seconds=reader.take("hang_seconds", _seconds, 30.0),
    )
    reader.finish("simulated")
    return found


_SPANS: Final = ("post_dial", "reaction", "voicemail", "message", "answer")
_CHAOS: Final = ("late", "doubled", "reordered", "lost")
_FAULTS: Final = ("outage", "throttled", "hang", "lost_answer")


def _span(text: str) -> Span:
    found = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", text)
    if found is None:
        raise ValueError("is not a span of milliseconds such as 300-1500")
    span = Span(low=int(found[1]), high=int(found[2] or found[1]))
    if span.low > span.high or span.high > LONGEST_SPAN_MS:
        raise ValueError(f"does not rise, or goes beyond {LONGEST_SPAN_MS} milliseconds")
    return span


def _share(text: str) -> float:
    if not re.fullmatch(r"0|1|0?\.[0-9]{1,9}|1\.0+|0\.0+", text):
        raise ValueError("is not a share from 0 to 1")
    return float(text)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text) or float(text) > LONGEST_HANG_SECONDS:
        raise ValueError(f"is not a time of at most {LONGEST_HANG_SECONDS:.0f} seconds")
    return float(text)
