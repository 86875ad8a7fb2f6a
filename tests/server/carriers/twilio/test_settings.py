"""The settings of Twilio: every fault at once, and no value in any of them."""

from __future__ import annotations

import pytest

from ringproof_server.carriers import CarrierSettingsError
from ringproof_server.carriers.twilio import TwilioSettings, build
from ringproof_server.carriers.twilio.settings import read_settings
from ringproof_server.testing.options import carrier_options
from tests.server.carriers.twilio.far_side import SERVICE, SID, TEMPLATE, TOKEN

NEEDED = {"account_sid": SID, "auth_token": TOKEN}


def faults_of(settings: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(CarrierSettingsError) as caught:
        read_settings(settings)
    return caught.value.faults


def test_account_and_token_are_enough() -> None:
    assert read_settings(NEEDED) == TwilioSettings(account_sid=SID, auth_token=TOKEN)


def test_an_empty_text_is_as_good_as_none() -> None:
    """Operators blank out lines of their environment."""
    assert read_settings({**NEEDED, "sender": "", "region": ""}) == read_settings(NEEDED)


def test_every_fault_is_named_at_once() -> None:
    faults = faults_of({"account_sid": "AC1", "senders": "+447480000001", "region": "Ireland"})
    assert [fault.split()[0] for fault in faults] == ["account_sid", "auth_token", "region", "senders"]
    assert "is unknown" in faults[-1]


def test_no_fault_repeats_a_value() -> None:
    """A token in the wrong place stays out of the terminal and the log."""
    told = " ".join(faults_of(dict.fromkeys((*NEEDED, "sender", "webhook_secret", "base_url"), f"{TOKEN} ")))
    assert TOKEN not in told


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("base_url", "https://twilio.example"),
        ("base_url", "https://twilio.example:8443/path/"),
        ("base_url", "http://127.0.0.1:4010"),
        ("base_url", "http://localhost:4010"),
        ("base_url", "http://[::1]:4010"),
        ("region", "ie1"),
        ("edge", "dublin"),
        ("edge", "ashburn-ix"),
        ("sender", "+447480000001"),
        ("sender", "12345"),
        ("sender", "Ringproof"),
        ("messaging_service_sid", SERVICE),
        ("whatsapp_sender", "+447480000001"),
        ("whatsapp_code_variable", "code"),
    ],
)
def test_what_is_right_is_taken(name: str, text: str) -> None:
    assert getattr(read_settings({**NEEDED, name: text}), name) == text.rstrip("/")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("base_url", "http://twilio.example"),
        ("base_url", "ftp://127.0.0.1"),
        ("base_url", "https://user:password@twilio.example"),
        ("base_url", "https://twilio.example/?a=1"),
        ("base_url", "https://twilio.example:port"),
        ("base_url", "https://"),
        ("region", "ie1.evil.example"),
        ("edge", "dublin/"),
        ("sender", "447480000001"),
        ("sender", "Ringproof Ltd"),
        ("sender", "123456789012"),
        ("auth_token", "short"),
        ("auth_token", "a token with spaces"),
        ("webhook_secret", "short"),
        ("messaging_service_sid", SERVICE + "0"),
        ("whatsapp_content_sid", SERVICE),
        ("whatsapp_code_variable", "{{1}}"),
        ("sender", "+4474800000019999999" * 20),
    ],
)
def test_what_is_wrong_is_a_fault(name: str, text: str) -> None:
    """Above all an address to which the auth token would travel in the clear, or that is not Twilio's."""
    others = {**NEEDED, "whatsapp_sender": "+447480000001"}
    (fault,) = faults_of({**others, name: text})
    assert fault.startswith(f"{name} ")


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "https://twilio.example", "region": "ie1"},
        {"base_url": "https://twilio.example", "edge": "dublin"},
        {"sender": "Ringproof", "messaging_service_sid": SERVICE},
        {"whatsapp_content_sid": TEMPLATE},
    ],
)
def test_what_contradicts_itself_is_a_fault(settings: dict[str, str]) -> None:
    assert len(faults_of({**NEEDED, **settings})) == 1


def test_credentials_are_not_shown() -> None:
    """Neither by the settings nor by the carrier made of them."""
    settings = {**NEEDED, "webhook_secret": TOKEN[::-1]}
    carrier = build(carrier_options(settings))
    shown = f"{read_settings(settings)!r} {carrier!r}"
    assert TOKEN not in shown
    assert TOKEN[::-1] not in shown


def test_the_environment_of_the_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK would look there for an edge and a region, behind the operator's back."""
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    client = build(carrier_options(NEEDED))._api._client
    assert client.get_hostname("https://api.twilio.com/x") == "https://api.twilio.com/x"


def test_region_and_edge_make_up_the_address() -> None:
    client = build(carrier_options({**NEEDED, "region": "ie1", "edge": "dublin"}))._api._client
    assert client.get_hostname("https://api.twilio.com/x") == "https://api.dublin.ie1.twilio.com/x"
