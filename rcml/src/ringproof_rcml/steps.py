"""What a voice document has the carrier do, before it is written down in a dialect."""

from dataclasses import dataclass
from typing import Literal

from ringproof_rcml.dialect import Voice

KEY_TIMEOUT_SECONDS = 8
"""Without a key for so long the carrier gives up: time to take the phone from the ear and find the key."""


@dataclass(frozen=True, slots=True)
class Say:
    """Speak a sentence."""

    voice: Voice
    sentence: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Be silent for a second."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Speak the prompt twice and wait for so many `keys`, which go to the URL `action`.

    Whoever lifts the phone slowly has missed the first prompt.
    """

    voice: Voice
    prompt: str
    action: str
    keys: int


@dataclass(frozen=True, slots=True)
class AskedKeys:
    """What a document asks for: so many `keys`, which go to the URL `action`.

    `prompt` is what is heard until then by whoever presses none while it is spoken.
    """

    prompt: str
    action: str
    keys: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Turn the call away before it is answered."""

    reason: Literal["rejected", "busy"]


Step = Say | Pause | Ask | HangUp | Reject
