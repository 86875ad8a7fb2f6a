"""The digits of a call that asks for them, put into what the client that shows them is told."""

from __future__ import annotations

from dataclasses import replace

from ringproof_server.domain import keypad
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.verification import Status
from ringproof_server.ports import Seals
from ringproof_server.service.progress import KeypadDigits, Progress


def with_keypad(progress: Progress, seals: Seals) -> Progress:
    """The same, with the digits while a call that asks for them is the current step."""
    verification = progress.verification
    if progress.status is not Status.PENDING or verification.current.channel is not Channel.KEYPAD:
        return progress
    if verification.code_seed is None:
        return progress
    digits = keypad.spell(seals.code_key(), verification.code_seed, progress.code_digits)
    typed = any(item.reported for item in progress.attempts if item.channel is Channel.KEYPAD)
    return replace(progress, keypad=KeypadDigits(digits=digits, typed=typed))
