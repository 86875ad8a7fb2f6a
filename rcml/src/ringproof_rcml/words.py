"""The catalogue of words: one TOML file for each locale in the folder `words`, found by its name."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from ringproof_rcml.language_tags import lookup_order, well_formed

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class UnknownLocaleError(LookupError):
    """There is no catalogue of this name."""


class WordsError(ValueError):
    """A sentence was asked for that does not exist, or with other values than it has places for."""


@dataclass(frozen=True, slots=True)
class Locale:
    """What a person's preferences came to.

    `tag` names the catalogue ("de"); `requested` is what was asked for ("de-at") in lower case, which may
    name a region that matters to the voice though not to the words.
    """

    tag: str
    requested: str

    def __str__(self) -> str:
        return self.requested


@dataclass(frozen=True, slots=True)
class Words:
    """All sentences of one locale: `tag` ("pt-br", lower case), its own `name` for itself, `direction` ltr
    or rtl.
    """

    tag: str
    name: str
    direction: str
    sections: Mapping[str, Mapping[str, str]]

    def section(self, name: str) -> Mapping[str, str]:
        """All templates of a section by key, `{placeholders}` unfilled. Raises WordsError for an unknown
        section.
        """
        try:
            return self.sections[name]
        except KeyError:
            raise WordsError(f"no section {name!r} in the words of {self.tag!r}") from None

    def text(self, section: str, key: str, /, **values: str | int) -> str:
        """The sentence with every `{name}` replaced by its value.

        Values are inserted as they are and never looked through for placeholders themselves. Raises
        WordsError for an unknown section or key, and unless `values` has exactly the names the sentence
        has. The message of the error names names only, never a value, since a value may be a code.
        """
        template = self.section(section).get(key)
        if template is None:
            raise WordsError(f"no sentence {section}.{key} in the words of {self.tag!r}")
        wanted = placeholders(template)
        if wanted != values.keys():
            raise WordsError(
                f"{section}.{key} takes {_listed(wanted)}, was given {_listed(frozenset(values.keys()))}"
            )
        return _PLACEHOLDER.sub(lambda match: str(values[match.group(1)]), template)


def placeholders(template: str) -> frozenset[str]:
    """The names in braces in a template."""
    return frozenset(_PLACEHOLDER.findall(template))


@cache
def locales() -> tuple[str, ...]:
    """The tags of all catalogues, sorted."""
    folder = resources.files("ringproof_rcml").joinpath("words")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_words(locale: Locale | str) -> Words:
    """The words of a negotiated locale, or of the catalogue with exactly this tag; read once, then kept.

    Raises UnknownLocaleError if there is none; `negotiate` always finds one.
    """
    tag = locale.tag if isinstance(locale, Locale) else locale.lower()
    if tag not in locales():
        raise _unknown(tag)
    return _read(tag)


def negotiate(preferences: Sequence[str], default: str = "en") -> Locale:
    """The first of the preferred language tags there are words for, else the default.

    This is the lookup of RFC 4647, section 3.4: each tag in turn is shortened from its end until a
    catalogue has its name ("de-AT" finds "de"); before the next one's turn, it is looked for under the code
    its language has today and in its script ("iw" finds "he", "zh-TW" finds "zh-hant"). Tags that are not
    well formed are passed over. Raises UnknownLocaleError if there are no words for `default` either.
    """
    for preference in preferences:
        found = look_up(preference)
        if found is not None:
            return found
    fallback = look_up(default)
    if fallback is None:
        raise _unknown(default)
    return fallback


def look_up(tag: str) -> Locale | None:
    """The locale of one language tag, None if it is not well formed or there are no words for it."""
    requested = well_formed(tag)
    if requested is None:
        return None
    known = locales()
    return next((Locale(name, requested) for name in lookup_order(requested) if name in known), None)


def _unknown(tag: str) -> UnknownLocaleError:
    return UnknownLocaleError(f"no words for {tag[:40]!r}; there are {', '.join(locales())}")


@cache
def _read(tag: str) -> Words:
    file = resources.files("ringproof_rcml").joinpath("words", f"{tag}.toml")
    sections = tomllib.loads(file.read_text(encoding="utf-8"))
    about = sections.pop("locale")
    return Words(
        tag=tag,
        name=about["name"],
        direction=about["direction"],
        sections=MappingProxyType({name: MappingProxyType(texts) for name, texts in sections.items()}),
    )


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "no values"
