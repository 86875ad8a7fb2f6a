"""What every carrier reads its settings with: all faults at once, no value repeated, one way to say on."""

from __future__ import annotations

import pytest

from ringproof_server.carriers import CarrierSettingsError
from ringproof_server.carriers.settings import SettingsReader, address_for_secrets, matching, switch

word = matching("[a-z]+", "a word")


def test_what_is_right_is_taken_and_the_rest_has_its_default() -> None:
    """A text of spaces is as good as none: operators blank out lines of their environment."""
    reader = SettingsReader({"one": " right ", "two": " ", "three": ""})
    assert reader.need("one", word) == "right"
    assert reader.take("two", word, "usual") == "usual"
    assert reader.take("three", word, None) is None
    reader.finish("any")


def test_every_fault_is_told_in_order_and_repeats_no_value() -> None:
    reader = SettingsReader({"wrong": "S3cret", "strange": "S3cret", "odd": "S3cret"})
    assert reader.need("absent", word) is None
    assert reader.take("wrong", word, "usual") == "usual"
    with pytest.raises(CarrierSettingsError) as caught:
        reader.finish("any")
    assert caught.value.carrier == "any"
    assert caught.value.faults == (
        "absent must be set",
        "wrong is not a word",
        "odd is unknown (known are: absent, wrong)",
        "strange is unknown (known are: absent, wrong)",
    )


def test_what_nobody_took_is_left_for_the_next_reader() -> None:
    reader = SettingsReader({"mine": "x", "theirs": "y"})
    reader.take("mine", word, None)
    assert reader.rest() == {"theirs": "y"}


@pytest.mark.parametrize(
    ("text", "value"), [("on", True), ("Yes", True), ("1", True), ("off", False), ("false", False)]
)
def test_a_switch_is_on_or_off(text: str, value: bool) -> None:
    assert switch(text) is value


@pytest.mark.parametrize(
    "text",
    [
        "http://carrier.example",
        "http://192.0.2.1",
        "http://127.0.0.1.example",
        "ftp://localhost",
        "carrier.example",
        "https://",
        "https://user@carrier.example",
        "https://@carrier.example",
        "https://carrier.example/#part",
        "https://carrier.example/\nHost:",
        "https://carrier.example/a b",
        "https://carrier.example:port",
        "https://[::1",
        "https://carrier.example/" + "a" * 2048,
    ],
)
def test_secrets_go_nowhere_in_the_clear(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|must) ") as caught:
        address_for_secrets(text)
    assert "carrier.example" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["https://carrier.example:8443/path?a=b", "http://127.0.0.1:80", "http://[::1]", "http://localhost/"],
)
def test_secrets_go_by_https_or_stay_on_this_machine(text: str) -> None:
    assert address_for_secrets(text).geturl() == text
