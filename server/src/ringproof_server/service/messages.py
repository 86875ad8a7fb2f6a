"""The language a person is addressed in, and the texts that carry a code."""

from __future__ import annotations

from urllib.parse import urlsplit

import ringproof_rcml
from ringproof_server.domain.application import Application
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.code import spell
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Verification

# Countries in which one language clearly leads; where several do (Belgium, Canada, India, Switzerland,
# Singapore, Morocco, Kazakhstan), English is the fairer guess. Who wants another one says so.
_REGIONS_OF_LANGUAGE = {
    "ar": ("EG", "SA", "AE", "JO", "KW", "QA", "OM", "BH", "IQ", "YE", "SY", "LY", "PS", "SD"),
    "bg": ("BG",),
    "cs": ("CZ",),
    "da": ("DK",),
    "de": ("DE", "AT", "LI"),
    "el": ("GR", "CY"),
    "es": (
        *("ES", "MX", "AR", "CO", "CL", "PE", "EC", "UY", "VE"),
        *("BO", "CR", "CU", "DO", "GT", "HN", "NI", "PA", "PY", "SV"),
    ),
    "fa": ("IR",),
    "fi": ("FI",),
    "fr": ("FR", "MC", "SN", "CI"),
    "he": ("IL",),
    "hu": ("HU",),
    "id": ("ID",),
    "it": ("IT", "SM", "VA"),
    "ja": ("JP",),
    "ko": ("KR",),
    "nb": ("NO", "SJ"),
    "nl": ("NL", "SR"),
    "pl": ("PL",),
    "pt": ("PT", "AO", "MZ", "CV"),
    "pt-br": ("BR",),
    "ro": ("RO", "MD"),
    "ru": ("RU", "BY"),
    "sk": ("SK",),
    "sv": ("SE", "AX"),
    "th": ("TH",),
    "tr": ("TR",),
    "uk": ("UA",),
    "vi": ("VN",),
    "zh-hans": ("CN",),
    "zh-hant": ("TW", "HK", "MO"),
}
_LANGUAGE_OF_REGION = {
    region: language for language, regions in _REGIONS_OF_LANGUAGE.items() for region in regions
}


def locale_for(language: str | None, number: PhoneNumber) -> ringproof_rcml.Locale:
    """The locale of a person's texts: what was asked for, else the number's country's, else English."""
    wanted = [language] if language else []
    usual = _LANGUAGE_OF_REGION.get(number.region or "")
    return ringproof_rcml.negotiate([*wanted, *([usual] if usual else [])], "en")


def code_of(application: Application, verification: Verification, code_key: bytes) -> str:
    """The code of a verification that has one."""
    assert verification.code_seed is not None
    return spell(code_key, verification.code_seed, application.policy.code_digits)


def code_message(
    application: Application, verification: Verification, code: str, channel: Channel = Channel.SMS
) -> str:
    """The one text that serves SMS Retriever, WebOTP and people at once; on other channels people only, since
    apps and pages read nothing but SMS."""
    read_by_machines = channel is Channel.SMS
    words = ringproof_rcml.worded(
        ringproof_rcml.load_words(locale_for(verification.language, verification.number)), application.texts
    )
    origin = verification.capabilities.web_origin if read_by_machines else None
    host = urlsplit(origin).hostname if origin else None
    transaction = verification.transaction
    return ringproof_rcml.sms(
        words,
        application.brand,
        code,
        app_hash=verification.capabilities.sms_app_hash if read_by_machines else None,
        origin_host=host if host is not None and ringproof_rcml.is_host(host) else None,
        transaction=None
        if transaction is None
        else ringproof_rcml.Transaction(transaction.amount, transaction.currency, transaction.payee),
    )
