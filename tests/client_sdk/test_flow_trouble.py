"""`verify` when something comes between: another thread, another channel, a dead network, the end of time."""

from __future__ import annotations

import pytest

from ringproof import Cancellation, ManualCallSource
from ringproof._calls import CallEvent
from ringproof._transport import Request, Response
from ringproof.calls import ringing_once
from ringproof.errors import (
    InternalError,
    InvalidPhoneNumberError,
    ServerUnreachableError,
    VerificationCancelledError,
    VerificationExpiredError,
)
from ringproof.testing import FakeServer
from tests.client_sdk.phones import CALLER, OWNER, Scene


def test_another_thread_may_cancel(scene: Scene) -> None:
    """The verification ends at once, at the server too, and the sources are silent."""
    cancellation, phone, typist = Cancellation(), scene.phone(), scene.typist()
    scene.clock.later(7, cancellation.cancel)
    with pytest.raises(VerificationCancelledError) as failure:
        scene.verify(phone, typist, cancellation=cancellation)
    assert scene.clock.monotonic() == pytest.approx(1007)
    assert scene.server.state == "cancelled"
    assert scene.server.requests[-1].headers["Ringproof-Challenge"] == "fake.challenge.jwt"
    assert failure.value.verification == "vrf_fake"
    assert typist.stopped
    assert cancellation.cancelled


@pytest.mark.parametrize("fails", [False, True])
def test_listening_ends_before_the_server_is_told(scene: Scene, fails: bool) -> None:
    """Who cancels is not listened to until a server that cannot be reached has been told so."""
    cancellation, typist, deaf_at_the_end = Cancellation(), scene.typist(), list[bool]()

    class Watched(FakeServer):
        def send(self, request: Request) -> Response:
            if request.method == "DELETE":
                deaf_at_the_end.append(typist.stopped)
            return super().send(request)

    def show(progress: object) -> None:
        if fails and getattr(progress, "kind", "") == "calling":
            raise ZeroDivisionError

    scene.serve(Watched(scene.clock))
    scene.clock.later(7, cancellation.cancel)
    with pytest.raises(ZeroDivisionError if fails else VerificationCancelledError):
        scene.client.verify(OWNER, scene.phone(), typist, on_progress=show, cancellation=cancellation)
    assert deaf_at_the_end == [True]


def test_a_verification_cancelled_beforehand_never_starts(scene: Scene) -> None:
    """Nothing is ordered, nothing is sent."""
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(VerificationCancelledError):
        scene.verify(scene.phone(), cancellation=cancellation)
    assert scene.server.calls_to("POST", "/confirm") == []
    assert scene.server.state in {"none", "cancelled"}


def test_cancelling_works_while_requests_are_being_retried(scene: Scene) -> None:
    """The wait between two tries ends at once."""
    cancellation = Cancellation()
    for _ in range(10):
        scene.server.fail(ServerUnreachableError("gone"), path="/confirm")
    scene.clock.later(7.3, cancellation.cancel)
    with pytest.raises(VerificationCancelledError):
        scene.verify(scene.phone(ringing_once(CALLER, after=2, ring=5)), cancellation=cancellation)
    assert scene.clock.monotonic() == pytest.approx(1007.3)
    assert scene.server.state == "cancelled"


def test_an_error_in_the_apps_own_code_cancels_and_stops(scene: Scene) -> None:
    """What `on_progress` raises comes out of verify, and nothing goes on behind it."""
    phone = scene.phone(ringing_once(CALLER))

    def show(progress: object) -> None:
        if getattr(progress, "kind", "") == "ringing":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scene.client.verify(OWNER, phone, on_progress=show)
    assert scene.server.state == "cancelled"


def test_the_person_may_switch_to_another_channel(scene: Scene) -> None:
    """`switch` asks the server for SMS at once; the call that was given up is not reported missing."""
    typist = scene.typist("123456")
    run = scene.client.begin(OWNER, scene.phone(), typist, on_progress=scene.progress.append)
    scene.clock.later(6, lambda: run.switch("sms"))
    assert run.result().channel == "sms"
    (asked,) = scene.server.calls_to("POST", "/next")
    assert asked.body == {"channel": "sms"}
    assert scene.server.reports == []
    assert scene.clock.monotonic() == pytest.approx(1011)


def test_a_refused_switch_is_told_and_the_call_still_counts(scene: Scene) -> None:
    """Too early for that channel: the screen says so, the verification goes on."""
    scene.server.fail(scene.server.problem(409, "too-early", retry_after=30), path="/next")
    run = scene.client.begin(
        OWNER, scene.phone(ringing_once(CALLER, after=9)), scene.typist(), on_progress=scene.progress.append
    )
    scene.clock.later(2, lambda: run.switch("voice"))
    assert run.result().channel == "flashcall"
    assert [each.seconds for each in scene.progress if each.kind == "refused"] == [30]


@pytest.mark.parametrize(("status", "slug"), [(400, "invalid-request"), (422, "no-channel-available")])
def test_a_channel_nobody_knows_is_refused_not_fatal(scene: Scene, status: int, slug: str) -> None:
    """A slip in naming a channel does not end the verification."""
    scene.server.fail(scene.server.problem(status, slug), path="/next")
    run = scene.client.begin(
        OWNER, scene.phone(ringing_once(CALLER, after=9)), scene.typist(), on_progress=scene.progress.append
    )
    scene.clock.later(2, lambda: run.switch("pigeon"))
    assert run.result().channel == "flashcall"
    assert "refused" in scene.kinds


def test_a_switch_outlives_a_dead_network(scene: Scene) -> None:
    """What the person wanted is done when the network is back."""
    for _ in range(5):
        scene.server.fail(ServerUnreachableError("gone"), path="/next")
    run = scene.client.begin(OWNER, scene.phone(), scene.typist("123456"))
    scene.clock.later(2, lambda: run.switch("sms"))
    assert run.result().channel == "sms"
    assert len(scene.server.calls_to("POST", "/next")) == 6


def test_an_app_that_comes_back_looks_at_once(scene: Scene) -> None:
    """After a pause the server may have moved on long ago."""
    typist = scene.typist("123456", after=1)
    run = scene.client.begin(OWNER, scene.phone(), typist)

    def come_back() -> None:
        scene.server.move_on()
        run.wake()

    scene.clock.later(3, come_back)
    assert run.result().channel == "sms"
    assert scene.clock.monotonic() == pytest.approx(1004)


def test_a_run_can_be_used_once(scene: Scene) -> None:
    """A second result would order a second call."""
    run = scene.client.begin(OWNER, scene.phone(ringing_once(CALLER)))
    run.result()
    with pytest.raises(RuntimeError):
        run.result()


def test_a_refused_start_is_raised_as_it_is(scene: Scene) -> None:
    """Nothing to cancel, and the source is stopped."""
    scene.server.fail(scene.server.problem(422, "invalid-phone-number"))
    phone = scene.phone(ringing_once(CALLER))
    with pytest.raises(InvalidPhoneNumberError):
        scene.verify(phone)
    assert len(scene.server.requests) == 1
    heard: list[CallEvent] = []
    phone.start(heard.append)
    phone.stop()


def test_evidence_outlives_a_dead_network(scene: Scene) -> None:
    """On many networks data stops during a call: the report is sent when it is back, the ring unharmed."""
    for _ in range(9):
        scene.server.fail(ServerUnreachableError("gone"), path="/confirm")
    scene.verify(scene.phone(ringing_once(CALLER, after=2, ring=5)))
    assert "offline" in scene.kinds
    assert [each["caller_id"] for each in scene.confirms()] == [CALLER] * 10


def test_a_lost_answer_to_the_proof_is_asked_for_again(scene: Scene) -> None:
    """The server has verified, the answer got lost: the same request again brings the same token."""
    scene.server.fail(ServerUnreachableError("gone"), path="/confirm", processed=True)
    verified = scene.verify(scene.phone(ringing_once(CALLER)))
    first, second = scene.server.calls_to("POST", "/confirm")
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert verified.token.startswith("fake.")


def test_an_answer_lost_for_good_is_repeated_as_a_new_request(scene: Scene) -> None:
    """Retries are used up, the flow looks, sees `verified` and fetches the token with the same evidence."""
    for _ in range(4):
        scene.server.fail(ServerUnreachableError("gone"), path="/confirm", processed=True)
    verified = scene.verify(scene.phone(ringing_once(CALLER)))
    assert verified.token.startswith("fake.")
    assert len(scene.confirms()) == 5


def test_a_wrong_answer_repeated_after_a_dead_network_counts_once(scene: Scene) -> None:
    """All tries of one code have one idempotency key, also in later rounds; the next code has its own."""
    for _ in range(6):
        scene.server.fail(ServerUnreachableError("gone"), path="/confirm", processed=True)
    typist = scene.typist("000000", "123456")
    scene.verify(None, typist, channels=["sms"])
    assert [request.checks_left for request in typist.asked] == [3, 2]
    keys = [seen.headers["Idempotency-Key"] for seen in scene.server.calls_to("POST", "/confirm")]
    assert len(keys) == 8
    assert len(set(keys[:7])) == 1
    assert keys[7] not in keys[:7]


def test_what_is_heard_while_a_request_is_retried_is_not_lost(scene: Scene) -> None:
    """Wrong digits are on their bumpy way when the phone rings: the call is reported afterwards."""
    for _ in range(3):
        scene.server.fail(ServerUnreachableError("gone"), path="/confirm")
    answers = iter(["9999"])
    digits = ManualCallSource(lambda call: next(answers, None), clock=scene.clock)
    scene.verify([scene.phone(ringing_once(CALLER, after=0.1, ring=0.5)), digits])
    assert scene.confirms()[-2] == {"channel": "flashcall", "last_digits": "9999"}
    assert scene.confirms()[-1]["caller_id"] == CALLER


def test_a_failing_server_is_left_alone_for_as_long_as_it_says(scene: Scene) -> None:
    """503 with Retry-After 30: nothing is sent for 30 seconds, then it goes on."""
    scene.server.fail(scene.server.problem(503, "service-unavailable", retry_after=30), path="/confirm")
    scene.verify(scene.phone(ringing_once(CALLER, after=2, ring=5)))
    first, second = scene.server.calls_to("POST", "/confirm")
    assert second.at - first.at == pytest.approx(30)
    between = [seen for seen in scene.server.requests if first.at < seen.at < second.at]
    assert between == []


def test_a_server_that_never_comes_back_means_expired(scene: Scene) -> None:
    """The verification's time is over here too, soon after it is at the server."""

    class Dead(FakeServer):
        def send(self, request: object) -> Response:
            if self.state == "pending":
                raise ServerUnreachableError("gone")
            return super().send(request)  # type: ignore[arg-type]

    scene.serve(Dead(scene.clock))
    with pytest.raises(VerificationExpiredError):
        scene.verify(scene.phone(), scene.typist())
    assert 300 <= scene.clock.monotonic() - 1000 <= 330


def test_expiry_at_the_server_is_raised(scene: Scene) -> None:
    """Nobody types the code: verify ends with the server's word, not long after it."""
    with pytest.raises(VerificationExpiredError):
        scene.verify(None, scene.typist(), channels=["sms"])
    assert scene.clock.monotonic() - 1000 == pytest.approx(300, abs=2)


def test_an_expired_challenge_means_expired(scene: Scene) -> None:
    """The server's 410 is the end of the time, not a riddle."""
    scene.server.fail(scene.server.problem(410, "challenge-expired"), path="/confirm")
    with pytest.raises(VerificationExpiredError):
        scene.verify(scene.phone(ringing_once(CALLER)))


def test_an_internal_error_at_the_start_is_raised_after_retries(scene: Scene) -> None:
    """Four tries with one idempotency key, then the truth."""
    for _ in range(4):
        scene.server.fail(scene.server.problem(500, "internal", instance="req_1"))
    with pytest.raises(InternalError) as failure:
        scene.verify(scene.phone())
    assert failure.value.instance == "req_1"
    assert len({seen.headers["Idempotency-Key"] for seen in scene.server.requests}) == 1
    assert len(scene.server.requests) == 4


def test_evidence_the_server_cannot_read_counts_as_wrong(scene: Scene) -> None:
    """A 400 on a code is a wrong code for the person, not a crash."""
    typist = scene.typist("12345x", "123456")
    scene.server.fail(scene.server.problem(400, "invalid-request"), path="/confirm")
    scene.verify(None, typist, channels=["sms"])
    assert [request.wrong for request in typist.asked] == [False, True]
