"""A phone with Android: calls and messages are noticed by the SDK's own sources, if allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ringproof.android import AndroidCallSource, AndroidCodes, sms_app_hash, suggest_number
from ringproof.calls import CallSource, CodeSource
from ringproof_demo.phone import _java


class AndroidPhone:
    """To be made on the main thread, where Java's classes are found."""

    offers_number = True

    def __init__(self) -> None:
        self.two_sims = _java.lines() > 1
        self._languages = _java.languages()
        self._country = _java.country()
        self._hash = sms_app_hash()

    @property
    def asks_permission(self) -> bool:
        able = AndroidCallSource().capabilities()
        return bool(able.needs) and not able.zero_touch

    def calls(self, server: str, number: str) -> CallSource | None:  # noqa: ARG002 - this phone is the real one
        """None in a package that asks for nothing which names the caller, and on a tablet."""
        source = AndroidCallSource()
        able = source.capabilities()
        return source if able.needs or able.zero_touch else None

    def codes(self, server: str, number: str) -> CodeSource | None:  # noqa: ARG002 - this phone is the real one
        return AndroidCodes(app_hash=self._hash)

    def app_hash(self) -> str | None:
        return self._hash

    def ask_number(self, done: Callable[[str | None], None]) -> None:
        suggest_number(done)

    def languages(self) -> Sequence[str]:
        return self._languages

    def country(self) -> str | None:
        return self._country

    def dark(self) -> bool:
        return _java.dark()

    def insets(self) -> tuple[float, float, float, float]:
        return _java.insets()
