"""What comes back: lost connections, refusals, problems, views, and answers that are none of ours."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ringproof import Retry, Ringproof, Session
from ringproof._transport import Response
from ringproof.errors import (
    AlreadyFinishedError,
    ConcurrentVerificationError,
    ProblemError,
    RateLimitedError,
    ServerUnreachableError,
    SpendLimitReachedError,
    TooEarlyError,
    UnexpectedAnswerError,
    VerifierMismatchError,
)
from ringproof.testing import FakeClock, FakeServer
from tests.client_sdk.phones import OWNER, Scene


def json_answer(body: object, status: int = 200, **headers: str) -> Response:
    return Response(status, headers, json.dumps(body).encode())


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
