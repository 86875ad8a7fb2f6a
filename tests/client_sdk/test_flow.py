"""`verify`: from the first dialog to the token, on a scripted phone and a clock that jumps."""

from __future__ import annotations

import json
from functools import partial

import pytest

from ringproof import Cancellation, ManualCallSource, ScriptedCallSource
from ringproof._calls import CallEvent, Capabilities, Ready, SeenCall, Sink
from ringproof._transport import Response
from ringproof.calls import (
    Copy,
    ExpectedCall,
    answered,
    burst,
    doubled,
    reordered,
    ringing_once,
    withheld,
    without_number,
)
from ringproof.errors import (
    InternalError,
    InvalidPhoneNumberError,
    NotVerifiedError,
    ServerUnreachableError,
    VerificationCancelledError,
    VerificationExpiredError,
    VerificationFailedError,
)
from ringproof.testing import FakeServer
from tests.client_sdk.phones import CALLER, OWNER, Scene

STRANGER = "+4915112345678"
SAME_PATTERN = "+442079460099"


@pytest.fixture(name="scene")
def _scene() -> Scene:
    return Scene()


def test_a_flash_call_verifies_with_three_requests_less_one(scene: Scene) -> None:
    """Start and confirm are all the phone sends when the call comes at once."""
    verified = scene.verify(scene.phone(ringing_once("020 7946 0018", after=2, ring=5.12)))
    assert verified.phone_number == OWNER
    assert verified.channel == "flashcall"
    assert verified.token.startswith("fake.")
    assert [(seen.method, seen.path) for seen in scene.server.requests] == [
        ("POST", "/v1/verifications"),
        ("POST", "/v1/verifications/vrf_fake/confirm"),
    ]
    assert scene.confirms() == [
        {
            "channel": "flashcall",
            "caller_id": "020 7946 0018",
            "ring_ms": 5120,
            "answered": False,
            "basis": "simulated",
            "quality": "live",
        }
    ]
    assert scene.kinds == ["preparing", "starting", "calling", "ringing", "checking", "verified"]


def test_the_source_listens_before_the_call_is_ordered(scene: Scene) -> None:
    """A call that comes before the answer is kept and matched afterwards."""
    phone = scene.phone()
    order: list[str] = []

    def ring_during_the_request() -> None:
        order.append("ordered")
        phone.play(ringing_once(STRANGER, after=0, ring=1) + ringing_once(CALLER, after=2, ring=4))
        scene.clock.sleep(8)

    scene.server.on_start = ring_during_the_request
    start = phone.start

    def listen(sink: Sink) -> None:
        order.append("listening")
        start(sink)

    phone.start = listen  # type: ignore[method-assign]
    scene.verify(phone)
    assert order == ["listening", "ordered"]
    assert [each["caller_id"] for each in scene.confirms()] == [CALLER]


@pytest.mark.parametrize(
    ("script", "ring_ms", "quality"),
    [
        (doubled(CALLER, ring=5), 5000, "live"),
        (reordered(CALLER, ring=5), 5000, "live"),
        (burst(CALLER), None, "burst"),
        (answered(CALLER, ring=3), 3000, "live"),
    ],
)
def test_faulty_broadcasts_still_verify(
    scene: Scene, script: tuple[Copy, ...], ring_ms: int | None, quality: str
) -> None:
    """Doubled, reordered or late copies and an answered call end in one report."""
    scene.verify(scene.phone(script))
    (sent,) = scene.confirms()
    assert (sent.get("ring_ms"), sent["quality"]) == (ring_ms, quality)
    assert sent["answered"] is (script == answered(CALLER, ring=3))


def test_calls_that_do_not_match_never_leave_the_phone(scene: Scene) -> None:
    """A friend who calls meanwhile is never reported, neither as evidence nor as telemetry."""
    script = ringing_once(STRANGER, after=1, ring=2) + ringing_once(CALLER, after=5, ring=4)
    scene.verify(scene.phone(script))
    assert [each["caller_id"] for each in scene.confirms()] == [CALLER]
    assert not any("15112345678" in str(seen.body) for seen in scene.server.requests)


def test_after_a_wrong_caller_id_the_right_one_still_counts(scene: Scene) -> None:
    """Somebody else of the same area calls first: a mismatch, then the flash call verifies."""
    script = ringing_once(SAME_PATTERN, after=1, ring=2) + ringing_once(CALLER, after=6, ring=4)
    scene.verify(scene.phone(script))
    assert [each["caller_id"] for each in scene.confirms()] == [SAME_PATTERN, CALLER]
    assert "wrong" in scene.kinds


def test_instant_mode_does_not_wait_for_the_end_of_the_ring(scene: Scene) -> None:
    """With ring_time `ignore` the number is reported while it rings."""
    scene.serve(FakeServer(scene.clock, ring_time="ignore"))
    began = scene.clock.monotonic()
    scene.verify(scene.phone(ringing_once(CALLER, after=2, ring=6)))
    assert scene.clock.monotonic() - began < 3
    assert "ring_ms" not in scene.confirms()[0]


def test_a_ring_without_an_end_is_reported_before_the_deadline(scene: Scene) -> None:
    """A lost end costs time but not the verification, and no ring time is invented."""
    began = scene.clock.monotonic()
    scene.verify(scene.phone((Copy(30, "RINGING"), Copy(30, "RINGING", CALLER))))
    (sent,) = scene.confirms()
    assert scene.clock.monotonic() - began == pytest.approx(43)
    assert "ring_ms" not in sent
    assert sent["quality"] == "estimated"


def test_serial_calls_are_reported_one_by_one(scene: Scene) -> None:
    """Each of three calls has its own confirm; the token comes with the last."""
    numbers = ("+442079460018", "+442079460027", "+442079460036")
    server = scene.serve(FakeServer(scene.clock, caller_ids=numbers))
    phone, calls = scene.phone(), iter(numbers)
    server.on_start = lambda: phone.play(ringing_once(next(calls), after=2, ring=4))
    scene.verify(phone)
    assert [each["caller_id"] for each in scene.confirms()] == list(numbers)
    assert scene.kinds.count("calling") == 3
    assert scene.kinds.count("ringing") == 3


def test_no_call_leads_to_the_code_by_itself(scene: Scene) -> None:
    """The server's own fallback is seen by looking when `next` says, and the code is asked for."""
    typist = scene.typist("123456")
    verified = scene.verify(scene.phone(), typist)
    assert verified.channel == "sms"
    assert [(request.channel, request.length, request.wrong) for request in typist.asked] == [
        ("sms", 6, False)
    ]
    assert scene.confirms() == [{"channel": "sms", "code": "123456", "source": "manual"}]
    assert typist.stopped
    looks = [seen.at for seen in scene.server.calls_to("GET")]
    assert len(looks) <= 5


def test_the_missing_call_is_told_to_the_operator(scene: Scene) -> None:
    """`no_call` is sent once, when late calls are out of the question, or at the end."""
    scene.verify(scene.phone(), scene.typist("123456"))
    assert scene.server.reports == [{"kind": "no_call"}]
    slow = Scene()
    slow.verify(slow.phone(), slow.typist("123456", after=60))
    (report,) = slow.server.calls_to("POST", "/reports")
    assert report.at == pytest.approx(slow.server.requests[0].at + 75, abs=0.2)


def test_a_late_call_is_told_but_proves_nothing(scene: Scene) -> None:
    """A call after the step is over goes to /reports, never to /confirm."""
    scene.verify(scene.phone(ringing_once(CALLER, after=55, ring=4)), scene.typist("123456", after=40))
    assert scene.server.reports == [
        {"kind": "late_call", "caller_id": CALLER, "ring_ms": 4000, "basis": "simulated", "quality": "live"}
    ]
    assert [each["channel"] for each in scene.confirms()] == ["sms"]


def test_failing_telemetry_breaks_nothing(scene: Scene) -> None:
    """The report of a missing call is lost, the verification is not."""
    scene.server.fail(ServerUnreachableError("gone"), path="/reports")
    assert scene.verify(scene.phone(), scene.typist("123456")).channel == "sms"
    assert len(scene.server.calls_to("POST", "/reports")) == 1


def test_a_typing_person_is_no_witness_of_a_missing_call(scene: Scene) -> None:
    """Without a source that hears calls, silence says nothing and is not reported."""
    scene.verify(ManualCallSource(clock=scene.clock), scene.typist("123456"))
    assert scene.server.reports == []


def test_a_withheld_call_leads_to_the_next_step_early(scene: Scene) -> None:
    """The server's call has rung and the phone saw a call without a number: that was it."""
    began = scene.clock.monotonic()
    scene.verify(scene.phone(withheld(after=2, ring=4)), scene.typist("123456"))
    first = scene.confirms()[0]
    assert (first["channel"], first["caller_id"]) == ("flashcall", "")
    assert scene.clock.monotonic() - began < 20
    assert scene.server.reports == []


def test_a_strangers_withheld_call_does_not_end_the_step(scene: Scene) -> None:
    """While the server has not placed its call, a withheld one is somebody else's; the real one counts."""
    scene.server.status = "dialing"
    phone = scene.phone(withheld(after=1, ring=2) + ringing_once(CALLER, after=20, ring=4))
    scene.verify(phone, scene.typist())
    assert [each["caller_id"] for each in scene.confirms()] == [CALLER]


def test_a_withheld_call_is_reported_at_the_last_moment_when_the_carrier_is_silent(scene: Scene) -> None:
    """A carrier without ringing events leaves the attempt accepted; the deadline decides."""
    scene.server.status = "accepted"
    began = scene.clock.monotonic()
    scene.verify(scene.phone(withheld(after=1, ring=2)), scene.typist("123456"))
    first = scene.server.calls_to("POST", "/confirm")[0]
    assert first.body["evidence"]["caller_id"] == ""
    assert first.at - began == pytest.approx(43)


def test_a_withheld_call_is_never_reported_for_a_call_that_was_not_placed(scene: Scene) -> None:
    """Until the end the server says `dialing`: the withheld call was not its own."""
    scene.server.status = "dialing"
    scene.verify(scene.phone(withheld(after=1, ring=2)), scene.typist("123456"))
    assert [each["channel"] for each in scene.confirms()] == ["sms"]


def test_a_call_without_permission_to_see_the_number_is_not_reported(scene: Scene) -> None:
    """Unknown is not withheld."""
    scene.verify(scene.phone(without_number()), scene.typist("123456"))
    assert [each["channel"] for each in scene.confirms()] == ["sms"]


def test_refused_permissions_are_told_as_missing_capabilities(scene: Scene) -> None:
    """The source is never started and the server knows what this phone can do."""
    phone = scene.phone(ringing_once(CALLER), granted=False)
    scene.verify(phone, scene.typist("123456"))
    start = scene.server.requests[0].body
    assert start["capabilities"] == {"caller_id": False, "ring_time": False}
    assert scene.server.reports == []


def test_the_start_tells_what_is_wanted_and_what_the_phone_can(scene: Scene) -> None:
    """Capabilities of the sources, the app's hash, channels, language, reference, nonce and transaction."""
    scene.client.verify(
        OWNER,
        scene.phone(ringing_once(CALLER)),
        scene.typist(),
        channels=["flashcall", "sms"],
        language="de-DE",
        reference="signup-42",
        nonce="n-0S6_WzA2Mj",
        sms_app_hash="FA+9qCX9VSu",
        transaction={"amount": "12.30", "currency": "EUR", "payee": "ACME"},
    )
    body = dict(scene.server.requests[0].body)
    assert len(body.pop("code_challenge")) == 43
    assert body == {
        "phone_number": OWNER,
        "code_challenge_method": "S256",
        "channels": ["flashcall", "sms"],
        "language": "de-DE",
        "reference": "signup-42",
        "nonce": "n-0S6_WzA2Mj",
        "capabilities": {"caller_id": True, "ring_time": True, "sms_app_hash": "FA+9qCX9VSu"},
        "transaction": {"amount": "12.30", "currency": "EUR", "payee": "ACME"},
    }


def test_without_codes_only_a_flash_call_is_asked_for(scene: Scene) -> None:
    """Nobody could enter a code, so none is ordered; the verification fails when no call comes."""
    with pytest.raises(VerificationFailedError) as failure:
        scene.verify(scene.phone())
    assert scene.server.requests[0].body["channels"] == ["flashcall"]
    assert failure.value.reason == "no_call"
    assert failure.value.verification == "vrf_fake"


def test_a_code_that_nobody_can_enter_ends_the_verification(scene: Scene) -> None:
    """Asked for SMS without a way to type: cancelled at the server, and said so."""
    with pytest.raises(VerificationFailedError, match="nobody"):
        scene.verify(scene.phone(), channels=["sms"])
    assert scene.server.state == "cancelled"


def test_a_wrong_code_is_asked_for_again(scene: Scene) -> None:
    """A mismatch is an answer: the person is asked once more and told so."""
    typist = scene.typist("000000", "123456")
    scene.verify(None, typist, channels=["sms"])
    assert [(request.wrong, request.checks_left) for request in typist.asked] == [(False, 3), (True, 2)]


def test_a_slip_of_the_finger_uses_up_no_check(scene: Scene) -> None:
    """A code of another length is not sent; blanks, dashes and other digits are."""
    typist = scene.typist("12345", "١٢٣-٤٥ ٦")
    scene.verify(None, typist, channels=["sms"])
    assert [each["code"] for each in scene.confirms()] == ["123456"]
    assert [request.wrong for request in typist.asked] == [False, True]


def test_too_many_wrong_codes_fail(scene: Scene) -> None:
    """The server ends it; so does verify."""
    with pytest.raises(VerificationFailedError) as failure:
        scene.verify(None, scene.typist("000000", "000001", "000002", "000003"), channels=["sms"])
    assert failure.value.status == "failed"
    assert len(scene.confirms()) == 3


def test_codes_may_be_a_function(scene: Scene) -> None:
    """A function that asks is enough."""
    assert scene.verify(None, lambda request: "1" * 5 + "6" if request.wrong else "123456", channels=["sms"])


def test_giving_up_cancels_at_the_server(scene: Scene) -> None:
    """None as code: the verification is over everywhere."""
    with pytest.raises(VerificationCancelledError):
        scene.verify(None, scene.typist(None), channels=["sms"])
    assert scene.server.state == "cancelled"


def test_a_message_that_overtakes_the_news_of_it_is_used(scene: Scene) -> None:
    """An SMS is read from the phone while the SDK still believes in the call: it looks, and confirms."""
    typist = scene.typist()
    scene.server.on_code = typist.type

    def route_fails() -> None:
        scene.server.move_on()

    scene.clock.later(3, route_fails)
    began = scene.clock.monotonic()
    scene.verify(scene.phone(), typist)
    assert scene.clock.monotonic() - began < 4


def test_digits_typed_by_a_person_verify(scene: Scene) -> None:
    """The person is told the beginning of the number and types its last four digits."""
    told: list[ExpectedCall] = []

    def ask(call: ExpectedCall) -> str | None:
        told.append(call)
        return "00 18" if len(told) == 2 else "99 99"

    scene.verify(ManualCallSource(ask, clock=scene.clock))
    assert [(call.prefix, call.digits, call.wrong) for call in told] == [
        ("+4420", 4, False),
        ("+4420", 4, True),
    ]
    assert scene.confirms() == [
        {"channel": "flashcall", "last_digits": "9999"},
        {"channel": "flashcall", "last_digits": "0018"},
    ]


def test_too_few_digits_are_asked_for_again_and_never_sent(scene: Scene) -> None:
    """Two digits are no evidence."""
    answers = iter(["18", "0018"])
    scene.verify(ManualCallSource(lambda call: next(answers), clock=scene.clock))
    assert scene.confirms() == [{"channel": "flashcall", "last_digits": "0018"}]


def test_the_whole_number_may_be_typed(scene: Scene) -> None:
    """Somebody who types all of it has told more, not something wrong."""
    scene.verify(ManualCallSource(lambda call: "020 7946 0018", clock=scene.clock))
    assert scene.confirms()[0]["caller_id"] == "020 7946 0018"
    assert scene.confirms()[0]["basis"] == "manual"


def test_two_sources_that_hear_the_same_call_report_it_once(scene: Scene) -> None:
    """The phone and the typing person, or two feeds of one phone, are one witness."""
    scene.serve(FakeServer(scene.clock, caller_ids=[CALLER, "+442079460027"]))
    feeds = [scene.phone(ringing_once(CALLER, after=2, ring=5)) for _ in range(2)]
    with pytest.raises(NotVerifiedError):
        scene.verify(feeds)
    assert [each["caller_id"] for each in scene.confirms()] == [CALLER]


def test_a_call_that_was_only_logged_is_found(scene: Scene) -> None:
    """The broadcast got lost; the phone's log brings the call, and older entries are left alone."""
    wall_ms = round(scene.clock.wall() * 1000)
    rows = [
        SeenCall("1", SAME_PATTERN, False, wall_ms - 60_000),
        SeenCall("2", CALLER, False, wall_ms + 5_000, ring_ms=4_200, answered=False),
    ]

    class Deaf(ScriptedCallSource):
        def capabilities(self) -> Capabilities:
            return Capabilities(number_live=False, ring_time=False, history=True)

    scene.verify(Deaf(clock=scene.clock, log=rows))
    (sent,) = scene.confirms()
    assert (sent["caller_id"], sent["basis"], sent["quality"]) == (CALLER, "call_log", "estimated")
    assert sent["ring_ms"] == 4_200


def test_the_log_names_a_call_that_was_heard_without_number(scene: Scene) -> None:
    """One call, heard live and completed from the log, is reported once with the live ring time."""
    wall_ms = round(scene.clock.wall() * 1000)
    log = [SeenCall("7", CALLER, False, wall_ms + 1_500)]
    script = without_number(after=2, ring=4)
    scene.verify(ScriptedCallSource(script, clock=scene.clock, log=log))
    (sent,) = scene.confirms()
    assert (sent["caller_id"], sent["ring_ms"], sent["basis"]) == (CALLER, 4000, "simulated")


class LateSource:
    """A source whose permission dialog is answered after a while, or never."""

    name = "late"

    def __init__(self, scene: Scene, after: float | None) -> None:
        self.inner = scene.phone(ringing_once(CALLER, after=1, ring=4))
        self.scene, self.after = scene, after
        self.started_at: float | None = None

    def capabilities(self) -> Capabilities:
        return self.inner.capabilities()

    def prepare(self, done: object) -> None:
        if self.after is not None:
            assert callable(done)
            self.scene.clock.later(self.after, lambda: done(Ready(usable=True)))

    def start(self, sink: Sink) -> None:
        self.started_at = self.scene.clock.monotonic()
        self.inner.start(sink)

    def history(self, since_wall_ms: int) -> list[SeenCall]:
        return []

    def stop(self) -> None:
        self.inner.stop()


def test_the_start_waits_for_the_permission_dialogs(scene: Scene) -> None:
    """Nothing is ordered while the person is still deciding."""
    source = LateSource(scene, after=20)
    scene.verify(source)
    assert scene.server.requests[0].at == source.started_at == pytest.approx(1020)


def test_a_source_that_is_ready_late_joins_late(scene: Scene) -> None:
    """After a minute the verification begins without it; when it is granted at last, it still helps."""
    source = LateSource(scene, after=70)
    verified = scene.verify(source, scene.typist())
    assert scene.server.requests[0].at == pytest.approx(1060)
    assert verified.channel == "flashcall"


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


def _typing(scene: Scene, *typed: tuple[float, str]) -> None:
    """A call asks for digits, and the person types these, so many seconds after the start."""
    scene.serve(FakeServer(scene.clock, fallback="keypad", code="482915"))
    for after, digits in typed:
        scene.clock.later(after, partial(scene.server.type_keys, digits))


def test_digits_typed_in_a_call_verify_without_anything_to_type_here(scene: Scene) -> None:
    """The screen is told the digits; the flow polls until the call has got them and gets the token then."""
    _typing(scene, (6, "000000"), (9, "482915"))
    verified = scene.verify(channels=["keypad"])
    assert verified.channel == "keypad"
    assert scene.confirms() == [{"channel": "keypad"}]
    assert scene.kinds == ["preparing", "starting", "keypad", "checking", "verified"]
    shown = next(each.verification for each in scene.progress if each.kind == "keypad")
    assert shown is not None
    assert shown.keypad is not None
    assert (shown.keypad.digits, shown.keypad.typed) == ("482915", False)
    assert scene.clock.monotonic() - 1000 < 12


def test_the_digits_follow_a_call_that_did_not_come(scene: Scene) -> None:
    _typing(scene, (60, "482915"))
    assert scene.verify(scene.phone(), scene.typist()).channel == "keypad"
    assert "keypad" in scene.kinds


def test_digits_that_nobody_types_end_with_the_time(scene: Scene) -> None:
    """The server is looked at now and then, and never asked for the token of nothing."""
    _typing(scene)
    with pytest.raises(VerificationExpiredError):
        scene.verify(channels=["keypad"])
    assert scene.confirms() == []
    assert len(scene.server.calls_to("GET")) < 200


def test_a_server_that_wants_more_than_the_digits_is_not_asked_without_end(scene: Scene) -> None:
    _typing(scene, (3, "482915"))
    wanting = {"id": "vrf_fake", "status": "pending", "result": "more_evidence"}
    keypad = {"keypad": {"digits": "482915", "typed": True}, "expires_in": 100}
    attempt = {"attempt": {"id": "att_keypad", "channel": "keypad", "status": "answered"}}
    scene.server.fail(
        Response(200, {"content-type": "application/json"}, json.dumps(wanting | keypad | attempt).encode()),
        path="/confirm",
    )
    with pytest.raises(VerificationExpiredError):
        scene.verify(channels=["keypad"])
    assert scene.confirms() == [{"channel": "keypad"}]


def test_a_token_lost_after_the_digits_is_fetched_again(scene: Scene) -> None:
    _typing(scene, (3, "482915"))
    scene.server.fail(ServerUnreachableError("gone"), path="/confirm", processed=True)
    assert scene.verify(channels=["keypad"]).token.startswith("fake.")


def test_the_digits_do_not_show_in_a_repr(scene: Scene) -> None:
    _typing(scene, (3, "482915"))
    scene.verify(channels=["keypad"])
    assert "482915" not in repr(scene.progress)


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


def test_the_same_wrong_code_typed_again_is_another_guess(scene: Scene) -> None:
    """Only a lost answer is repeated under one key; what a person types anew is new."""
    typist = scene.typist("000000", "000000", "123456")
    scene.verify(None, typist, channels=["sms"])
    assert [request.checks_left for request in typist.asked] == [3, 2, 1]


def test_a_code_is_held_until_it_may_be_checked(scene: Scene) -> None:
    """After a wrong one the server wants a pause: the screen is told, and nothing is sent too early."""
    scene.serve(FakeServer(scene.clock, check_delay=60))
    typist = scene.typist("000000", "123456")
    scene.verify(None, typist, channels=["sms"])
    assert [request.wait for request in typist.asked] == [0, 60]
    first, second = scene.server.calls_to("POST", "/confirm")
    assert second.at - first.at == pytest.approx(60)


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


def test_nothing_secret_is_printed(scene: Scene) -> None:
    """Results, sessions and progress are fit for a log."""
    verified = scene.verify(scene.phone(ringing_once(CALLER)))
    session = scene.client.start(OWNER)
    shown = repr([verified, session, scene.progress, scene.client, scene.server.requests[0].headers and None])
    for secret in (
        verified.token,
        OWNER,
        CALLER,
        str(session.challenge),
        str(session.code_verifier),
        "rp_pk",
    ):
        assert secret not in shown
