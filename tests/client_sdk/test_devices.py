"""Enrolling an authenticator after a proof: what travels, what comes back, what is kept from sight."""

from __future__ import annotations
