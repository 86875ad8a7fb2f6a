"""Requests prove who sent them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from ringproof_server.webhooks.signing import signed_headers

SECRETS = (
    "whsec_VGhpcyBpcyBhIHNlY3JldCBmb3IgdGVzdHMgb25seSE=",
    "whsec_QW5vdGhlciBzZWNyZXQsIGFsc28gZm9yIHRlc3RzIG9ubHk=",
)


@given(
    body=st.binary(max_size=200).map(lambda raw: raw.hex()),
    name=st.from_regex(r"evt_[a-z0-9_]{1,40}", fullmatch=True),
)
def test_the_official_library_believes_each_signature(body: str, name: str) -> None:
    now = datetime.now(UTC)
    text = f'{{"said": "{body}"}}'
    headers = signed_headers(name, now, text.encode(), SECRETS)
    for secret in SECRETS:
        assert Webhook(secret).verify(text, headers) == {"said": body}


def test_a_text_that_is_no_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        signed_headers("evt_1", datetime.now(UTC), b"{}", ["whsec_***"])
