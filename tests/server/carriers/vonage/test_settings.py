"""The operator's settings: every fault at once, and no value in any of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from ringproof_rcml import Dialect
from ringproof_server.carriers import CarrierSettingsError, find_carriers
from ringproof_server.carriers.vonage import build
from ringproof_server.carriers.vonage.settings import read_settings
from ringproof_server.domain.channel import Channel
from ringproof_server.testing.options import carrier_options
from tests.support.vonage_fake import APPLICATION_ID, SIGNATURE_SECRET, private_key

NEEDED = {
    "application_id": APPLICATION_ID,
    "private_key": private_key(),
    "signature_secret": SIGNATURE_SECRET,
}


def faults_of(settings: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(CarrierSettingsError) as caught:
        read_settings(settings)
    shown = str(caught.value)
    assert not any(value in shown for value in settings.values() if len(value) > 3)
    return caught.value.faults


def test_it_is_found_by_its_name() -> None:
    assert find_carriers(["vonage"]) == {"vonage": build}


def test_what_is_needed_is_named_at_once() -> None:
    assert faults_of({}) == (
        "application_id must be set",
        "private_key must be set",
        "signature_secret must be set",
    )


def test_the_rest_has_defaults() -> None:
    """Without any sender only calls are offered."""
    found = read_settings(NEEDED)
    assert found.base_url == "https://api.nexmo.com"
    assert (found.api_key, found.whatsapp_template, found.template_languages) == (None, None, ("en",))
    assert found.machine_detection == "continue"
    calls = {Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD}
    assert build(carrier_options(NEEDED)).capabilities.channels == calls


def test_a_channel_is_offered_when_it_has_a_sender() -> None:
    senders = {
        "sender": "+447700900000",
        "whatsapp_sender": "+447700900001",
        "viber_sender": "12345",
        "messenger_sender": "107083064136738",
    }
    capabilities = build(carrier_options(NEEDED | senders)).capabilities
    assert capabilities.channels == {
        *(Channel.FLASHCALL, Channel.VOICE, Channel.KEYPAD),
        *(Channel.SMS, Channel.WHATSAPP, Channel.VIBER, Channel.MESSENGER),
    }
    assert (capabilities.calls_per_second, capabilities.messages_per_second) == (3.0, 30.0)
    assert capabilities.dialect is Dialect.NCCO
    assert capabilities.hangs_up
    assert capabilities.chooses_caller_id
    assert capabilities.reports_events


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("application_id", "my-application"),
        ("private_key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        ("private_key", "/no/such/file.pem"),
        ("signature_secret", "a" * 31),
        ("signature_secret", "é" * 40),
        ("api_key", "with space"),
        ("base_url", "voice.example"),
        ("base_url", "http://api.nexmo.com"),
        ("base_url", "https://api.nexmo.com/v1"),
        ("base_url", "https://user@api.nexmo.com"),
        ("base_url", "https://[::1"),
        ("sender", "a-sender-that-is-too-long"),
        ("sender", "<script>"),
        ("whatsapp_sender", "Ringproof"),
        ("viber_sender", "with space"),
        ("messenger_sender", "a" * 51),
        ("whatsapp_template", "code, with comma"),
        ("whatsapp_template_languages", "english"),
        ("whatsapp_template_languages", "en,,de"),
        ("machine_detection", "maybe"),
    ],
)
def test_what_cannot_be_used_is_a_fault_of_its_own(name: str, value: str) -> None:
    (fault,) = faults_of({**NEEDED, name: value})
    assert fault.startswith(f"{name} ")


def test_an_unknown_setting_is_a_fault_that_names_the_known_ones() -> None:
    (fault,) = faults_of({**NEEDED, "region": "eu"})
    assert fault.startswith("region is unknown (known are: api_key, application_id, base_url, ")


def test_the_private_key_may_be_a_file_or_one_line(tmp_path: Path) -> None:
    """An environment file has no room for line ends, so they may be written as `\\n`."""
    file = tmp_path / "private.key"
    file.write_text(private_key())
    written = (private_key(), str(file), private_key().replace("\n", "\\n"))
    keys = {read_settings({**NEEDED, "private_key": text}).private_key.private_numbers() for text in written}
    assert len(keys) == 1


def test_a_key_of_another_kind_is_a_fault() -> None:
    """A short key can be broken; one for another algorithm signs nothing that Vonage believes."""
    form = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1024).private_bytes(*form)
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(*form)
    for key in (short, other):
        assert faults_of({**NEEDED, "private_key": key.decode()}) == (
            "private_key is not an RSA key of at least 2048 bits",
        )


def test_regions_and_this_machine_can_be_the_base() -> None:
    for url in ("https://api-eu.vonage.com", "https://api-us.nexmo.com/", "http://127.0.0.1:8080"):
        assert read_settings({**NEEDED, "base_url": url}).base_url == url.rstrip("/")
