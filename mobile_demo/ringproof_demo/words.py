"""The app's sentences: the catalogue's sections for the app, for pages and for problems, in one language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from ringproof_rcml import Words, load_words, negotiate

APP_LOCALES = ("en", "de", "fr", "es", "pt", "it")
"""The languages of the catalogue that word the app. The others get it in English, all of it: a screen of two
languages would be worse."""


@dataclass(frozen=True, slots=True)
class AppWords:
    """Every sentence of the app in one language. `tag` is the catalogue's name of it."""

    tag: str
    catalogue: Words

    def app(self, key: str, /, **values: str | int) -> str:
        """A sentence of the app itself."""
        return self.catalogue.text("app", key, **values)

    def page(self, key: str, /, **values: str | int) -> str:
        """A sentence that the verification page shows too."""
        return self.catalogue.text("page", key, **values)

    def problem(self, slug: str) -> tuple[str, str] | None:
        """What a refusal of the server means and what to do about it; None for one of a newer server."""
        if slug not in self.catalogue.section("problem"):
            return None
        return self.catalogue.text("problem_title", slug), self.catalogue.text("problem", slug)

    def channel(self, channel: str | None) -> str:
        """How a proof came, in words; the server's own word for a channel nobody has worded."""
        key = f"by_{channel}"
        return self.page(key) if key in self.catalogue.section("page") else (channel or "–")

    def way(self, channel: str) -> str:
        """The label of a button that asks for a channel."""
        key = f"use_{channel}"
        return self.page(key) if key in self.catalogue.section("page") else channel

    def code_sent(self, channel: str | None, number: str) -> str:
        """Where a code was sent."""
        key = f"code_sent_{channel}"
        known = self.catalogue.section("page")
        template = known.get(key)
        if template is None:
            return self.page("code_sent_other", number=number)
        return self.page(key, number=number) if "{number}" in template else self.page(key)

    def decimal(self, value: float) -> str:
        """A number with one decimal place, as the language writes it."""
        text = f"{value:.1f}"
        return text if self.tag == "en" else text.replace(".", ",")

    def wait(self, seconds: float) -> str:
        """A length of time, rounded up to what people count in."""
        if seconds < 100:
            return self.page("wait_seconds", seconds=max(1, ceil(seconds)))
        if seconds < 100 * 60:
            return self.page("wait_minutes", minutes=ceil(seconds / 60))
        return self.page("wait_hours", hours=ceil(seconds / 3600))


def app_words(preferences: Sequence[str]) -> AppWords:
    """The app's sentences for the first preferred language that it is worded in, English for none.

    `preferences` are language tags (BCP 47), the most wanted first; "pt-BR" finds "pt".
    """
    for preference in preferences:
        found = negotiate([preference], default="en").tag
        wanted = preference.strip().replace("_", "-").lower().split("-")[0]
        for tag in (found, found.split("-")[0]):
            if tag in APP_LOCALES and tag == wanted:
                return AppWords(tag, load_words(tag))
    return AppWords("en", load_words("en"))


def language_names() -> tuple[tuple[str, str], ...]:
    """Each language of the app and its own name for itself."""
    return tuple((tag, load_words(tag).name) for tag in APP_LOCALES)
