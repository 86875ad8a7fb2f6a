"""Telling calls to a sink, which is somebody else's code, on a thread of the phone."""

from __future__ import annotations

import logging

from ringproof._calls import CallEvent, Sink

_log = logging.getLogger("ringproof.android")


def tell(sink: Sink, event: CallEvent) -> None:
    """Hand over an event; a sink that fails loses it and nothing else."""
    try:
        sink(event)
    except Exception as fault:  # noqa: BLE001 - the phone's thread has nobody to raise it to
        # Its kind only: the words of an exception might quote a number.
        _log.error("a sink of calls failed: %s", type(fault).__name__)
