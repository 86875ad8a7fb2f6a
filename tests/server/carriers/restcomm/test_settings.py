"""What an operator sets about Restcomm: every fault is named at once, and no value is repeated."""

from __future__ import annotations

import pytest

from ringproof_server.carriers import CarrierSettingsError
from ringproof_server.carriers.restcomm.settings import RestcommSettings, read_settings

GOOD = {
    "base_url": "https://cloud.restcomm.example",
    "account_sid": "AC" + "0123456789abcdef" * 2,
    "auth_token": "a-token-that-nobody-may-see",
}


def faults(**changes: str) -> tuple[str, ...]:
    with pytest.raises(CarrierSettingsError) as caught:
        read_settings({**GOOD, **changes})
    assert "a-token" not in str(caught.value)
    return caught.value.faults


def test_good_settings_are_taken_as_they_are() -> None:
    """A slash at the end of the URL makes no difference, and without a sender there are no messages."""
    assert read_settings({**GOOD, "base_url": GOOD["base_url"] + "/"}) == RestcommSettings(
        **GOOD, sms_from=None
    )
    assert read_settings({**GOOD, "sms_from": "+442071838750"}).sms_from == "+442071838750"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]", "https://rc.example:8443/telephony"],
)
def test_a_server_may_be_on_this_machine_or_behind_a_path(url: str) -> None:
    """Only there the token may go unencrypted."""
    assert read_settings({**GOOD, "base_url": url}).base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://restcomm.example",
        "ftp://restcomm.example",
        "restcomm.example",
        "https://",
        "https://user:word@restcomm.example",
        "https://restcomm.example/restcomm",
        "https://restcomm.example/restcomm/2012-04-24/",
        "https://restcomm.example?a=b",
        "https://restcomm.example:port",
        "https://[::1",
    ],
)
def test_a_wrong_url_is_a_fault(url: str) -> None:
    """One fault, which does not repeat it: it may hold a password."""
    (fault,) = faults(base_url=url)
    assert fault.startswith("base_url ")
    assert "word" not in fault


def test_every_fault_is_told_at_once() -> None:
    """What is missing, what is wrong, and what does not exist."""
    with pytest.raises(CarrierSettingsError) as caught:
        read_settings({"auth_token": "two words", "sms_from": "Ringproof", "colour": "blue", "region": "eu"})
    names = [fault.split(" ")[0] for fault in caught.value.faults]
    assert names == ["base_url", "account_sid", "auth_token", "sms_from", "colour", "region"]


@pytest.mark.parametrize("sid", ["AC/../x", "A C", "a" * 65, "ä"])
def test_a_sid_that_cannot_stand_in_a_path_is_a_fault(sid: str) -> None:
    """It is part of every address."""
    assert len(faults(account_sid=sid)) == 1


def test_the_token_is_in_no_repr() -> None:
    """Settings may be shown in a traceback."""
    assert "a-token" not in repr(read_settings(GOOD))
