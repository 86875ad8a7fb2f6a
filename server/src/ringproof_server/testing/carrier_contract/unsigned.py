"""What carriers hold whose vendor signs nothing: a secret in the address vouches for a callback."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ringproof_server.domain.errors import CallbackRefused
from ringproof_server.ports import CallbackRequest
from ringproof_server.testing.carrier_contract.bench import CarrierBench
from ringproof_server.testing.carrier_contract.callbacks import EventContract, Reported, event_in, reported
from ringproof_server.testing.carrier_contract.checks import changed, refused, tells_nothing

SHORTEST_SECRET = 16
"""Characters; as Base64 they hold 96 bits."""


class UnsignedCallbackContract(EventContract):
    """The secret is in the query of the address, and is worth something for one attempt only.

    Needs a `ReportingSide`.
    """

    def test_the_address_names_the_attempt(self, bench: CarrierBench) -> None:
        """Of what a callback is about, nothing is taken from its body, which anyone can write."""
        for item in reported(bench):
            assert event_in(bench, item.callback).attempt_id == item.attempt_id

    def test_a_callback_without_its_secret_is_refused(self, bench: CarrierBench) -> None:
        """Neither without any query nor with a part of it."""
        for item in reported(bench):
            query = _query(item.callback)
            assert query, "the callbacks' address holds no secret"
            for left in ({}, *({n: v for n, v in query.items() if n != name} for name in query)):
                refused(bench, _at(item.callback, left))

    def test_a_wrong_secret_is_refused(self, bench: CarrierBench) -> None:
        """Every value in the query is checked to its last character, and an empty one is wrong."""
        for item in reported(bench):
            query = _query(item.callback)
            for name, value in query.items():
                for wrong in (changed(value), value[:-1], value + "0", ""):
                    refused(bench, _at(item.callback, {**query, name: wrong}))

    def test_no_header_stands_in_for_the_secret(self, bench: CarrierBench) -> None:
        """What the vendor does not sign, no one else can sign."""
        for item in reported(bench):
            headers = dict(item.callback.headers) | {"x-twilio-signature": "c2lnbmVk", "authorization": "a"}
            bare = _at(item.callback, {})
            refused(bench, dataclasses.replace(bare, headers=headers))

    def test_every_address_has_a_secret_of_its_own(self, bench: CarrierBench) -> None:
        """What differs from another attempt's address cannot be made of what a stranger may know."""
        for mine, other in _pairs(bench):
            ours, theirs = _query(mine.callback), _query(other.callback)
            own = [value for name, value in ours.items() if value != theirs.get(name)]
            unknown = [value.replace(mine.attempt_id, "").replace(mine.remote_id, "") for value in own]
            assert any(len(value) >= SHORTEST_SECRET for value in unknown)

    def test_parts_of_two_secrets_make_no_third(self, bench: CarrierBench) -> None:
        """The secret of one attempt does not open another attempt's address."""
        for mine, other in _pairs(bench):
            ours, theirs = _query(mine.callback), _query(other.callback)
            for name in [name for name in ours if ours[name] != theirs.get(name)]:
                mixed = {**ours, name: theirs.get(name, "")}
                if mixed != theirs:
                    refused(bench, _at(mine.callback, mixed))

    def test_a_body_cannot_name_another_attempt(self, bench: CarrierBench) -> None:
        """Who knows one address says nothing about an attempt that has another one."""
        for mine, other in _pairs(bench):
            smuggled = dataclasses.replace(mine.callback, body=other.callback.body)
            try:
                event = bench.carrier.parse_event(smuggled)
            except CallbackRefused as error:
                tells_nothing(bench, error)
            else:
                assert event is None or event.attempt_id == mine.attempt_id


def _pairs(bench: CarrierBench) -> Iterator[tuple[Reported, Reported]]:
    items = reported(bench)
    for mine in items:
        for other in items:
            if other.attempt_id != mine.attempt_id:
                yield mine, other


def _query(callback: CallbackRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(callback.url).query, keep_blank_values=True))


def _at(callback: CallbackRequest, query: dict[str, str]) -> CallbackRequest:
    url = urlunsplit(urlsplit(callback.url)._replace(query=urlencode(query)))
    return dataclasses.replace(callback, url=url)
