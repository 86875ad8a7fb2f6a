"""Telemetry of clients, and what is said to whoever answers a call."""

from __future__ import annotations

import pytest

from ringproof_rcml import Dialect
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Status
from ringproof_server.service.requests import ClientReport
from ringproof_server.service.spoken import DocumentKind, SpokenDocument
from tests.support.switchboard import Switchboard
from tests.support.world import Session, World, call_report, key, right_call, wrong_call


def _report(session: Session, report: ClientReport, name: str | None = None) -> Status:
    return session.process.service.report(
        session.caller,
        session.id,
        challenge=session.challenge,
        report=report,
        idempotency=None if name is None else key(name),
    ).status


@pytest.mark.parametrize("kind", ["no_call", "late_call", "seen", "anything else"])
def test_telemetry_never_verifies_nor_moves_anything(world: World, kind: str) -> None:
    session = world.start(world.app())
    before = session.stored
    report = ClientReport(kind=kind, caller_id=session.caller_id, ring_ms=5000, basis="sip", quality="live")
    assert _report(session, report) is Status.PENDING
    assert session.stored == before
    assert world.server.failures() == 0


def test_telemetry_is_kept_without_the_number_that_was_seen(world: World) -> None:
    app = world.app()
    session = world.start(app)
    _report(session, ClientReport(kind="late_call", caller_id=session.caller_id, ring_ms=5000))
    _report(session, ClientReport(kind="made up"))
    trace = world.server.service.get(app.back_end, session.id, challenge=None).trace
    assert trace is not None
    kept = [dict(entry.detail) for entry in trace if entry.what == "client_report"]
    assert [(item["kind"], item["ring_ms"], item["with_caller_id"]) for item in kept] == [
        ("late_call", 5000, True),
        ("other", None, False),
    ]
    assert session.caller_id[-6:] not in repr(trace)


def test_telemetry_after_the_end_changes_telemetry_only(world: World) -> None:
    session = world.start(world.app())
    session.confirm(right_call(session))
    assert _report(session, ClientReport(kind="late_call")) is Status.VERIFIED


def test_repeated_telemetry_is_kept_once(world: World) -> None:
    session = world.start(world.app())
    for _ in range(3):
        _report(session, ClientReport(kind="seen"), "k1")
    assert world.server.trace(session.id).count("client_report") == 1


@pytest.mark.parametrize("flood", ["telemetry", "withheld", "too many reports", "cancels"])
def test_no_client_makes_the_record_of_a_verification_grow_without_end(world: World, flood: str) -> None:
    """What is decided later is still kept, so that a flood covers no tracks."""
    session = world.start(world.app())
    if flood == "too many reports":
        for _ in range(3):
            session.confirm(wrong_call(session))
    if flood == "cancels":
        session.cancel()
    for _ in range(150):
        if flood == "telemetry":
            _report(session, ClientReport(kind="seen"))
        elif flood == "withheld":
            session.confirm(call_report(None))
        elif flood == "too many reports":
            session.confirm(wrong_call(session))
        else:
            session.cancel()
    assert len(world.server.trace(session.id)) <= 101
    if flood != "cancels":
        session.cancel()
        assert world.server.trace(session.id)[-1] == "finished"


def test_a_carrier_that_repeats_itself_does_not_make_the_record_grow_without_end(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    for _ in range(150):
        board.say(attempt, AttemptEvent.RING)
        board.say(attempt, AttemptEvent.DELIVER)
    assert len(board.world.server.trace(session.id)) <= 101


# --- what is said


def _said(board: Switchboard, session: Session) -> DocumentKind:
    reference = board.reference(session.attempts[0])
    document = board.world.server.events.document(reference)
    assert document is not None
    return document.kind


def test_whoever_answers_is_told_where_the_verification_stands(board: Switchboard) -> None:
    session = board.world.start(board.world.app(), language="de-DE")
    board.ringing(session)
    reference = board.reference(session.attempts[0])
    assert board.world.server.events.document(reference) == SpokenDocument(
        DocumentKind.CONFIRMING, Dialect.TWIML, "de-de", "Tests"
    )
    session.confirm(right_call(session))
    assert _said(board, session) is DocumentKind.CONFIRMED


@pytest.mark.parametrize(
    ("number", "language", "spoken"),
    [
        ("+33639980012", None, "fr"),
        ("+33639980012", "de-AT", "de-at"),
        ("+33639980012", "xx", "fr"),
        ("+447700900123", None, "en"),
    ],
)
def test_the_sentence_is_in_the_asked_language_else_in_that_of_the_country(
    board: Switchboard, number: str, language: str | None, spoken: str
) -> None:
    session = board.world.start(board.world.app(), number, language=language)
    board.ringing(session)
    reference = board.reference(session.attempts[0])
    document = board.world.server.events.document(reference)
    assert document is not None
    assert document.language == spoken


def test_a_call_that_nobody_waits_for_is_hung_up_without_a_word(board: Switchboard) -> None:
    cancelled = board.world.start(board.world.app())
    board.ringing(cancelled)
    cancelled.cancel()
    assert _said(board, cancelled) is DocumentKind.HANG_UP
    expired = board.world.start(board.world.app(Policy(ttl=30)), "+447700900124")
    board.ringing(expired)
    board.world.clock.move(29.9)
    assert _said(board, expired) is DocumentKind.CONFIRMING
    board.world.clock.move(0.1)
    assert _said(board, expired) is DocumentKind.HANG_UP


@pytest.mark.parametrize("reference", ["", "att_x", "att_x.", "att_x.AAAAAAAAAAAAAAAAAAAAAA", "../etc", "😀"])
def test_a_reference_that_is_not_ours_gets_no_document(board: Switchboard, reference: str) -> None:
    assert board.world.server.events.document(reference) is None


def test_an_attempt_that_no_carrier_has_yet_gets_no_document(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    reference = board.reference(session.attempts[0])
    assert board.world.server.events.document(reference) is None


def test_a_person_who_answers_hears_the_sentence_and_the_call_counts_as_answered(world: World) -> None:
    world.behave("answer")
    session = world.start(world.app(Policy(ring_seconds=(8.0, 8.0))))
    world.pass_time(20)
    heard = world.calls_seen()[-1]
    assert (heard.answered, heard.heard) == (True, "confirming")
    assert session.attempts[0].reason is Reason.ANSWERED
    assert session.confirm(right_call(session)).status is Status.VERIFIED


def test_metrics_count_starts_ends_and_verdicts_once(board: Switchboard) -> None:
    session = board.world.start(board.world.app())
    attempt = board.ringing(session)
    board.say(attempt, AttemptEvent.END, reason=Reason.RANG)
    board.say(attempt, AttemptEvent.END, reason=Reason.BUSY)
    evidence = right_call(session)
    session.confirm(evidence)
    session.confirm(evidence)
    counts = board.world.server.metrics.counts
    assert {(str(item[0]), str(item[1])): count for item, count in counts.items()} == {
        ("started", "flashcall"): 1,
        ("attempt_ended", "flashcall"): 1,
        ("finished", "verified"): 1,
    }
