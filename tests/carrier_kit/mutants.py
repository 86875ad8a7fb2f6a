"""Carriers that each break one promise, as edits of the package that the page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CARRIER: Final = "src/ringproof_acme/carrier.py"
API: Final = "src/ringproof_acme/api.py"
FAKE: Final = "tests/fake_acme.py"
TESTS: Final = "tests/test_acme.py"

Edit = tuple[str, str, str]
"""A file, a text that stands in it, and what takes its place."""


@dataclass(frozen=True)
class Mutant:
    """A fault, and the promises that it breaks; `variant` is what it is a fault of."""

    fault: str
    edits: tuple[Edit, ...]
    breaks: tuple[str, ...]
    variant: str = "page"


_PING: Final = "    def ping(self)"
_MESSAGE: Final = 'dict.fromkeys(["from", "to", "text", "events_url", "reference"], "")'
_GIVEN: Final = "if not hmac.compare_digest(right.encode(), given.encode()):"
_NO_ANSWER: Final = 'raise OutcomeUnknown("Acme did not answer") from None'
_CALL: Final = 'return self._placed(self._api.ask("POST", "/calls", order))'
_NOTHING_THERE: Final = "if status == 404:\n        return {}"
_QUERY: Final = 'query = f"attempt={order.reference}&key={self._key(order.reference)}"'
_WANTED: Final = 'if [order["kind"], order["reference"]] == wanted'

VARIANTS: Final[dict[str, tuple[Edit, ...]]] = {
    "page": (),
    # As the page says to do it for a vendor that signs nothing; and one that lists its numbers.
    "unsigned": (
        (CARRIER, "from urllib.parse import quote", "from urllib.parse import parse_qsl, quote, urlsplit"),
        (CARRIER, '"events_url": call.events_url', '"events_url": self._vouched(call)'),
        (CARRIER, '"events_url": message.events_url', '"events_url": self._vouched(message)'),
        (
            CARRIER,
            '        signed = request.url.encode() + b"\\n" + request.body\n'
            '        right = hmac.new(self._signing_key, signed, "sha256").hexdigest()\n'
            '        given = request.headers.get("acme-signature", "")\n',
            "        query = dict(parse_qsl(urlsplit(request.url).query))\n"
            '        reference, given = query.get("attempt", ""), query.get("key", "")\n'
            "        right = self._key(reference)\n",
        ),
        (CARRIER, 'read_reference(str(said["reference"]))', "read_reference(reference)"),
        (
            CARRIER,
            "    def ping(self)",
            "    def _vouched(self, order: OutgoingCall | OutgoingMessage) -> str:\n"
            '        query = f"attempt={order.reference}&key={self._key(order.reference)}"\n'
            '        return f"{order.events_url}?{query}"\n\n'
            "    def _key(self, reference: str) -> str:\n"
            '        return self._seals.digest("acme callback", reference).hex()\n\n'
            "    def owned_numbers(self):\n"
            '        yield from self._api.ask("GET", "/numbers")["numbers"]\n\n'
            "    def ping(self)",
        ),
        (FAKE, '"acme-signature": signature', '"server": "acme"'),
        (
            FAKE,
            '            if method == "GET" and path in NEEDED:',
            '            if method == "GET" and path == "/numbers":\n'
            '                return 200, {"numbers": ["+442079460018", "+442079460019"]}\n'
            '            if method == "GET" and path in NEEDED:',
        ),
        (
            TESTS,
            "    AddressContract,\n    Call",
            "    UnsignedCallbackContract,\n    NumbersContract,\n    Call",
        ),
        (
            TESTS,
            "MessageContract, AddressContract",
            "MessageContract, UnsignedCallbackContract, NumbersContract",
        ),
    ),
}

MUTANTS: Final = (
    # Who it is.
    Mutant(
        "has a name that cannot stand in a URL",
        ((CARRIER, 'name = "acme"', 'name = "Acme Inc."'),),
        ("test_it_says_who_it_is_and_what_it_can_do",),
    ),
    Mutant(
        "lets every call wait for ever",
        ((CARRIER, "calls_per_second=10.0", "calls_per_second=0.0"),),
        ("test_its_paces_are_positive",),
    ),
    Mutant(
        "has a channel that no suite tests",
        ((TESTS, "MessageContract, AddressContract", "AddressContract"),),
        ("test_the_suites_fit_the_capabilities",),
    ),
    Mutant(
        "denies that it reports events",
        ((CARRIER, "reports_events=True", "reports_events=False"),),
        ("test_the_suites_fit_the_capabilities",),
    ),
    Mutant(
        "shows its secret",
        (
            (
                CARRIER,
                "    def ping(",
                "    def __repr__(self):\n        return f'{self._signing_key}'\n\n    def ping(",
            ),
        ),
        ("test_it_keeps_its_credentials_to_itself",),
    ),
    Mutant(
        "says that all is well without asking",
        ((CARRIER, 'self._api.ask("GET", "/account")', "pass"),),
        (
            "test_a_carrier_that_is_away_is_unavailable_and_tells_no_secret",
            "test_refused_credentials_are_a_fault_of_the_configuration",
        ),
    ),
    Mutant(
        "rings somebody for a ping",
        (
            (
                CARRIER,
                'self._api.ask("GET", "/account")',
                f'self._api.ask("POST", "/messages", {_MESSAGE})',
            ),
        ),
        ("test_a_carrier_in_order_answers_a_ping",),
    ),
    Mutant(
        "can be stopped once",
        ((CARRIER, '"""Nothing was started."""', "del self._seals"),),
        ("test_stopping_can_be_repeated_and_needs_no_start",),
    ),
    Mutant(
        "mixes up what several threads ask for",
        (
            (
                CARRIER,
                "    def _placed(self, answer: dict[str, object]) -> Placed:\n",
                "    def _placed(self, answer: dict[str, object]) -> Placed:\n"
                "        self.answer = answer\n"
                '        __import__("time").sleep(0.05)\n'
                "        answer = self.answer\n",
            ),
        ),
        ("test_several_threads_can_use_it_at_once",),
    ),
    # Calls and messages.
    Mutant(
        "gives all calls one name",
        ((CARRIER, "return Placed(remote_id)", 'return Placed("it")'),),
        ("test_every_placed_call_has_a_name_of_its_own", "test_every_sent_message_has_a_name_of_its_own"),
    ),
    Mutant(
        "does not hang up",
        ((CARRIER, 'self._api.ask("DELETE", f"/calls/{quote(remote_id, safe=\'\')}")', "pass"),),
        (
            "test_hanging_up_ends_the_call",
            "test_hanging_up_through_a_carrier_that_is_away_raises_a_carrier_error",
        ),
    ),
    Mutant(
        "complains about a call that is over",
        ((API, _NOTHING_THERE, 'if status == 404:\n        raise CarrierUnavailable("no such call")'),),
        ("test_hanging_up_an_unknown_call_is_harmless",),
    ),
    Mutant(
        "complains about a second hang-up",
        (
            (FAKE, 'order["up"] = False', 'del self.orders[path.removeprefix("/calls/")]'),
            (API, _NOTHING_THERE, 'if status == 404:\n        raise CarrierUnavailable("no such call")'),
        ),
        ("test_hanging_up_can_be_repeated",),
    ),
    # Errors.
    Mutant(
        "takes a lost answer for a refusal",
        ((API, _NO_ANSWER, 'raise CarrierUnavailable("Acme did not answer") from None'),),
        (
            "test_a_lost_answer_is_an_unknown_outcome_and_the_attempt_is_found",
            "test_an_answer_that_does_not_come_in_time_is_an_unknown_outcome",
        ),
    ),
    Mutant(
        "dials again after a lost answer",
        (
            (
                CARRIER,
                _CALL,
                f"try:\n            {_CALL}\n        except OutcomeUnknown:\n            {_CALL}",
            ),
        ),
        ("test_a_lost_answer_is_an_unknown_outcome_and_the_attempt_is_found",),
    ),
    Mutant(
        "dials again after an answer that it does not understand, and owns up",
        (
            (
                CARRIER,
                _CALL,
                f"try:\n            {_CALL}\n        except OutcomeUnknown:\n            {_CALL}",
            ),
        ),
        ("test_an_answer_that_makes_no_sense_is_an_unknown_outcome",),
    ),
    Mutant(
        "takes an outage for an unknown outcome",
        ((API, 'raise CarrierUnavailable("Acme cannot be reached") from None', _NO_ANSWER),),
        ("test_a_carrier_that_is_away_is_unavailable_and_tells_no_secret",),
    ),
    Mutant(
        "takes nonsense for an outage",
        (
            (
                API,
                'raise OutcomeUnknown("Acme\'s answer cannot be understood")',
                'raise CarrierUnavailable("nonsense")',
            ),
        ),
        ("test_an_answer_that_makes_no_sense_is_an_unknown_outcome",),
    ),
    Mutant(
        "lets foreign errors through",
        ((API, "except (OSError, http.client.HTTPException):", "except ValueError:"),),
        ("test_a_lost_answer_is_an_unknown_outcome_and_the_attempt_is_found",),
    ),
    Mutant(
        "repeats the number in an error",
        ((API, _NO_ANSWER, 'raise OutcomeUnknown(f"Acme did not answer {order}") from None'),),
        ("test_a_lost_answer_is_an_unknown_outcome_and_the_attempt_is_found",),
    ),
    Mutant(
        "repeats the code in the cause of an error",
        ((API, _NO_ANSWER, 'raise OutcomeUnknown("Acme did not answer") from OSError(body)'),),
        ("test_an_answer_that_does_not_come_in_time_is_an_unknown_outcome",),
    ),
    Mutant(
        "repeats its credentials in an error",
        (
            (
                API,
                'raise CarrierUnavailable("Acme cannot be reached") from None',
                'raise CarrierUnavailable(f"Acme cannot be reached with {self._headers}") from None',
            ),
        ),
        ("test_a_carrier_that_is_away_is_unavailable_and_tells_no_secret",),
    ),
    Mutant(
        "forgets how long to wait",
        ((API, "float(retry_after) if retry_after.isdecimal() else None", "None"),),
        ("test_too_many_requests_are_throttled_with_the_wait_asked_for",),
    ),
    Mutant(
        "takes wrong credentials for an outage",
        ((API, "401: CarrierMisconfigured", "401: CarrierUnavailable"),),
        ("test_refused_credentials_are_a_fault_of_the_configuration",),
    ),
    Mutant(
        "takes a wrong number for an outage",
        ((API, "422: NumberRefused", "422: CarrierUnavailable"),),
        ("test_a_number_that_the_far_side_refuses_is_refused",),
    ),
    # Finding.
    Mutant(
        "finds what never was",
        (
            (
                CARRIER,
                'str(items[0]["id"])) if items else None',
                'str(items[0]["id"]) if items else "acme-1")',
            ),
        ),
        ("test_what_never_arrived_is_not_found",),
    ),
    Mutant(
        "finds nothing",
        ((CARRIER, 'return Found(remote_id=str(items[0]["id"])) if items else None', "return None"),),
        ("test_a_lost_answer_is_an_unknown_outcome_and_the_attempt_is_found",),
    ),
    Mutant(
        "takes the first call to a person for any call to that person",
        ((FAKE, _WANTED, 'if order["kind"] == wanted[0]'),),
        (
            "test_an_attempt_of_another_hour_is_not_taken_for_it",
            "test_a_call_from_another_number_is_not_taken_for_it",
            "test_of_two_that_look_alike_none_is_guessed",
        ),
    ),
    Mutant(
        "takes an outage for a carrier that knows nothing",
        (
            (
                CARRIER,
                '        items = self._api.ask("GET", f"{kind}?reference={reference}").get("items")',
                "        try:\n"
                '            items = self._api.ask("GET", f"{kind}?reference={reference}").get("items")\n'
                "        except Exception:\n"
                "            return None",
            ),
        ),
        ("test_a_carrier_that_is_away_does_not_say_that_it_knows_nothing",),
    ),
    # Callbacks.
    Mutant(
        "believes what is not signed",
        ((CARRIER, _GIVEN, f"if given and {_GIVEN.removeprefix('if ')}"),),
        ("test_an_unsigned_callback_is_refused",),
    ),
    Mutant(
        "looks at the beginning of a signature",
        ((CARRIER, _GIVEN, "if right[:60] != given[:60]:"),),
        ("test_a_forged_signature_is_refused",),
    ),
    Mutant(
        "does not check the body",
        (
            (CARRIER, 'b"\\n" + request.body', 'b"\\n"'),
            (FAKE, 'b"\\n" + body', 'b"\\n"'),
        ),
        ("test_an_altered_body_is_refused", "test_a_signature_does_not_serve_another_event"),
    ),
    Mutant(
        "does not check the end of the body",
        (
            (CARRIER, 'b"\\n" + request.body', 'b"\\n" + request.body[:80]'),
            (FAKE, 'b"\\n" + body', 'b"\\n" + body[:80]'),
        ),
        ("test_an_altered_body_is_refused",),
    ),
    Mutant(
        "does not check the address",
        (
            (CARRIER, 'request.url.encode() + b"\\n"', 'b"\\n"'),
            (FAKE, 'order["events_url"].encode() + b"\\n"', 'b"\\n"'),
        ),
        ("test_a_signature_does_not_serve_another_address",),
    ),
    Mutant(
        "has one key for different events",
        ((CARRIER, 'str(said["event_id"])', 'str(said["id"])'),),
        ("test_repeats_share_their_key_and_different_events_do_not",),
    ),
    Mutant(
        "has a new key for each repeat",
        ((CARRIER, 'str(said["event_id"])', '__import__("os").urandom(8).hex()'),),
        ("test_repeats_share_their_key_and_different_events_do_not",),
    ),
    Mutant(
        "takes a delivery for the end of a call",
        ((CARRIER, '"delivered": (AttemptEvent.DELIVER, None)', '"delivered": (AttemptEvent.END, None)'),),
        ("test_callbacks_become_events_of_the_closed_lists",),
    ),
    Mutant(
        "names another attempt",
        ((CARRIER, 'read_reference(str(said["reference"]))', 'read_reference("") or "att_other"'),),
        ("test_callbacks_become_events_of_the_closed_lists",),
    ),
    Mutant(
        "reads before it checks",
        (
            (
                CARRIER,
                "        signed = request.url",
                "        json.loads(request.body)\n        signed = request.url",
            ),
        ),
        ("test_nonsense_is_no_event",),
    ),
    # Callbacks that nothing but their address vouches for.
    Mutant(
        "asks for no secret",
        ((CARRIER, _GIVEN, "if not reference:"),),
        ("test_a_callback_without_its_secret_is_refused", "test_a_wrong_secret_is_refused"),
        "unsigned",
    ),
    Mutant(
        "takes a signed header for the secret",
        (
            (
                CARRIER,
                _GIVEN,
                _GIVEN.replace("if not", 'if "x-twilio-signature" not in request.headers and not'),
            ),
        ),
        ("test_no_header_stands_in_for_the_secret",),
        "unsigned",
    ),
    Mutant(
        "has one secret for all attempts",
        (
            (CARRIER, _QUERY, 'query = f"attempt={order.attempt_id}&key={self._key(str())}"'),
            (CARRIER, "right = self._key(reference)", "right = self._key(str())"),
            (CARRIER, "self._seals.read_reference(reference)", "reference"),
        ),
        ("test_every_address_has_a_secret_of_its_own",),
        "unsigned",
    ),
    Mutant(
        "does not ask whose secret it is",
        (
            (CARRIER, _QUERY, 'query = f"attempt={order.attempt_id}&key={order.reference}"'),
            (CARRIER, _GIVEN, "if self._seals.read_reference(given) is None:"),
            (CARRIER, "attempt_id=self._seals.read_reference(reference)", "attempt_id=reference"),
        ),
        ("test_parts_of_two_secrets_make_no_third",),
        "unsigned",
    ),
    Mutant(
        "lets the body name the attempt",
        ((CARRIER, "read_reference(reference)", 'read_reference(str(said["reference"]))'),),
        ("test_a_body_cannot_name_another_attempt",),
        "unsigned",
    ),
    Mutant(
        "leaves it to the body which call is meant",
        ((CARRIER, "read_reference(reference)", 'read_reference("")'),),
        ("test_the_address_names_the_attempt",),
        "unsigned",
    ),
    # Numbers.
    Mutant(
        "lists numbers as they are dialled at home",
        ((FAKE, '"numbers": ["+442079460018"', '"numbers": ["02079460018", "+442079460018"'),),
        ("test_the_numbers_are_e164_and_hold_those_that_may_call",),
        "unsigned",
    ),
    Mutant(
        "has no numbers while it is away",
        (
            (
                CARRIER,
                '        yield from self._api.ask("GET", "/numbers")["numbers"]',
                '        try:\n            yield from self._api.ask("GET", "/numbers")["numbers"]\n'
                "        except Exception:\n            return",
            ),
        ),
        ("test_numbers_that_cannot_be_read_are_not_an_empty_list",),
        "unsigned",
    ),
)
