"""What an operator sets about a sender: every fault is named at once, and no value is repeated."""

from __future__ import annotations

import pytest

from ringproof_rcml import Dialect
from ringproof_server.carriers import CarrierSettingsError, Channel
from ringproof_server.carriers.webhook.settings import WebhookSettings, read_settings
from tests.support.webhook_sender import SECRET

GOOD = {"url": "https://sender.example/ringproof?team=a", "secret": SECRET}
SECOND = "whsec_QW5vdGhlciBzZWNyZXQgZm9yIHRlc3RzIG9ubHkhISE="


def faults(**changes: str) -> tuple[str, ...]:
    with pytest.raises(CarrierSettingsError) as caught:
        read_settings({**GOOD, **changes})
    assert SECRET[6:] not in str(caught.value)
    return caught.value.faults


def test_url_and_secret_are_enough() -> None:
    """Flash calls and text messages, spoken documents in TwiML."""
    assert read_settings(GOOD) == WebhookSettings(
        url=GOOD["url"],
        secrets=(SECRET,),
        channels=frozenset({Channel.FLASHCALL, Channel.SMS}),
        dialect=Dialect.TWIML,
    )


def test_everything_can_be_set() -> None:
    """Lists with commas or spaces, in any case."""
    found = read_settings(
        {**GOOD, "secret": f"{SECOND}, {SECRET}", "channels": "SMS, whatsapp viber", "dialect": "RCML"}
    )
    assert found.secrets == (SECOND, SECRET)
    assert found.channels == {Channel.SMS, Channel.WHATSAPP, Channel.VIBER}
    assert found.dialect is Dialect.RCML


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("url", "http://sender.example/"),
        ("url", "sender.example"),
        ("url", "https://user:word@sender.example/"),
        ("url", "https://sender.example/#part"),
        ("url", "https://sender.example/ two"),
        ("url", "https://[::1"),
        ("url", "https://sender.example:port/"),
        ("secret", "a-word"),
        ("secret", "whsec_c2hvcnQ="),
        ("secret", "whsec_" + "QUJD" * 22),
        ("secret", "whsec_not base64"),
        ("secret", ","),
        ("secret", " ".join([SECRET] * 4)),
        ("channels", "fax"),
        ("channels", "voice"),
        ("channels", ","),
        ("dialect", "vxml"),
    ],
)
def test_a_wrong_value_is_one_fault(name: str, text: str) -> None:
    """Which names the setting and not its value."""
    (fault,) = faults(**{name: text})
    assert fault.startswith(f"{name} ")
    assert "word" not in fault


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:8080/a"])
def test_a_sender_on_this_machine_needs_no_https(url: str) -> None:
    """Nothing leaves it."""
    assert read_settings({**GOOD, "url": url}).url == url


def test_every_fault_is_told_at_once() -> None:
    """What is missing, what is wrong, and what does not exist."""
    with pytest.raises(CarrierSettingsError) as caught:
        read_settings({"channels": "fax", "colour": "blue"})
    assert [fault.split(" ")[0] for fault in caught.value.faults] == ["url", "secret", "channels", "colour"]


def test_nothing_secret_is_in_a_repr() -> None:
    """Addresses may hold tokens of their own."""
    assert SECRET[6:] not in repr(read_settings(GOOD))
    assert "team" not in repr(read_settings(GOOD))
