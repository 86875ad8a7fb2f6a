"""What a browser without scripts keeps between its requests, and how its forms are known to be ours.

Two cookies: one names the browser while it has no verification, one per verification holds what a client of
the API would keep. No script can read them, no other site can make a browser send them (SameSite=Strict), and
what matters in them is sealed. Nothing of it is in an address, in a page or in a process.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import msgspec
from flask import Response, request

from ringproof_server.ports import Random, Seals
from ringproof_server.service.requests import IdempotencyKey

AFTER_THE_END: Final = 600
"""Seconds for which a browser may still ask how its verification has ended."""

_PURPOSE: Final = "form"
_BROWSER: Final = "ringproof-browser"
_VERIFICATION: Final = "ringproof-verification"
_BROWSER_BYTES: Final = 16
_ONCE_BYTES: Final = 12
_DAY: Final = 86_400
_LONGEST_COOKIE: Final = 4096
_HEX: Final = re.compile(r"[0-9a-f]{24,32}")


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client of the API keeps of its verification; `token` once it is verified."""

    id: str
    verifier: str
    challenge: str
    token: str | None = None

    @property
    def holder(self) -> str:
        """What the forms of this verification are bound to."""
        return f"{self.id}:{self.verifier}"

    def __repr__(self) -> str:
        return f"Kept(id={self.id!r}, …)"


@dataclass(frozen=True, slots=True)
class Proofs:
    """The client's side of RFC 7636."""

    verifier: str = field(repr=False)
    challenge: str


class FormCookies:
    """Reads and writes the cookies of the present request and its answer."""

    def __init__(self, seals: Seals, random: Random, public_url: str) -> None:
        self._seals = seals
        self._random = random
        address = urlsplit(public_url)
        # A browser keeps no Secure cookie of http://127.0.0.1; over any other plain address nothing is kept.
        self._secure = address.scheme == "https" or address.hostname not in {"127.0.0.1", "localhost", "::1"}
        self._prefix = "__Secure-" if self._secure else ""

    def browser(self) -> str | None:
        """The name that this browser was given, if it was."""
        name = request.cookies.get(self._prefix + _BROWSER, "")
        return name if _HEX.fullmatch(name) else None

    def new_browser(self) -> str:
        return self._random.bytes(_BROWSER_BYTES).hex()

    def name_browser(self, response: Response, browser: str) -> None:
        self._set(response, _BROWSER, browser, "/verify", _DAY)

    def verification(self, verification_id: str) -> Kept | None:
        """What this browser keeps of the verification; None for a browser that did not start it."""
        sealed = request.cookies.get(self._prefix + _VERIFICATION, "")
        if not 0 < len(sealed) <= _LONGEST_COOKIE or not sealed.isascii():
            return None
        text = self._seals.unseal(_PURPOSE, sealed)
        if text is None:
            return None
        try:
            kept = msgspec.json.decode(text, type=Kept)
        except msgspec.ValidationError:
            # Sealed by another version of this server.
            return None
        return kept if hmac.compare_digest(kept.id.encode(), verification_id.encode()) else None

    def keep(self, response: Response, kept: Kept, seconds: int) -> None:
        """Let the browser keep this for so long, and show it at the addresses of the verification only."""
        sealed = self._seals.seal(_PURPOSE, msgspec.json.encode(kept).decode())
        self._set(response, _VERIFICATION, sealed, f"/verify/{kept.id}", seconds)

    def fields(self, holder: str) -> dict[str, str]:
        """The hidden fields of a form: that it is ours, for this holder, and which one it is."""
        return {"token": self._token(holder), "once": self._random.bytes(_ONCE_BYTES).hex()}

    def belongs(self, fields: dict[str, str], holder: str) -> bool:
        """Whether a form that was sent has been made for this holder."""
        given, once = fields.get("token", ""), fields.get("once", "")
        same = hmac.compare_digest(given.encode(errors="replace"), self._token(holder).encode())
        return same and _HEX.fullmatch(once) is not None

    def idempotency(self, fields: dict[str, str], holder: str) -> IdempotencyKey:
        """One key for each form with each content: sent twice it does what it does once."""
        digest = self._seals.digest("form request", _said(fields, holder))
        return IdempotencyKey(f"form-{digest.hex()}", digest)

    def proofs(self, fields: dict[str, str], holder: str) -> Proofs:
        """A code verifier with its challenge (S256), the same whenever the same form is sent.

        Only who has both the server's secret and the browser's cookie can work it out.
        """
        verifier = _base64url(self._seals.digest("form verifier", _said(fields, holder)))
        return Proofs(verifier, _base64url(hashlib.sha256(verifier.encode()).digest()))

    def _token(self, holder: str) -> str:
        return self._seals.digest("form token", holder).hex()

    def _set(self, response: Response, name: str, value: str, path: str, seconds: int) -> None:
        response.set_cookie(
            self._prefix + name,
            value,
            max_age=seconds,
            path=request.script_root + path,
            secure=self._secure,
            httponly=True,
            samesite="Strict",
        )


def _said(fields: dict[str, str], holder: str) -> str:
    return msgspec.json.encode([holder, fields], order="deterministic").decode()


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
