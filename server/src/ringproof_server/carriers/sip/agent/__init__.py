"""The SIP agent: a user agent in its own process, since sippy's loop belongs to one thread of it.

Importing this package changes what sippy does with faults: it prints them with the message that caused them,
phone numbers and all, so that has to be replaced before any other part of sippy is imported.
"""

from __future__ import annotations

import sys

import structlog
from sippy.Core import Exceptions as SippyExceptions  # type: ignore[import-untyped]


def _note_fault(_message: object, *_: object, **__: object) -> None:
    fault = sys.exc_info()[0]
    structlog.get_logger("ringproof_server.carriers").error(
        "sip_stack_fault", fault="unknown" if fault is None else fault.__name__
    )


SippyExceptions.dump_exception = _note_fault
