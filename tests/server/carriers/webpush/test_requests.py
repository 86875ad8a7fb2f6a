"""What a push service is sent, what its answers mean, and where nothing is ever sent."""

from __future__ import annotations

import json

import pytest

from ringproof_server.carriers import CarrierOptions, CarrierSettingsError, find_carriers
from ringproof_server.carriers.webpush.carrier import JWT_LIFE
from ringproof_server.carriers.webpush.settings import read_settings
from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    NumberUnreachable,
    OutcomeUnknown,
    RecipientGone,
)
from ringproof_server.domain.web_push import (
    Subscription,
    application_server_seed,
    encoded,
    private_key,
    public_point,
    read_subscription,
)
from tests.server.carriers.webpush.bench import NUMBER, SEALS, message, webpush
from tests.support.push_service import LONGEST_LIFE, SUBJECT


def test_the_service_worker_gets_brand_text_code_and_language_and_no_number() -> None:
    with webpush() as both:
        browser = both.service.browser()
        both.carrier.send_message(message(browser.subscription, text="493817 ist Ihr Code."))
        [received] = browser.received
    assert received.said == {
        "brand": "Bücher & mehr",
        "text": "493817 ist Ihr Code.",
        "code": "493817",
        "language": "de",
    }
    told = json.dumps(received.headers).encode() + received.body
    for secret in (b"493817", NUMBER.e164[1:].encode(), NUMBER.e164[-6:].encode()):
        assert secret not in told


def test_it_is_urgent_and_lives_as_long_as_its_step() -> None:
    with webpush() as both:
        browser = both.service.browser()
        both.carrier.send_message(message(browser.subscription, lifetime=118))
        headers = browser.received[0].headers
    assert (headers["ttl"], headers["urgency"]) == ("118", "high")


def test_the_push_service_knows_who_sends() -> None:
    """Signed for this push service, by the key that pages are given, for less than a day (RFC 8292)."""
    with webpush() as both:
        browser = both.service.browser()
        both.carrier.send_message(message(browser.subscription))
        claims, keys = browser.received[0].claims, both.service.keys
        now = int(both.clock.now().timestamp())
    assert claims == {"aud": both.service.url, "exp": now + JWT_LIFE.total_seconds(), "sub": SUBJECT}
    assert claims["exp"] - now < LONGEST_LIFE
    assert keys == {encoded(public_point(private_key(application_server_seed(SEALS.digest))))}


def test_no_two_messages_are_encrypted_alike() -> None:
    with webpush() as both:
        browser = both.service.browser()
        for _ in range(2):
            both.carrier.send_message(message(browser.subscription))
        first, second = (received.body for received in browser.received)
    assert first[:16] != second[:16]
    assert first[21:86] != second[21:86]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, RecipientGone),
        (410, RecipientGone),
        (429, CarrierThrottled),
        (403, CarrierMisconfigured),
        (500, OutcomeUnknown),
        (503, OutcomeUnknown),
        (307, NumberUnreachable),
    ],
)
def test_each_refusal_says_what_to_do(status: int, error: type[CarrierError]) -> None:
    with webpush() as both:
        browser = both.service.browser()
        browser.status = status
        with pytest.raises(CarrierError) as refused:
            both.carrier.send_message(message(browser.subscription))
    assert type(refused.value) is error
    assert "/push/" not in str(refused.value)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
def test_a_name_that_leads_to_a_private_address_is_sent_nothing(address: str) -> None:
    with webpush(private=False, lookup=lambda *_: [address]) as both:
        browser = both.service.browser()
        port = both.service.url.rpartition(":")[2]
        subscription = Subscription(
            endpoint=f"https://push.example:{port}/push/{browser.name}",
            p256dh=browser.subscription.p256dh,
            auth=browser.subscription.auth,
        )
        with pytest.raises(NumberUnreachable):
            both.carrier.send_message(message(subscription))
        with pytest.raises(NumberUnreachable):
            both.carrier.send_message(message(browser.subscription))
        assert both.service.taken() == 0


def test_a_name_that_nobody_knows_is_an_outage() -> None:
    def nobody(*_: object) -> list[str]:
        raise OSError

    with webpush(private=False, lookup=nobody) as both:
        browser = both.service.browser()
        known = browser.subscription
        subscription = Subscription(endpoint="https://push.example/x", p256dh=known.p256dh, auth=known.auth)
        with pytest.raises(CarrierUnavailable):
            both.carrier.send_message(message(subscription))


def test_without_a_subscription_nothing_is_sent() -> None:
    with webpush() as both, pytest.raises(NumberUnreachable):
        both.carrier.send_message(message(None))


def test_a_subscription_survives_being_written_down() -> None:
    with webpush() as both:
        subscription = both.service.browser().subscription
    assert read_subscription(subscription.as_text()) == subscription
    for text in ("", "[]", "{}", '["https://push.example", "", ""]', '["a", 1, 2]', "null"):
        with pytest.raises(ValueError):  # noqa: PT011 - which of many reasons it is does not matter
            read_subscription(text)


@pytest.mark.parametrize(
    ("settings", "faults"),
    [
        ({}, ["subject must be set"]),
        ({"subject": "operator"}, ["subject is not a mailto: or https: address"]),
        ({"subject": SUBJECT, "private_addresses": "perhaps"}, ["private_addresses must be on or off"]),
        ({"subject": SUBJECT, "key": "x"}, ["key is unknown (known are: private_addresses, subject)"]),
    ],
)
def test_every_fault_of_the_settings_is_told(settings: dict[str, str], faults: list[str]) -> None:
    with pytest.raises(CarrierSettingsError) as refused:
        read_settings(settings)
    assert list(refused.value.faults) == faults


def test_it_is_found_by_its_entry_point() -> None:
    with webpush() as both:
        build = find_carriers(["webpush"])["webpush"]
        options = CarrierOptions(
            settings={"subject": SUBJECT},
            clock=both.clock,
            random=both.carrier._random,
            seals=SEALS,
            store=None,  # type: ignore[arg-type]
            public_url="https://ringproof.example",
            log=None,  # type: ignore[arg-type]
        )
        assert build(options).name == "webpush"
