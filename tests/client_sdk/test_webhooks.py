"""What a back end believes of a webhook: what was signed with its secret, now, and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof import WebhookEvent, WebhookInvalidError, verify_webhook
from ringproof.errors import WebhookExpiredError
from ringproof.testing import FakeClock

standardwebhooks = pytest.importorskip("standardwebhooks", reason="the official library is not installed")

SECRET = "whsec_VGhpcyBpcyBhIHNlY3JldCBmb3IgdGVzdHMgb25seSE="
OTHER = "whsec_QW5vdGhlciBzZWNyZXQsIGFsc28gZm9yIHRlc3RzIG9ubHk="
BODY = json.dumps(
    {
        "type": "verification.verified",
        "timestamp": "2026-03-01T12:00:00Z",
        "data": {"id": "vrf_1", "sequence": 3, "reference": "signup-42", "phone_number": "+447700900123"},
    }
)
NOW = datetime.now(timezone.utc).replace(microsecond=0)  # noqa: UP017 - the SDK's tests run on 3.10 too


def clock(seconds: float = 0) -> FakeClock:
    return FakeClock(wall=NOW.timestamp() + seconds)


def signed(
    body: str = BODY, secrets: Sequence[str] = (SECRET,), name: str = "evt_1_3", at: datetime = NOW
) -> dict[str, str]:
    """The headers of a request, signed by the official library."""
    signatures = [standardwebhooks.Webhook(one).sign(name, at, body) for one in secrets]
    return {
        "Webhook-Id": name,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": " ".join(signatures),
    }


def test_an_event_says_what_it_is_about() -> None:
    event = verify_webhook(BODY.encode(), signed(), SECRET, clock=clock())
    assert event == WebhookEvent(
        "evt_1_3", "verification.verified", int(NOW.timestamp()), json.loads(BODY)["data"]
    )
    assert (event.verification, event.sequence) == ("vrf_1", 3)
    assert (event.reference, event.phone_number) == ("signup-42", "+447700900123")
    assert "447700900123" not in repr(event)


def test_a_text_will_do_for_a_body_and_headers_in_any_case() -> None:
    headers = {name.upper(): value for name, value in signed().items()}
    assert verify_webhook(BODY, headers, SECRET, clock=clock()).id == "evt_1_3"


@pytest.mark.parametrize("mine", [SECRET, OTHER, [SECRET, OTHER], [OTHER]])
def test_one_right_signature_among_several_is_enough(mine: str | list[str]) -> None:
    assert verify_webhook(BODY, signed(secrets=(OTHER, SECRET)), mine, clock=clock())


def test_one_right_secret_among_several_is_enough() -> None:
    assert verify_webhook(BODY, signed(), [OTHER, SECRET], clock=clock())


def test_signatures_of_versions_to_come_are_left_alone() -> None:
    headers = signed()
    headers["Webhook-Signature"] = "v2,AAAA v1a,BBBB " + headers["Webhook-Signature"]
    assert verify_webhook(BODY, headers, SECRET, clock=clock())


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
@pytest.mark.parametrize("value", [None, "", "x", "é", "1" * 400, "-1"])
def test_headers_that_are_missing_or_altered_prove_nothing(name: str, value: str | None) -> None:
    headers = signed()
    if value is None:
        del headers[name]
    else:
        headers[name] = value
    with pytest.raises(WebhookInvalidError):
        verify_webhook(BODY, headers, SECRET, clock=clock())


def test_a_body_that_was_altered_proves_nothing() -> None:
    with pytest.raises(WebhookInvalidError, match="does not hold"):
        verify_webhook(BODY.replace("verified", "expired"), signed(), SECRET, clock=clock())


def test_another_secret_proves_nothing() -> None:
    with pytest.raises(WebhookInvalidError, match="does not hold"):
        verify_webhook(BODY, signed(secrets=(OTHER,)), SECRET, clock=clock())


@pytest.mark.parametrize("seconds", [-301, 301, 10**6])
def test_a_signature_of_another_time_has_expired(seconds: int) -> None:
    with pytest.raises(WebhookExpiredError):
        verify_webhook(BODY, signed(), SECRET, clock=clock(seconds))


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_clocks_may_differ_by_the_tolerance(seconds: int) -> None:
    assert verify_webhook(BODY, signed(), SECRET, clock=clock(seconds))


def test_the_tolerance_is_the_callers() -> None:
    with pytest.raises(WebhookExpiredError):
        verify_webhook(BODY, signed(), SECRET, tolerance=5, clock=clock(6))
    assert verify_webhook(BODY, signed(), SECRET, tolerance=3600, clock=clock(3599))


@pytest.mark.parametrize("body", ["", "[]", "null", "{}", '{"type": 1, "data": {}}', "[" * 5000])
def test_what_is_signed_but_no_event_is_refused(body: str) -> None:
    with pytest.raises(WebhookInvalidError, match="no event"):
        verify_webhook(body, signed(body), SECRET, clock=clock())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_***", "whsec_c2hvcnQ=", []])
def test_a_secret_that_is_none_is_a_fault_of_the_caller(secret: str | list[str]) -> None:
    with pytest.raises(ValueError, match="secret") as raised:
        verify_webhook(BODY, signed(), secret, clock=clock())
    assert not isinstance(raised.value, WebhookInvalidError)


def test_an_endless_body_is_not_even_looked_at() -> None:
    with pytest.raises(WebhookInvalidError, match="too long"):
        verify_webhook(b"x" * (1024 * 1024 + 1), signed(), SECRET, clock=clock())


@given(header=st.text(max_size=200), body=st.binary(max_size=200))
def test_whatever_comes_in_is_refused_in_words_of_our_own(header: str, body: bytes) -> None:
    headers = {**signed(), "Webhook-Signature": header}
    with pytest.raises(WebhookInvalidError):
        verify_webhook(body, headers, SECRET, clock=clock())


@given(
    raw=st.binary(min_size=24, max_size=64),
    said=st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=9), max_size=4),
    age=st.integers(-299, 299),
)
def test_we_believe_what_the_official_library_signs(raw: bytes, said: dict[str, object], age: int) -> None:
    secret = "whsec_" + base64.b64encode(raw).decode()
    body = json.dumps({"type": "attempt.updated", "data": said})
    headers = signed(body, [secret], at=NOW + timedelta(seconds=age))
    event = verify_webhook(body, headers, secret, clock=clock())
    assert event.data == said
    library = standardwebhooks.Webhook(secret).verify(body, signed(body, [secret], at=NOW))
    assert library["data"] == event.data
