"""Why a request did not come about or had no answer; no message names an address."""

from __future__ import annotations


class Blocked(Exception):
    """Nothing was sent, because of where it would have gone."""


class Unreached(Exception):
    """Nothing was sent, because no connection came about in time."""


class Unanswered(Exception):
    """The request may have arrived, but no answer came in time, or none that makes sense."""
