"""Sentences with values in them, as a page without scripts shows them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringproof_rcml import Words
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import InvalidPhoneNumber, RateLimited, RingproofError, TooEarly
from ringproof_server.domain.verification import Status
from ringproof_server.service.progress import Progress

_HOUR: Final = 3600
_MINUTE: Final = 60
_GROUP: Final = "\u202f"
_SIGNIFICANT: Final = 2
_CALLS: Final = frozenset(channel.value for channel in Channel if channel.is_call)
_PROPER_NAMES: Final[Mapping[str, str]] = {"whatsapp": "WhatsApp", "viber": "Viber", "messenger": "Messenger"}


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of the pages in one language; every value keeps its own direction (UAX 9, isolates)."""

    words: Words

    def __call__(self, key: str, /, **values: str | int) -> str:
        """The sentence `key` of the pages with its values."""
        isolated = {name: f"\u2068{value}\u2069" for name, value in values.items()}
        return self.words.text("page", key, **isolated)

    def has(self, key: str) -> bool:
        return key in self.words.section("page")

    def wait(self, seconds: float) -> str:
        """A length of time in the largest unit that still says it well, rounded up."""
        if seconds > 3 * _HOUR:
            return self("wait_hours", hours=math.ceil(seconds / _HOUR))
        if seconds > 90:
            return self("wait_minutes", minutes=math.ceil(seconds / _MINUTE))
        return self("wait_seconds", seconds=max(1, math.ceil(seconds)))

    def problem(self, error: RingproofError, reference: str) -> str:
        """What a person is told about a problem, with the `reference` to ask for help with if it is ours."""
        if error.retry_after is not None:
            wait = self.wait(error.retry_after)
            if isinstance(error, RateLimited):
                return self("rate_limited_text", wait=wait)
            if isinstance(error, TooEarly):
                return self("too_early_text", wait=wait)
        if isinstance(error, InvalidPhoneNumber):
            return self("number_invalid")
        text = self.words.text("problem", error.slug)
        ours = error.slug in {"internal", "service-unavailable"}
        return f"{text} {self('error_reference', reference=reference)}" if ours else text

    def way(self, channel: str, seconds: int, current: str) -> str:
        """What the button of another channel says, with the time that it has to wait for."""
        label = self(self._way(channel, current))
        return f"{label} · {self('available_in', seconds=seconds)}" if seconds > 0 else label

    def proved_by(self, channel: str) -> str:
        return _PROPER_NAMES.get(channel) or self(f"by_{channel}")

    def chance(self, probability: float) -> str:
        """Of how many guesses one would pass, to two digits."""
        times = 1 / probability if probability > 0 else math.inf
        if not math.isfinite(times):
            return "0"
        exponent = math.floor(math.log10(times)) - (_SIGNIFICANT - 1)
        rounded = round(times, -exponent)
        return self("proof_chance_value", times=f"{rounded:,.0f}".replace(",", _GROUP))

    def complaint(self, progress: Progress, told: str | None) -> str:
        """What is wrong with the answer that was sent; empty for nothing, and for what is not known."""
        flash = progress.verification.current.flash
        if told == "mismatch":
            left = f" {self('checks_left', checks=progress.checks_left)}" if progress.checks_left > 0 else ""
            return self(self._mismatch(progress)) + left
        if told == "incomplete":
            if flash is None:
                return self("code_incomplete", length=progress.code_digits)
            return self("digits_incomplete", digits=flash.digits)
        if told == "too-early" and progress.next.check_in:
            return self("too_early_text", wait=self.wait(progress.next.check_in))
        return ""

    def sent(self, channel: str, number: str) -> str:
        """How the code of a channel has been sent to the telephone `number`, or where else it is found."""
        return self._on(self._of_channel("code_sent", channel, "code_sent_other"), number)

    def alert(self, told: str | None) -> str:
        """What came of any other request; empty for nothing, and for what is not known."""
        return self.words.section("problem").get(told or "", "")

    def end(self, status: Status, number: str) -> tuple[str, str]:
        """The heading and the sentence of a verification that has ended."""
        return self(f"{status.value}_heading"), self._on(f"{status.value}_text", number)

    def _on(self, key: str, number: str) -> str:
        """A sentence that has a place for the number in question, or none."""
        takes_number = "{number}" in self.words.section("page")[key]
        return self(key, number=number) if takes_number else self(key)

    def _of_channel(self, key: str, channel: str, other: str) -> str:
        """The key of the sentence that is a channel's own; `other` where it has none."""
        own = f"{key}_{channel}"
        return own if self.has(own) else other

    def _mismatch(self, progress: Progress) -> str:
        current = progress.verification.current
        if current.flash is not None:
            return "mismatch_digits"
        return self._of_channel("mismatch", current.channel.value, "mismatch_code")

    def _way(self, channel: str, current: str) -> str:
        if channel == current and channel not in _CALLS:
            return "send_again"
        return "start_sms" if channel == "sms" and current == "flashcall" else f"use_{channel}"


def telephone(number: str) -> str:
    """A number as it stands in a sentence: from left to right in every language, and on one line."""
    return "\u2066" + number.replace(" ", "\u00a0") + "\u2069"
