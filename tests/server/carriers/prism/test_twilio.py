"""What we ask of Twilio is what Twilio has published: the official client against the description's mock.

The mock checks names, types and formats of every request and keeps no state, so that what happens afterwards
is told elsewhere. Of repeated fields it sees the last one only: `test_requests.py` looks at all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from ringproof_server.carriers import CarrierError, CarrierMisconfigured, Channel, Timeouts
from ringproof_server.carriers.twilio import TwilioCarrier, build
from ringproof_server.carriers.twilio.api import TwilioApi
from ringproof_server.carriers.twilio.settings import read_settings
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.testing.clock import FakeClock
from ringproof_server.testing.options import carrier_options
from tests.server.carriers.twilio.far_side import (
    CALLER_ID,
    NUMBER,
    SERVICE,
    SETTINGS,
    TEMPLATE,
    call,
    message,
)
from tests.support.prism import for_the_mock, prism, published

CALL = "CA" + "0f" * 16
PATIENT = Timeouts(connect=5, total=30)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Twilio's published API is mocked."""
    folder = tmp_path_factory.mktemp("prism")
    description = for_the_mock(published("twilio_api_v2010.json"), folder / "twilio.json")
    with prism(description, folder / "prism.log") as url:
        yield url


@pytest.fixture
def api(address: str) -> TwilioApi:
    return TwilioApi(read_settings({**SETTINGS, "base_url": address}), PATIENT)


def carrier(address: str, **settings: str) -> TwilioCarrier:
    chosen = {**SETTINGS, "base_url": address, **settings}
    return build(carrier_options({n: v for n, v in chosen.items() if v}, timeouts=PATIENT))


def test_a_call_is_accepted(address: str) -> None:
    """With its document, its time limits and all four events; the answer names the call."""
    placed = carrier(address).place_call(call())
    assert placed.remote_id.startswith("CA")


def test_a_hang_up_is_accepted(address: str) -> None:
    """Both ways of ending a call are of the published two."""
    carrier(address).hang_up(CALL)


@pytest.mark.parametrize("status", ["canceled", "completed"])
def test_both_ends_of_a_call_are_in_the_description(api: TwilioApi, status: str) -> None:
    api._update_call(CALL, status, frozenset())


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_a_message_from_a_sender_is_accepted(address: str, channel: Channel) -> None:
    assert carrier(address).send_message(message(channel)).remote_id.startswith(("SM", "MM"))


def test_a_message_of_a_service_is_accepted(address: str) -> None:
    """The service takes the place of the sender."""
    sent = carrier(address, sender="", messaging_service_sid=SERVICE).send_message(message(Channel.SMS))
    assert sent.remote_id.startswith(("SM", "MM"))


def test_a_template_is_accepted(address: str) -> None:
    """It takes the place of the text."""
    sent = carrier(address, whatsapp_content_sid=TEMPLATE).send_message(message(Channel.WHATSAPP))
    assert sent.remote_id.startswith(("SM", "MM"))


@pytest.mark.parametrize("channel", [Channel.FLASHCALL, Channel.SMS])
def test_look_ups_are_accepted(address: str, channel: Channel) -> None:
    """Their examples are about other numbers of other years, so nothing is found."""
    now = FakeClock().now()
    attempt = Attempt(
        id="att_1", verification_id="vrf_1", channel=channel, step=0, caller_id=CALLER_ID, queued_at=now
    )
    assert carrier(address).find(attempt, PhoneNumber.parse(NUMBER)) is None


def test_the_account_and_its_numbers_can_be_asked_for(address: str) -> None:
    carrier(address).ping()
    assert all(number.startswith("+") for number in carrier(address).owned_numbers())


CALL_FIELDS = {"to": NUMBER, "from_": CALLER_ID, "url": "https://ringproof.example/rcml/a"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": None},
        {"from_": None},
        {"timeout": "soon"},
        {"method": "FETCH"},
        {"url": "not a url at all"},
        {"status_callback": "neither is this"},
    ],
    ids=str,
)
def test_the_mock_rejects_calls_that_are_wrong(api: TwilioApi, wrong: dict[str, str | None]) -> None:
    """So what it accepts above is right."""
    assert api.create_call(**CALL_FIELDS).startswith("CA")
    _rejected(partial(api.create_call, **{**CALL_FIELDS, **wrong}))


@pytest.mark.parametrize(
    "wrong", [{"to": None}, {"messaging_service_sid": "MG1"}, {"validity_period": "x"}], ids=str
)
def test_the_mock_rejects_messages_that_are_wrong(api: TwilioApi, wrong: dict[str, str | None]) -> None:
    fields = {"to": NUMBER, "from_": CALLER_ID, "body": "Hello"}
    assert api.create_message(**fields).startswith(("SM", "MM"))
    _rejected(partial(api.create_message, **{**fields, **wrong}))


def test_the_mock_rejects_a_hang_up_that_is_wrong(api: TwilioApi) -> None:
    _rejected(partial(api._update_call, CALL, "bogus", frozenset()))
    _rejected(partial(api._update_call, "CAxyz", "canceled", frozenset()))


def _rejected(ask: Callable[[], object]) -> None:
    with pytest.raises(CarrierError) as caught:
        ask()
    assert isinstance(caught.value, CarrierMisconfigured)
    assert "422" in str(caught.value)
