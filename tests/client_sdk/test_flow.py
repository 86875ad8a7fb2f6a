"""`verify`: calls, from the first dialog to the token, on a scripted phone and a clock that jumps."""

from __future__ import annotations

import pytest

from ringproof import ManualCallSource, ScriptedCallSource
from ringproof._calls import Capabilities, Ready, SeenCall, Sink
from ringproof.calls import (
    Copy,
    answered,
    burst,
    doubled,
    reordered,
    ringing_once,
    withheld,
    without_number,
)
from ringproof.errors import (
    NotVerifiedError,
    ServerUnreachableError,
)
from ringproof.testing import FakeServer
from tests.client_sdk.phones import CALLER, OWNER, Scene

STRANGER = "+4915112345678"
SAME_PATTERN = "+442079460099"


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
