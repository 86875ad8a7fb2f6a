"""Why a request to an application's back end did not come about; no message names an address."""

from __future__ import annotations


class Unreached(Exception):
    """No answer came in time, or none that makes sense."""


class Blocked(Exception):
    """Nothing was sent, because of where it would have gone."""
