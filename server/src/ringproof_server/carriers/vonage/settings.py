"""The account at Vonage, as the operator sets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ringproof_server.carriers.settings import SettingsReader, address_for_secrets, matching
from ringproof_server.domain.channel import Channel

MachineDetection = Literal["off", "continue", "hangup"]

DEFAULT_DETECTION: Final[MachineDetection] = "continue"
DEFAULT_BASE_URL: Final = "https://api.nexmo.com"
SHORTEST_RSA_KEY: Final = 2048
SHORTEST_SECRET: Final = 32
"""In characters: a key for HS256 is at least as long as its hash (RFC 7518, section 3.2)."""
_LONGEST_KEY_FILE: Final = 16_384

_APPLICATION_ID: Final = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_API_KEY: Final = r"[0-9A-Za-z]{4,32}"
_SENDER: Final = r"\+?[0-9]{3,15}|(?=.*[A-Za-z])[0-9A-Za-z ]{1,11}"
_NUMBER: Final = r"\+?[1-9][0-9]{6,14}"
_SERVICE: Final = r"[0-9A-Za-z_.-]{1,50}"
_TEMPLATE: Final = r"[0-9A-Za-z_:-]{1,200}"
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(_[A-Za-z]{2,4})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class VonageSettings:
    """`senders` have no plus sign; a channel without one is not offered.

    `template_languages` are those in which the WhatsApp template is approved, the one to fall back to first.
    """

    application_id: str
    private_key: RSAPrivateKey = field(repr=False)
    signature_secret: str = field(repr=False)
    api_key: str | None
    base_url: str
    senders: Mapping[Channel, str]
    whatsapp_template: str | None
    template_languages: tuple[str, ...]
    machine_detection: MachineDetection


def read_settings(settings: Mapping[str, str]) -> VonageSettings:
    """Raises `CarrierSettingsError` with every fault at once; none repeats a value."""
    reader = SettingsReader(settings)
    application_id = reader.need("application_id", matching(_APPLICATION_ID, "an application's id"))
    private_key = reader.need("private_key", _private_key)
    signature_secret = reader.need("signature_secret", _secret)
    api_key = reader.take("api_key", matching(_API_KEY, "an API key"), None)
    base_url = reader.take("base_url", _base_url, DEFAULT_BASE_URL)
    senders = _senders(reader)
    template = reader.take("whatsapp_template", matching(_TEMPLATE, "a template's name"), None)
    languages = reader.take("whatsapp_template_languages", _languages, ("en",))
    detection = reader.take("machine_detection", _detection, DEFAULT_DETECTION)
    reader.finish("vonage")
    assert application_id is not None
    assert private_key is not None
    assert signature_secret is not None
    return VonageSettings(
        application_id=application_id,
        private_key=private_key,
        signature_secret=signature_secret,
        api_key=api_key,
        base_url=base_url,
        senders=senders,
        whatsapp_template=template,
        template_languages=languages,
        machine_detection=detection,
    )


def _senders(reader: SettingsReader) -> dict[Channel, str]:
    number = matching(_NUMBER, "a phone number with its country code")
    service = matching(_SERVICE, "an id of up to 50 characters")
    readers = {
        Channel.SMS: ("sender", matching(_SENDER, "a number, or up to 11 letters and digits")),
        Channel.WHATSAPP: ("whatsapp_sender", number),
        Channel.VIBER: ("viber_sender", service),
        Channel.MESSENGER: ("messenger_sender", service),
    }
    found = {channel: reader.take(name, read, None) for channel, (name, read) in readers.items()}
    return {channel: sender.lstrip("+") for channel, sender in found.items() if sender is not None}


def _private_key(text: str) -> RSAPrivateKey:
    """The key itself, or the path of its file; in an environment file its lines may be joined by `\\n`."""
    pem = text.replace("\\n", "\n") if "-----BEGIN" in text else _file(text)
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        raise ValueError("is not a private key in PEM without a password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SHORTEST_RSA_KEY:
        raise ValueError(f"is not an RSA key of at least {SHORTEST_RSA_KEY} bits")
    return key


def _file(name: str) -> str:
    try:
        with Path(name).open(encoding="ascii") as file:
            return file.read(_LONGEST_KEY_FILE)
    except (OSError, ValueError):
        raise ValueError("is neither a private key in PEM nor a file that can be read") from None


def _secret(text: str) -> str:
    if len(text) < SHORTEST_SECRET or not text.isascii():
        raise ValueError(f"has fewer than {SHORTEST_SECRET} characters; make a longer one in the dashboard")
    return text


def _base_url(text: str) -> str:
    parts = address_for_secrets(text)
    if parts.path.strip("/") or parts.query:
        raise ValueError(f"is not an address without a path, such as {DEFAULT_BASE_URL}")
    return text.rstrip("/")


def _languages(text: str) -> tuple[str, ...]:
    found = tuple(part.strip().replace("-", "_") for part in text.split(","))
    if not all(_LANGUAGE.fullmatch(language) for language in found):
        raise ValueError("is not a list of languages such as en,de,pt_BR")
    return found


def _detection(text: str) -> MachineDetection:
    if text not in {"off", "continue", "hangup"}:
        raise ValueError("is none of off, continue and hangup")
    return text  # type: ignore[return-value]  # One of the three, as was just seen.
