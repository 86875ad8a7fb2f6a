"""What Java calls must never let an exception out: on some threads that would end the app."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

_log = logging.getLogger("ringproof.android")


def guarded(call: Callable[..., None], *values: Any) -> None:
    """Call; a failure is told by its kind only, since its words might quote a number."""
    try:
        call(*values)
    except Exception as fault:  # noqa: BLE001 - a foreign thread has nobody to raise it to
        _log.error("a callback failed: %s", type(fault).__name__)
