"""Countries as the number field needs them: names, calling codes, a search, and which one to begin with."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ringproof_demo.country_names import LANGUAGES, TABLE

_MAIN = {
    "1": "US", "7": "RU", "39": "IT", "44": "GB", "47": "NO", "61": "AU", "212": "MA", "262": "RE",
    "290": "SH", "358": "FI", "590": "GP", "599": "CW",
}  # fmt: skip
"""Whose calling code it is first of all, where several countries share one (ITU-T E.164)."""


@dataclass(frozen=True, slots=True)
class Country:
    """`iso` is the ISO 3166 region, `code` the calling code without its plus, `name` in one language."""

    iso: str
    code: str
    name: str


@cache
def countries(language: str) -> tuple[Country, ...]:
    """All countries with their names in a language of the app (else English), sorted by name."""
    column = LANGUAGES.index(language) if language in LANGUAGES else 0
    rows = (line.split("|") for line in TABLE.splitlines())
    found = (Country(row[0], row[1], row[2 + column]) for row in rows)
    return tuple(sorted(found, key=lambda country: _plain(country.name)))


def country_of(iso: str | None, language: str) -> Country | None:
    """The country with this ISO code, in any case; None when there is none."""
    wanted = (iso or "").upper()
    return next((country for country in countries(language) if country.iso == wanted), None)


def by_calling_code(digits: str, language: str) -> Country | None:
    """The country whose calling code an international number (without plus) begins with.

    None while too little of it is known.
    """
    for length in (1, 2, 3):
        sharing = [country for country in countries(language) if country.code == digits[:length]]
        if len(digits) >= length and sharing:
            main = _MAIN.get(digits[:length])
            return next((country for country in sharing if country.iso == main), sharing[0])
    return None


def search(text: str, language: str) -> tuple[Country, ...]:
    """The countries whose name has a word that begins so, or whose code does; all for an empty text.

    Accents and case do not matter, and the English name is found in every language.
    """
    wanted = _plain(text).strip().lstrip("+")
    if not wanted:
        return countries(language)
    english = {country.iso: country.name for country in countries("en")}

    def fits(country: Country) -> bool:
        names = f"{_plain(country.name)} {_plain(english[country.iso])}"
        words = names.replace("-", " ").split()
        in_name = any(" ".join(words[index:]).startswith(wanted) for index in range(len(words)))
        return in_name or country.iso.lower() == wanted or country.code.startswith(wanted)

    return tuple(country for country in countries(language) if fits(country))


def first_country(sim: str | None, languages: Sequence[str], language: str) -> Country:
    """The country to begin with: that of the SIM, else the region of a preferred language, else the US."""
    regions = (
        subtag for tag in languages for subtag in tag.replace("_", "-").split("-")[1:] if len(subtag) == 2
    )
    for iso in (sim, *regions, "US"):
        found = country_of(iso, language)
        if found is not None:
            return found
    return countries(language)[0]


def _plain(text: str) -> str:
    """Lower case without accents: what people type when they search."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).replace("’", "'")
