"""What the dialects of voice documents can speak, and with which voice."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from ringproof_rcml.language_tags import from_narrow_to_wide
from ringproof_rcml.overrides import NO_OVERRIDES, Overrides, worded
from ringproof_rcml.words import Locale, Words, load_words, negotiate


class Dialect(Enum):
    """What a carrier reads: Restcomm's RCML, Twilio's TwiML (both XML) or Vonage's NCCO (JSON)."""

    RCML = "rcml"
    TWIML = "twiml"
    NCCO = "ncco"

    @property
    def media_type(self) -> str:
        """The content type under which a document goes over HTTP."""
        return "application/json" if self is Dialect.NCCO else "text/xml"

    @property
    def file_suffix(self) -> str:
        """The ending of a document's file, with its dot."""
        return ".json" if self is Dialect.NCCO else ".xml"


@dataclass(frozen=True, slots=True)
class Voice:
    """The attributes `voice` and `language` of a Say element, or `style` and `language` of a talk action."""

    name: str
    language: str


def _rcml(*languages: str) -> dict[str, Voice]:
    return {language: Voice("woman", language) for language in languages}


# Restcomm compares the language with exact lower-case codes and reads everything it does not know with an
# English voice, without an error. Which codes it knows depends on the installed speech engine: the
# documented list (Acapela) and the one of the default engine (VoiceRSS) differ. Listed here is what both
# know. Arabic, for one, is only in the first: on a default installation an English voice would be handed
# Arabic letters. Italian is in both, yet the default engine looks it up under a misspelt configuration key.
_RCML: Final = _rcml("en", "en-gb", "es", "fr", "de", "nl", "pl", "pt", "ru", "ca", "sv", "fi")

# Voices from Twilio's list, all of them women's: Amazon Polly's standard voice where there is one, else
# Google's; "arb", "cmn-CN" and "cmn-TW" are the codes that list gives to Standard Arabic and Mandarin. Voices
# of the neural kind cost more and say nothing better. There is none for Persian.
_TWIML: Final = {
    "ar": Voice("Polly.Zeina", "arb"),
    "bg": Voice("Google.bg-BG-Standard-A", "bg-BG"),
    "cs": Voice("Google.cs-CZ-Standard-B", "cs-CZ"),
    "cy": Voice("Polly.Gwyneth", "cy-GB"),
    "da": Voice("Polly.Naja", "da-DK"),
    "de": Voice("Polly.Marlene", "de-DE"),
    "el": Voice("Google.el-GR-Standard-B", "el-GR"),
    "en": Voice("Polly.Joanna", "en-US"),
    "en-au": Voice("Polly.Nicole", "en-AU"),
    "en-gb": Voice("Polly.Amy", "en-GB"),
    "en-in": Voice("Polly.Raveena", "en-IN"),
    "es": Voice("Polly.Conchita", "es-ES"),
    "es-mx": Voice("Polly.Mia", "es-MX"),
    "fi": Voice("Google.fi-FI-Standard-B", "fi-FI"),
    "fr": Voice("Polly.Celine", "fr-FR"),
    "fr-ca": Voice("Polly.Chantal", "fr-CA"),
    "he": Voice("Google.he-IL-Standard-A", "he-IL"),
    "hi": Voice("Polly.Aditi", "hi-IN"),
    "hu": Voice("Google.hu-HU-Standard-B", "hu-HU"),
    "id": Voice("Google.id-ID-Standard-A", "id-ID"),
    "is": Voice("Polly.Dora", "is-IS"),
    "it": Voice("Polly.Carla", "it-IT"),
    "ja": Voice("Polly.Mizuki", "ja-JP"),
    "ko": Voice("Polly.Seoyeon", "ko-KR"),
    "nb": Voice("Polly.Liv", "nb-NO"),
    "nl": Voice("Polly.Lotte", "nl-NL"),
    "pl": Voice("Polly.Maja", "pl-PL"),
    "pt": Voice("Polly.Ines", "pt-PT"),
    "pt-br": Voice("Polly.Vitoria", "pt-BR"),
    "ro": Voice("Polly.Carmen", "ro-RO"),
    "ru": Voice("Polly.Tatyana", "ru-RU"),
    "sk": Voice("Google.sk-SK-Standard-B", "sk-SK"),
    "sv": Voice("Polly.Astrid", "sv-SE"),
    "th": Voice("Google.th-TH-Standard-A", "th-TH"),
    "tr": Voice("Polly.Filiz", "tr-TR"),
    "uk": Voice("Google.uk-UA-Standard-A", "uk-UA"),
    "vi": Voice("Google.vi-VN-Standard-A", "vi-VN"),
    "zh": Voice("Polly.Zhiyu", "cmn-CN"),
    "zh-hant": Voice("Google.cmn-TW-Standard-A", "cmn-TW"),
}


def _ncco(languages: dict[str, str]) -> dict[str, Voice]:
    return {tag: Voice("0", language) for tag, language in languages.items()}


# The languages in the published description of Vonage's Voice API; style 0 is each one's default voice. Left
# out is "no-NO", which says the same as "nb-NO", and "en-GB-WLS", an accent of English. Bulgarian and Persian
# are not among them.
_NCCO: Final = _ncco(
    {
        "ar": "ar",
        "ca": "ca-ES",
        "cs": "cs-CZ",
        "cy": "cy-GB",
        "da": "da-DK",
        "de": "de-DE",
        "el": "el-GR",
        "en": "en-US",
        "en-au": "en-AU",
        "en-gb": "en-GB",
        "en-in": "en-IN",
        "en-za": "en-ZA",
        "es": "es-ES",
        "es-mx": "es-MX",
        "es-us": "es-US",
        "eu": "eu-ES",
        "fi": "fi-FI",
        "fil": "fil-PH",
        "fr": "fr-FR",
        "fr-ca": "fr-CA",
        "he": "he-IL",
        "hi": "hi-IN",
        "hu": "hu-HU",
        "id": "id-ID",
        "is": "is-IS",
        "it": "it-IT",
        "ja": "ja-JP",
        "ko": "ko-KR",
        "nb": "nb-NO",
        "nl": "nl-NL",
        "pl": "pl-PL",
        "pt": "pt-PT",
        "pt-br": "pt-BR",
        "ro": "ro-RO",
        "ru": "ru-RU",
        "sk": "sk-SK",
        "sv": "sv-SE",
        "th": "th-TH",
        "tr": "tr-TR",
        "uk": "uk-UA",
        "vi": "vi-VN",
        "yue": "yue-CN",
        "zh": "cmn-CN",
        "zh-hant": "cmn-TW",
    }
)

VOICES: Final = MappingProxyType(
    {
        Dialect.RCML: MappingProxyType(_RCML),
        Dialect.TWIML: MappingProxyType(_TWIML),
        Dialect.NCCO: MappingProxyType(_NCCO),
    }
)


def speech(
    dialect: Dialect, locale: Locale | str, overrides: Overrides = NO_OVERRIDES
) -> tuple[Words, Voice]:
    """The words a person hears and the voice that speaks them: always of one language.

    A string is any language tag, also an unknown or malformed one. Where there are no words for it, or the
    dialect has no voice for them, both words and voice are English: a voice that reads another language's
    letters helps nobody. The words are those of an operator where `overrides` has some in that language.
    """
    asked = locale if isinstance(locale, Locale) else negotiate([locale], default="en")
    voices = VOICES[dialect]
    voice = next((voices[name] for name in _voice_names(asked) if name in voices), None)
    if voice is None:
        return worded(load_words("en"), overrides), voices["en"]
    return worded(load_words(asked), overrides), voice


def _voice_names(asked: Locale) -> Iterator[str]:
    """Names of voices from the best to the last that speaks the same language.

    What was asked for comes first ("fr-ca"), but nothing wider than the words: "zh-tw" would be shortened to
    "zh", whose voice is the one for the other script.
    """
    requested = from_narrow_to_wide(asked.requested)
    yield from (name for name in requested if not asked.tag.startswith(f"{name}-"))
    yield from from_narrow_to_wide(asked.tag)
