"""What is asked of Vonage, to the letter."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema_rs
import jwt
import pytest
import yaml  # type: ignore[import-untyped]

from ringproof_rcml import Dialect
from ringproof_rcml.dialect import VOICES
from ringproof_server.carriers.vonage.outgoing import template_language
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    CarrierMisconfigured,
    CarrierUnavailable,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
)
from ringproof_server.testing.carrier_contract import CODE, call_for, message_for
from ringproof_server.testing.carrier_contract.bench import RECIPIENT
from tests.server.carriers.vonage.bench import CALLER_ID, NUMBER, Desk, desk
from tests.support.raw_http import answering, raw_server
from tests.support.vonage_fake import APPLICATION_ID, Fault, private_key

EVENTS = "https://ringproof.example/carriers/vonage/events"


@pytest.fixture
def office() -> Iterator[Desk]:
    with desk() as found:
        yield found


def sent_call(office: Desk, **changes: Any) -> dict[str, Any]:
    call = dataclasses.replace(call_for(office.bench, Channel.FLASHCALL), **changes)
    office.carrier.place_call(call)
    return office.fake.placed()[-1].json()


def sent_message(office: Desk, channel: Channel, **changes: Any) -> dict[str, Any]:
    office.carrier.send_message(dataclasses.replace(message_for(office.bench, channel), **changes))
    return office.fake.placed()[-1].json()


def test_a_call_asks_for_its_document_and_its_events(office: Desk) -> None:
    """The document is asked for by POST, so that no number gets into an address, and so into a log."""
    said = sent_call(office)
    (events,) = said.pop("event_url")
    assert said == {
        "to": [{"type": "phone", "number": "447400123456"}],
        "from": {"type": "phone", "number": "442079460018"},
        "answer_url": ["https://ringproof.example/rcml/att_1"],
        "answer_method": "POST",
        "event_method": "POST",
        "ringing_timer": 20,
        "length_timer": 30,
        "machine_detection": "continue",
    }
    reference = office.bench.seals.sign_reference("att_1")
    assert events.startswith(f"{EVENTS}?ref={reference}&for=")
    assert not any(digits in events for digits in (NUMBER.e164[1:], CALLER_ID[1:]))


@pytest.mark.parametrize("channel", [Channel.VOICE, Channel.KEYPAD])
def test_a_call_that_asks_for_keys_may_take_longer(office: Desk, channel: Channel) -> None:
    """Long enough for the question, the keys and what is spoken then; never without end."""
    assert sent_call(office, channel=channel)["length_timer"] == 120


@pytest.mark.parametrize(("asked", "sent"), [(0, 1), (1, 1), (120, 120), (121, 120)])
def test_the_ring_s_backstop_stays_within_what_vonage_takes(office: Desk, asked: int, sent: int) -> None:
    assert sent_call(office, dial_timeout=asked)["ringing_timer"] == sent


@pytest.mark.parametrize("detection", ["off", "continue", "hangup"])
def test_the_machine_detection_is_the_operator_s_choice(detection: str) -> None:
    with desk(machine_detection=detection) as office:
        assert sent_call(office).get("machine_detection", "off") == detection


COMMON = {
    "to": "447400123456",
    "webhook_url": EVENTS,
    "webhook_version": "v1",
}
TEXT = f"{CODE} is your code. Never share it."


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (Channel.SMS, {"channel": "sms", "from": "Ringproof", "message_type": "text", "text": TEXT}),
        (
            Channel.WHATSAPP,
            {"channel": "whatsapp", "from": "447700900000", "message_type": "text", "text": TEXT},
        ),
        (
            Channel.VIBER,
            {
                "channel": "viber_service",
                "from": "12345",
                "message_type": "text",
                "text": TEXT,
                "viber_service": {"category": "transaction"},
            },
        ),
        (
            Channel.MESSENGER,
            {
                "channel": "messenger",
                "from": "107083064136738",
                "to": RECIPIENT,
                "message_type": "text",
                "text": TEXT,
            },
        ),
    ],
)
def test_a_message_names_its_attempt_in_what_comes_back_signed(
    office: Desk, channel: Channel, expected: dict[str, Any]
) -> None:
    reference = office.bench.seals.sign_reference("att_1")
    assert sent_message(office, channel) == {**COMMON, **expected, "client_ref": reference}


def test_a_phone_number_is_never_taken_for_somebody_s_id_on_messenger(office: Desk) -> None:
    """It could be the id of a stranger, who would get the code."""
    with pytest.raises(NumberUnreachable):
        sent_message(office, Channel.MESSENGER, recipient="")
    assert not office.fake.requests


def test_a_code_goes_into_a_whatsapp_template_where_there_is_one() -> None:
    """Into its body and its button, in the nearest language in which it is approved; the text is not sent."""
    with desk(whatsapp_template="verify_code", whatsapp_template_languages="en,de,pt_BR") as office:
        said = sent_message(office, Channel.WHATSAPP, language="de-AT")
        assert "text" not in said
        assert said["message_type"] == "custom"
        template = said["custom"]["template"]
        assert (template["name"], template["language"]) == (
            "verify_code",
            {"policy": "deterministic", "code": "de"},
        )
        codes = [component["parameters"] for component in template["components"]]
        assert codes == [[{"type": "text", "text": CODE}]] * 2
        assert [component["type"] for component in template["components"]] == ["body", "button"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("pt-BR", "pt_BR"), ("pt-PT", "en"), ("de", "de"), ("zh-Hant-TW", "en"), ("EN-gb", "en")],
)
def test_a_template_is_sent_in_a_language_that_it_has(wanted: str, found: str) -> None:
    assert template_language(wanted, ("en", "de", "pt_BR")) == found


def test_a_channel_that_is_not_set_up_sends_nothing() -> None:
    with desk(without=("viber_sender",)) as office:
        with pytest.raises(NumberRefused):
            office.carrier.send_message(message_for(office.bench, Channel.VIBER))
        with pytest.raises(NumberRefused):
            office.carrier.place_call(call_for(office.bench, Channel.WHATSAPP))
        assert not office.fake.requests


def test_what_the_client_s_models_refuse_never_leaves(office: Desk) -> None:
    with pytest.raises(CarrierMisconfigured):
        sent_message(office, Channel.MESSENGER, text="x" * 641)
    assert not office.fake.requests


def test_every_request_has_a_short_token_of_its_own(office: Desk) -> None:
    """RS256 with the application's key, for two minutes, never the same one twice."""
    for attempt in ("att_1", "att_2"):
        office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL, attempt))
    office.carrier.ping()
    tokens = [request.headers["authorization"].removeprefix("Bearer ") for request in office.fake.requests]
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in tokens]
    assert {jwt.get_unverified_header(token)["alg"] for token in tokens} == {"RS256"}
    assert {claim["exp"] - claim["iat"] for claim in claims} == {120}
    assert {claim["application_id"] for claim in claims} == {APPLICATION_ID}
    assert len({claim["jti"] for claim in claims}) == 3


def test_threads_do_not_mix_up_their_requests(office: Desk) -> None:
    with ThreadPoolExecutor(8) as threads:
        attempts = [f"att_{count}" for count in range(40)]
        placed = list(
            threads.map(
                lambda attempt: office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL, attempt)),
                attempts,
            )
        )
    assert len({one.remote_id for one in placed}) == 40
    for attempt, one in zip(attempts, placed, strict=True):
        reference = office.bench.seals.sign_reference(attempt)
        assert f"ref={reference}&" in office.fake.calls[one.remote_id].said["event_url"][0]


# --- what goes wrong on the way


def test_a_connection_that_ends_without_an_answer_is_not_tried_again(office: Desk) -> None:
    """The official client repeats such a request up to ten times, and each may ring the phone."""
    office.fake.meet(Fault.LOST_ANSWER)
    with pytest.raises(OutcomeUnknown):
        office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL))
    assert len(office.fake.requests) == len(office.fake.calls) == 1


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.GARBAGE])
def test_a_fault_after_the_call_was_taken_is_an_unknown_outcome(office: Desk, fault: Fault) -> None:
    office.fake.meet(fault)
    for channel in (Channel.SMS, Channel.VIBER):
        with pytest.raises(OutcomeUnknown):
            office.carrier.send_message(message_for(office.bench, channel))
    with pytest.raises(OutcomeUnknown):
        office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL))


def test_a_closed_door_is_unavailable(office: Desk) -> None:
    office.fake.meet(Fault.CLOSED)
    with pytest.raises(CarrierUnavailable):
        office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL))
    assert not office.fake.calls


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"uuid": 7}',
        b'{"uuid": "../x", "status": "started"}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_an_answer_that_names_no_call_is_an_unknown_outcome(body: bytes) -> None:
    more = b', "status": "started", "direction": "outbound", "conversation_uuid": "CON-1"}'
    whole = body[:-1] + more if b"uuid" in body else body
    with raw_server(answering("201 Created", whole)) as server, desk(base_url=server.url) as office:
        with pytest.raises(OutcomeUnknown):
            office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL))
        with pytest.raises(OutcomeUnknown):
            office.carrier.send_message(message_for(office.bench, Channel.SMS))
        with pytest.raises(CarrierUnavailable):
            office.carrier.ping()
        assert len(server.requests) == 3


def test_a_wrong_address_of_the_api_is_a_fault_of_the_configuration() -> None:
    """Exactly that class, which stands in logs and metrics."""
    with raw_server(answering("404 Not Found")) as server, desk(base_url=server.url) as office:
        for ask in (
            lambda: office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL)),
            lambda: office.carrier.send_message(message_for(office.bench, Channel.SMS)),
            office.carrier.ping,
        ):
            with pytest.raises(CarrierMisconfigured) as caught:
                ask()
            assert type(caught.value) is CarrierMisconfigured


def test_no_redirect_is_followed() -> None:
    """It would take the token, the number and the code to wherever it says."""
    elsewhere = "Location: http://127.0.0.1:1/v1/calls"
    with raw_server(answering("307 Temporary Redirect", b"", elsewhere)) as server:
        with desk(base_url=server.url) as office, pytest.raises(OutcomeUnknown):
            office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL))
        assert len(server.requests) == 1


def test_the_client_s_own_log_tells_nothing(office: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """It would write numbers, texts and tokens at the debug level, and answers at that of warnings."""
    with caplog.at_level(logging.DEBUG, logger="vonage"):
        office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL))
        office.carrier.send_message(message_for(office.bench, Channel.SMS))
        office.fake.meet(Fault.NUMBER_REFUSED)
        with pytest.raises(NumberRefused):
            office.carrier.place_call(call_for(office.bench, Channel.FLASHCALL))
    assert not [record for record in caplog.records if record.name.startswith("vonage")]
    secrets = (NUMBER.e164[1:], CALLER_ID[1:], CODE, "eyJ", private_key())
    assert not any(secret in caplog.text for secret in secrets)


# --- against the published description


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    path = Path(__file__).resolve().parents[5] / "shared" / "specs" / "vonage_voice.yml"
    if not path.is_file():
        pytest.skip("there is no shared/specs/vonage_voice.yml beside this checkout")
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def check(description: dict[str, Any], name: str, content: object) -> None:
    """Raises unless `content` has the schema of this name."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": _overlapping(description["components"])}
    jsonschema_rs.validator_for(schema).validate(content)


def _overlapping(node: Any) -> Any:
    """With `anyOf` for `oneOf`: its kinds of endpoint overlap, so that no phone fits just one of them."""
    if isinstance(node, dict):
        renamed = {"anyOf" if name == "oneOf" else name: _overlapping(value) for name, value in node.items()}
        return {name: value for name, value in renamed.items() if name != "example"}
    return [_overlapping(item) for item in node] if isinstance(node, list) else node


def known_fields(description: dict[str, Any]) -> set[str]:
    schemas = description["components"]["schemas"]
    base = set(schemas["CreateCallRequestBase"]["properties"])
    return base | {"answer_url", "answer_method"}


@pytest.mark.parametrize("detection", ["off", "continue", "hangup"])
def test_calls_are_as_the_published_description_wants_them(
    description: dict[str, Any], detection: str
) -> None:
    with desk(machine_detection=detection) as office:
        said = sent_call(office)
        (call,) = office.fake.calls.values()
        office.carrier.hang_up(call.uuid)
    check(description, "CreateCallRequestAnswerUrl", said)
    check(description, "EndpointPhoneTo", said["to"][0])
    check(description, "EndpointPhoneFrom", said["from"])
    assert set(said) <= known_fields(description)
    put = office.fake.requests[-1]
    check(description, "UpdateCallRequestHangup", put.json())
    assert (put.method, put.path) == ("PUT", f"/v1/calls/{call.uuid}")
    assert {"/", "/{uuid}"} <= set(description["paths"])


def test_the_check_against_the_description_can_fail(description: dict[str, Any]) -> None:
    with desk() as office:
        said = sent_call(office)
    for broken in (
        {**said, "ringing_timer": 121},
        {**said, "event_url": "x"},
        {**said, "answer_method": "PUT"},
    ):
        with pytest.raises(jsonschema_rs.ValidationError):
            check(description, "CreateCallRequestAnswerUrl", broken)


def test_the_list_of_calls_is_asked_for_as_described(description: dict[str, Any]) -> None:
    with desk() as office:
        office.carrier.ping()
        query = office.fake.requests[-1].query
    described = {parameter["name"] for parameter in description["paths"]["/"]["get"]["parameters"]}
    assert set(query) <= described


def test_every_language_spoken_is_one_of_the_description(description: dict[str, Any]) -> None:
    """And all of them are used, but for two that say the same as others."""
    published = set(description["components"]["schemas"]["language"]["enum"])
    used = {voice.language for voice in VOICES[Dialect.NCCO].values()}
    assert published - used == {"no-NO", "en-GB-WLS"}
    assert used <= published
