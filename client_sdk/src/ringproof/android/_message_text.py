"""The code in a text message that was sent for this app, and the mark by which Android knows such messages.

Our messages look like this (at most 140 bytes):

    123456 is your Example code. Never share it.

    FA+9qCX9VSu
    @example.com #123456

The first line is for people and comes in many languages, the code at its beginning or its end. The third
names the app, the last one a web page (WICG, "Origin-bound one-time codes delivered via SMS"); either may be
missing. Reading is strict: where a message leaves a doubt nothing is read, and the person types.
"""

from __future__ import annotations

import re

LONGEST_MESSAGE = 1_600
"""Longer texts are not read. Ours have 140 bytes; ten segments are what networks carry."""

_MARK = re.compile(r"[A-Za-z0-9+/]{11}")
_ORIGIN = re.compile(r"@(?P<host>[A-Za-z0-9.-]{1,253}) #(?P<code>[0-9]{4,10})")
# Not part of a word, an amount, a date, a time, an address or a mark.
_DIGITS = re.compile(r"(?<![\w.,:#@/+-])[0-9]{4,10}(?![\w@/+-]|[.,:][0-9])")
_CURRENCY = re.compile(r"\s[A-Z]{3}\b")


def app_hash(package: str, certificate: bytes) -> str:
    """The 11 characters that mark messages for an app: its name and the certificate it was signed with.

    SHA-256 over the package name, a blank and the certificate (DER) in lower-case hexadecimal digits; of that
    the first 9 bytes in base64, of those the first 11 characters
    (developers.google.com/identity/sms-retriever/verify, "Computing your app's hash string").
    """
    import base64
    import hashlib

    digest = hashlib.sha256(f"{package} {certificate.hex()}".encode()).digest()
    return base64.b64encode(digest[:9]).decode("ascii")[:11]


def code_in(
    text: str,
    *,
    app_hash: str | None,
    length: int | None = None,
    chosen: bool = False,
    origin_host: str | None = None,
) -> str | None:
    """The one code of a message for us; None when it is for others, has no code, or more than one can be it.

    It is for us when it ends in our `app_hash`, or in a line for `origin_host`, or when the person has
    `chosen` it in Android's own dialog; in no case when it is marked for another app or another host.
    `length` is how many digits are expected, None while that is not known.
    """
    lines = [line.strip() for line in text[: LONGEST_MESSAGE + 1].splitlines() if line.strip()]
    if not lines or len(text) > LONGEST_MESSAGE:
        return None
    origin = _ORIGIN.fullmatch(lines[-1])
    body = lines[:-1] if origin else lines
    host = origin["host"].lower() if origin else None
    ours_by_host = host is not None and host == (origin_host or "").lower()
    mark = _mark(body)
    if mark is not None and mark == app_hash:
        body = [*body[:-1], body[-1][: -len(mark)]]
    elif not (ours_by_host or chosen) or (body and _MARK.fullmatch(body[-1])):
        return None
    if host is not None and origin_host is not None and not ours_by_host:
        return None
    codes = {code for code in _codes("\n".join(body)) if length in {None, len(code)}}
    if origin:
        return origin["code"] if origin["code"] in codes else None
    return codes.pop() if len(codes) == 1 else None


def _mark(body: list[str]) -> str | None:
    """The last word, if it can be the mark of an app."""
    last = body[-1].split()[-1] if body else ""
    return last if _MARK.fullmatch(last) else None


def _codes(text: str) -> list[str]:
    """All that can be a code: no amount of a payment, which always has its currency behind it."""
    return [found.group() for found in _DIGITS.finditer(text) if not _CURRENCY.match(text, found.end())]
