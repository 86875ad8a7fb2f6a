"""A phone with Android: calls and messages are noticed by the SDK's own sources, if allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ringproof.android import AndroidCallSource, AndroidCodes, sms_app_hash, suggest_number
from ringproof.calls import CallSource, CodeSource
from ringproof_demo.phone import Asks, Noticing, _java

ROLE = "ROLE_CALL_SCREENING"
LOG = "READ_CALL_LOG"


class AndroidPhone:
    """To be made on the main thread, where Java's classes are found."""

    offers_number = True

    def __init__(self) -> None:
        lines = _java.lines()
        self.two_sims = lines > 1
        self._languages = _java.languages()
        self._country = _java.country()
        self._hash = sms_app_hash()
        able = AndroidCallSource(screening=True).capabilities()
        self.offers_screening = lines > 0 and ROLE in able.needs

    def noticing(self, *, screening: bool) -> Noticing:
        source = self._source(screening=screening)
        able, asks = source.capabilities(), source.asks
        blocked = bool(source.settings_needed) and not able.zero_touch
        if not able.zero_touch and not asks:
            return Noticing(blocked=blocked)
        screens = ROLE in asks or any(way.name == "screening" and way.taken for way in source.ways())
        log = able.history or LOG in asks
        next_: Asks | None = None if not asks else "role" if ROLE in asks else "permission"
        return Noticing("both" if screens and log else "screening" if screens else "log", next_, blocked)

    def calls(self, server: str, number: str, *, screening: bool) -> CallSource | None:  # noqa: ARG002 - this phone is the real one
        """None in a package that asks for nothing which names the caller, and on a tablet."""
        reads = self.noticing(screening=screening).reads
        return self._source(screening=screening) if reads is not None else None

    def _source(self, *, screening: bool) -> AndroidCallSource:
        return AndroidCallSource(screening=screening and self.offers_screening)

    def open_settings(self) -> bool:
        return self._source(screening=False).open_settings()

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
