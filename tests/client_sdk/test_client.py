"""One method per endpoint: what travels, what comes back, what is raised."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ringproof import Retry, Ringproof, Session
from ringproof._models import verification_from
from ringproof._transport import Response
from ringproof.errors import (
    AlreadyFinishedError,
    ConcurrentVerificationError,
    InsecureServerError,
    ProblemError,
    RateLimitedError,
    ServerUnreachableError,
    SpendLimitReachedError,
    TooEarlyError,
    UnexpectedAnswerError,
    VerifierMismatchError,
)
from ringproof.testing import FakeClock, FakeServer
from tests.client_sdk.phones import CALLER, OWNER, CountingRandom, Scene


@pytest.fixture(name="scene")
def _scene() -> Scene:
    return Scene()


def json_answer(body: object, status: int = 200, **headers: str) -> Response:
    return Response(status, headers, json.dumps(body).encode())


def test_a_publishable_key_starts_with_a_challenge_it_can_answer(scene: Scene) -> None:
    """RFC 7636: the confirm's verifier hashes to the start's challenge, and is made of its alphabet."""
    session = scene.client.start(OWNER)
    scene.client.confirm_call(session, CALLER, ring_ms=5000, answered=False)
    start, confirm = scene.server.requests
    verifier = str(confirm.body["code_verifier"])
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert start.body["code_challenge"] == digest
    assert start.body["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier)
    assert confirm.body["challenge"] == session.challenge == "fake.challenge.jwt"


def test_every_session_has_a_verifier_of_its_own(scene: Scene) -> None:
    """Verifiers are never reused."""
    verifiers = {scene.client.start(OWNER).code_verifier for _ in range(20)}
    assert len(verifiers) == 20


def test_a_secret_key_needs_no_proof(scene: Scene) -> None:
    """Back ends start and confirm by id alone."""
    client = Ringproof(
        "https://verify.example",
        "rp_sk_test",
        transport=scene.server,
        clock=scene.clock,
        random=CountingRandom(),
    )
    session = client.start(OWNER)
    client.confirm_digits(Session("vrf_fake"), "0018")
    start, confirm = scene.server.requests
    assert start.body == {"phone_number": OWNER}
    assert confirm.body == {"evidence": {"channel": "flashcall", "last_digits": "0018"}}
    assert session.code_verifier is None


def test_a_workflow_and_its_addresses_are_sent_as_given(scene: Scene) -> None:
    """A channel may have a time and a condition of its own; Messenger goes by an address."""
    read_in_time = {"channel": "messenger", "timeout": 120, "advance": "not_read"}
    scene.client.start(OWNER, channels=[read_in_time, "sms"], recipients={"messenger": "1234567890123456"})
    (start,) = scene.server.requests
    assert start.body["channels"] == [read_in_time, "sms"]
    assert start.body["recipients"] == {"messenger": "1234567890123456"}


def test_the_key_and_the_challenge_travel_in_headers(scene: Scene) -> None:
    """Every request carries the key; those without a proving body carry the challenge."""
    session = scene.client.start(OWNER)
    scene.client.get(session)
    scene.client.next(session, "sms")
    scene.client.report(session, "no_call")
    scene.client.cancel(session)
    assert {seen.headers["Authorization"] for seen in scene.server.requests} == {"Bearer rp_pk_test"}
    assert [(seen.method, seen.path, seen.body) for seen in scene.server.requests[1:]] == [
        ("GET", "/v1/verifications/vrf_fake", {}),
        ("POST", "/v1/verifications/vrf_fake/next", {"channel": "sms"}),
        ("POST", "/v1/verifications/vrf_fake/reports", {"kind": "no_call"}),
        ("DELETE", "/v1/verifications/vrf_fake", {}),
    ]
    assert {seen.headers["Ringproof-Challenge"] for seen in scene.server.requests[1:]} == {
        "fake.challenge.jwt"
    }


def test_every_post_has_an_idempotency_key_of_its_own(scene: Scene) -> None:
    """One key per logical request, none on reads."""
    session = scene.client.start(OWNER)
    scene.client.confirm_digits(session, "9999")
    scene.client.confirm_digits(session, "9999")
    scene.client.get(session)
    keys = [seen.headers.get("Idempotency-Key") for seen in scene.server.requests]
    assert keys[3] is None
    assert len(set(keys)) == 4


def test_codes_and_reports_are_sent_as_the_contract_says(scene: Scene) -> None:
    """Evidence of a code, and telemetry with everything that is known."""
    session = scene.client.start(OWNER)
    scene.client.next(session)
    scene.client.confirm_code(session, " 123456 ", channel="sms", source="retriever")
    scene.client.report(
        session, "late_call", caller_id=CALLER, ring_ms=4000, basis="phone_state", quality="late"
    )
    assert scene.server.requests[1].body == {}
    assert scene.confirms() == [{"channel": "sms", "code": "123456", "source": "retriever"}]
    assert scene.server.reports == [
        {"kind": "late_call", "caller_id": CALLER, "ring_ms": 4000, "basis": "phone_state", "quality": "late"}
    ]


def test_what_was_typed_in_a_call_is_confirmed_without_a_code(scene: Scene) -> None:
    scene.serve(FakeServer(scene.clock, fallback="keypad", code="482915"))
    session = scene.client.start(OWNER, channels=["keypad"])
    shown = scene.client.get(session).keypad
    assert shown is not None
    assert (shown.digits, shown.typed) == ("482915", False)
    assert scene.client.confirm_keypad(session).result == "more_evidence"
    scene.server.type_keys("482915")
    assert scene.client.confirm_keypad(session).token
    assert scene.confirms() == [{"channel": "keypad"}] * 2


@pytest.mark.parametrize(
    "said", [None, [], {}, {"digits": 482915}, {"digits": ""}, {"digits": "12a4"}, {"digits": "1" * 33}]
)
def test_odd_digits_are_none(said: object) -> None:
    body = {"id": "vrf_1", "status": "pending", "keypad": said}
    assert verification_from(body).keypad is None


def test_a_wrong_answer_is_an_answer(scene: Scene) -> None:
    """`mismatch` comes as a result with what is left."""
    answer = scene.client.confirm_digits(scene.client.start(OWNER), "9999")
    assert (answer.result, answer.token, answer.verification.checks_left) == ("mismatch", None, 2)


def test_a_server_in_a_folder_is_reached(scene: Scene) -> None:
    """The address may have a path."""
    scene.server.fail(json_answer({"id": "vrf_1", "status": "pending", "challenge": "x"}))
    client = Ringproof(
        "https://example.com/ringproof/", "rp_pk_test", transport=scene.server, clock=scene.clock
    )
    client.start(OWNER)
    assert scene.server.requests[0].path == "/ringproof/v1/verifications"


@pytest.mark.parametrize(
    "address",
    [
        "http://verify.example",
        "http://192.168.1.10:8000",
        "ftp://verify.example",
        "verify.example",
        "",
        "https://user:secret@verify.example",
        "https://",
        "http://127.0.0.1.evil.example",
        "https://[::1",
        "https://verify.example/a b",
        "https://verify.example/\r\nX-Evil:1",
        "https://vérify.example",
    ],
)
def test_a_key_is_never_trusted_to_an_unsafe_address(address: str) -> None:
    """Plain HTTP to another machine and odd addresses are refused before anything is sent."""
    with pytest.raises(InsecureServerError):
        Ringproof(address, "rp_pk_test")


@pytest.mark.parametrize(
    "address",
    ["https://verify.example", "http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"],
)
def test_https_and_this_machine_are_fine(address: str) -> None:
    """Demos run on loopback without TLS."""
    assert Ringproof(address, "rp_pk_test")


def test_plain_http_needs_an_explicit_word() -> None:
    """A lab network is possible, on purpose only."""
    assert Ringproof("http://192.168.1.10:8000", "rp_pk_test", allow_http=True)


@pytest.mark.parametrize("key", ["", "rp_pk_a\r\nX-Evil: 1", "rp pk", "rp_pk_ä", "k" * 513])
def test_a_key_that_breaks_headers_is_refused(key: str) -> None:
    """Nothing can be smuggled into a header."""
    with pytest.raises(ValueError, match="key"):
        Ringproof("https://verify.example", key)


@pytest.mark.parametrize("number", ["", " ", "1" * 65])
def test_absurd_input_never_leaves_the_phone(scene: Scene, number: str) -> None:
    """Empty and overlong input is refused locally."""
    with pytest.raises(ValueError, match="characters"):
        scene.client.start(number)
    assert scene.server.requests == []


def test_an_id_cannot_reach_another_path(scene: Scene) -> None:
    """What a server calls an id is quoted."""
    scene.client.get(Session("../admin?x=1"))
    assert scene.server.requests[0].path == "/v1/verifications/..%2Fadmin%3Fx%3D1"


def test_a_lost_connection_is_tried_again_with_the_same_key(scene: Scene) -> None:
    """Three failures, then success: one verification, one key, growing waits."""
    for _ in range(3):
        scene.server.fail(ServerUnreachableError("gone"), processed=True)
    scene.client.start(OWNER)
    times = [seen.at for seen in scene.server.requests]
    waits = [after - before for before, after in pairwise(times)]
    assert waits == pytest.approx([0.3, 0.6, 1.2])
    assert len({seen.headers["Idempotency-Key"] for seen in scene.server.requests}) == 1


def test_retries_are_bounded(scene: Scene) -> None:
    """Four tries, then the error."""
    for _ in range(9):
        scene.server.fail(ServerUnreachableError("gone"))
    with pytest.raises(ServerUnreachableError):
        scene.client.start(OWNER)
    assert len(scene.server.requests) == 4


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_server_is_asked_again(scene: Scene, status: int) -> None:
    """Also when a proxy answers with a page instead of a problem."""
    scene.server.fail(Response(status, {}, b"<html>Bad Gateway</html>"))
    assert scene.client.start(OWNER).id == "vrf_fake"
    assert len(scene.server.requests) == 2


@pytest.mark.parametrize(
    ("status", "slug"),
    [
        (400, "invalid-request"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not-found"),
        (409, "concurrent-verification"),
        (409, "too-early"),
        (409, "idempotency-conflict"),
        (410, "challenge-expired"),
        (422, "invalid-phone-number"),
        (429, "guess-budget-exhausted"),
        (429, "spend-limit-reached"),
        (501, "strange"),
    ],
)
def test_a_refusal_is_never_tried_again(scene: Scene, status: int, slug: str) -> None:
    """Asking again cannot change it; budgets are not rate limits."""
    scene.server.fail(scene.server.problem(status, slug, retry_after=1))
    with pytest.raises(ProblemError):
        scene.client.start(OWNER)
    assert len(scene.server.requests) == 1


def test_a_rate_limit_is_waited_for(scene: Scene) -> None:
    """Not before Retry-After has passed."""
    scene.server.fail(scene.server.problem(429, "rate-limited", retry_after=7))
    scene.client.start(OWNER)
    first, second = scene.server.requests
    assert 7 <= second.at - first.at <= 8


def test_a_rate_limit_beyond_patience_is_raised_at_once(scene: Scene) -> None:
    """An hour is not waited for; the app is told."""
    scene.server.fail(scene.server.problem(429, "rate-limited", retry_after=3600))
    began = scene.clock.monotonic()
    with pytest.raises(RateLimitedError) as failure:
        scene.client.start(OWNER)
    assert failure.value.retry_after == 3600
    assert scene.clock.monotonic() == began


def test_the_header_counts_when_the_body_says_nothing(scene: Scene) -> None:
    """A proxy's 429 has only Retry-After."""
    scene.server.fail(Response(429, {"retry-after": "3"}, b"slow down"))
    scene.client.start(OWNER)
    first, second = scene.server.requests
    assert 3 <= second.at - first.at <= 4


def test_a_check_waits_for_its_turn_and_a_switch_does_not(scene: Scene) -> None:
    """`too-early` is waited out for confirm, raised for next."""
    session = scene.client.start(OWNER)
    scene.server.fail(scene.server.problem(409, "too-early", retry_after=5), path="/confirm")
    scene.server.fail(scene.server.problem(409, "too-early", retry_after=5), path="/next")
    scene.client.confirm_digits(session, "0018")
    with pytest.raises(TooEarlyError) as failure:
        scene.client.next(session)
    assert failure.value.retry_after == 5


def test_a_refused_check_is_not_repeated(scene: Scene) -> None:
    """Waiting for one's turn is not hoping for another answer."""
    session = scene.client.start(OWNER)
    scene.server.fail(scene.server.problem(403, "verifier-mismatch"), path="/confirm")
    with pytest.raises(VerifierMismatchError):
        scene.client.confirm_digits(session, "0018")
    assert len(scene.confirms()) == 1


def test_patience_can_be_chosen(scene: Scene) -> None:
    """`retry` is the client's."""
    client = Ringproof(
        "https://verify.example",
        "rp_pk_t",
        transport=scene.server,
        clock=scene.clock,
        retry=Retry(attempts=1),
    )
    scene.server.fail(ServerUnreachableError("gone"))
    with pytest.raises(ServerUnreachableError):
        client.start(OWNER)
    assert len(scene.server.requests) == 1


def test_a_problem_is_an_exception_with_everything_it_says(scene: Scene) -> None:
    """Class by slug, and the members as attributes."""
    scene.server.fail(
        scene.server.problem(
            409,
            "concurrent-verification",
            detail="One is pending",
            instance="req_9",
            verification="vrf_other",
        )
    )
    with pytest.raises(ConcurrentVerificationError) as failure:
        scene.client.start(OWNER)
    problem = failure.value
    assert (problem.status, problem.slug, problem.instance) == (409, "concurrent-verification", "req_9")
    assert problem.verification == "vrf_other"
    assert str(problem) == "concurrent-verification: One is pending"


def test_an_unknown_problem_is_still_a_problem(scene: Scene) -> None:
    """A newer server does not break an older app."""
    scene.server.fail(scene.server.problem(418, "i-am-a-teapot"))
    with pytest.raises(ProblemError) as failure:
        scene.client.start(OWNER)
    assert type(failure.value) is ProblemError
    assert failure.value.slug == "i-am-a-teapot"


def test_a_problem_with_a_full_address_as_type_is_known(scene: Scene) -> None:
    """The slug is the last part of the type."""
    body = {"type": "https://verify.example/problems/spend-limit-reached", "errors": [{"field": "x"}, 5]}
    scene.server.fail(json_answer(body, 429))
    with pytest.raises(SpendLimitReachedError) as failure:
        scene.client.start(OWNER)
    assert failure.value.errors == (("x", ""),)


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, {}, b"<html>Welcome to the hotel's network</html>"),
        Response(200, {}, b"[" * 100_000),
        json_answer([]),
        json_answer({"status": "pending"}),
        json_answer({"id": "vrf_1", "status": "pending"}),
        json_answer({"id": "vrf_1", "status": "pending", "challenge": "a\r\nX-Evil: 1"}),
        json_answer({"id": "vrf_1", "status": "pending", "challenge": 7}),
        Response(302, {"location": "https://elsewhere.example"}, b""),
    ],
)
def test_what_is_no_answer_of_ours_is_said_so(scene: Scene, answer: Response) -> None:
    """Captive portals, redirects, broken JSON, and a start without a challenge."""
    scene.server.fail(answer)
    with pytest.raises(UnexpectedAnswerError):
        scene.client.start(OWNER)


def test_verified_without_a_token_is_no_success(scene: Scene) -> None:
    """A confirm that claims success must bring the proof."""
    session = scene.client.start(OWNER)
    scene.server.fail(json_answer({"id": "vrf_1", "status": "verified"}), path="/confirm")
    with pytest.raises(UnexpectedAnswerError):
        scene.client.confirm_digits(session, "0018")


def test_a_finished_verification_refuses_evidence(scene: Scene) -> None:
    """The server's word comes as its class."""
    session = scene.client.start(OWNER)
    scene.client.cancel(session)
    with pytest.raises(AlreadyFinishedError):
        scene.client.confirm_digits(session, "0018")


def test_the_views_parts_are_read(scene: Scene) -> None:
    """The wire view as values: seconds, the pattern, what is next."""
    view = scene.client.start(OWNER).verification
    assert view is not None
    assert view.flashcall is not None
    assert (view.flashcall.caller_id_pattern.prefix, view.flashcall.caller_id_pattern.length) == ("+4420", 13)
    assert (view.status, view.finished, view.channel) == ("pending", False, "flashcall")
    assert view.next.automatic is not None
    assert (view.next.automatic.channel, view.next.automatic.seconds) == ("sms", 45)
    assert (view.checks_left, view.assurance_bits, view.expires_in) == (3, 11.7, 300)


MEMBERS = [
    "phone_number", "reason", "reference", "expires_in", "attempt", "flashcall", "code", "skipped", "next",
    "checks_left", "assurance_bits",
]  # fmt: skip
INNER = [
    "id", "channel", "channels", "status", "caller_id_pattern", "prefix", "length", "digits_to_type", "calls",
    "interception_timeout", "ring_time", "check_in", "automatic", "in", "sms", "field", "type", "retry_after",
]  # fmt: skip
JSON = st.recursive(
    st.sampled_from([None, True, 0, -1, 10**400, 1e308, float("nan"), float("inf"), "", "x", "sms"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=3),
    max_leaves=6,
)


# Drawing the input is slow on a busy machine, which is no fault of what is tested.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=3))
def test_odd_members_never_break_an_app(members: dict[str, object]) -> None:
    """Whatever the optional members are, the answer is read, and can be printed."""
    clock = FakeClock()
    server = FakeServer(clock)
    server.fail(json_answer({**members, "id": "vrf_1", "status": "pending", "extra": {"a": 1}}))
    client = Ringproof("https://verify.example", "rp_sk_test", transport=server, clock=clock)
    view = client.get(Session("vrf_1"))
    assert (view.id, view.status, view.finished) == ("vrf_1", "pending", False)
    assert repr(view)


@settings(suppress_health_check=[HealthCheck.too_slow])
@example({"retry_after": 10**400}, 400)
@example({"retry_after": "inf"}, 503)
@given(JSON, st.integers(400, 599))
def test_odd_problems_are_still_problems(body: object, status: int) -> None:
    """Whatever a failing server or proxy writes, a ProblemError comes out."""
    clock = FakeClock()
    server = FakeServer(clock)
    for _ in range(4):
        server.fail(json_answer(body, status))
    client = Ringproof("https://verify.example", "rp_sk_test", transport=server, clock=clock)
    with pytest.raises(ProblemError) as failure:
        client.get(Session("vrf_1"))
    assert failure.value.status == status
