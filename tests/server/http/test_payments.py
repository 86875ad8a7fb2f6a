"""Payments on the wire: who may name one, and that nobody can name another afterwards."""

from __future__ import annotations

from tests.server.http.conftest import Door
from tests.support.world import NUMBER

PAYMENT = {"amount": "12.30", "currency": "EUR", "payee": "ACME"}


def test_a_payment_needs_a_secret_key(door: Door) -> None:
    _, challenge = door.world.pkce()
    body = {"phone_number": NUMBER, "code_challenge": challenge, "transaction": PAYMENT}
    refused = door.post("/v1/verifications", body)
    assert refused.status_code == 400
    assert refused.get_json()["errors"][0]["field"] == "transaction"
    assert door.post("/v1/verifications", body, key=door.secret).status_code == 201


def test_nobody_can_confirm_another_amount(door: Door) -> None:
    """A confirm has no place for one, in the body or in the evidence."""
    started = door.start(key=door.secret, transaction=PAYMENT)
    door.world.pass_time(3)
    evidence = {"channel": "sms", "code": door.world.code_seen()}
    other = {**PAYMENT, "amount": "1.00"}
    assert door.confirm(started, evidence, transaction=other).status_code == 400
    assert door.confirm(started, {**evidence, "transaction": other}).status_code == 400
    assert door.confirm(started, evidence).get_json()["status"] == "verified"


def test_an_unknown_currency_is_refused_by_its_field(common_door: Door) -> None:
    body = {"phone_number": NUMBER, "transaction": {**PAYMENT, "currency": "ZZZ"}}
    refused = common_door.post("/v1/verifications", body, key=common_door.secret)
    assert refused.status_code == 400
    assert refused.get_json()["errors"][0]["field"] == "transaction.currency"
