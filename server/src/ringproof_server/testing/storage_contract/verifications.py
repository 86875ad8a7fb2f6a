"""What a storage promises about verifications and attempts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import ServiceUnavailable
from ringproof_server.domain.verification import Capabilities, Status, Transaction, Verification
from ringproof_server.ports import PastAttempt, Session, Storage, TraceEntry
from ringproof_server.testing.storage_contract.samples import (
    CALLER_ID,
    NOW,
    NUMBER,
    OTHER_NUMBER,
    after,
    attempt,
    store,
    verification,
)


def changed(value: Verification) -> Verification:
    """Every field that may change, changed."""
    return replace(
        value,
        status=Status.VERIFIED,
        reason=Reason.RANG,
        step=1,
        reports=1,
        checks=2,
        next_check_at=after(60),
        code_salt=bytes(range(16)),
        code_made_at=after(45),
        expires_at=after(600),
        finished_at=after(50),
        wake_at=None,
        proof=Channel.SMS,
        token_id="tok_1",  # noqa: S106 - an identifier
    )


class VerificationsContract:
    """`ports.Verifications` without what is due."""

    def test_a_verification_comes_back_as_it_was_stored(self, storage: Storage) -> None:
        """No field is lost, rounded or moved to another zone."""
        stored = changed(
            verification(
                reference="signup-42",
                nonce="n-1",
                language="de-DE",
                code_challenge="c" * 43,
                capabilities=Capabilities(caller_id=True, sms_app_hash="FA+9qCX9VSu"),
                transaction=Transaction(amount="12.30", currency="EUR", payee="ACME"),
                recipients={Channel.MESSENGER: "1234567890123456"},
            )
        )
        store(storage, stored)
        assert storage.read(lambda session: session.verifications.get("vrf_1")) == stored

    def test_what_is_not_there_is_none(self, storage: Storage) -> None:
        assert storage.read(lambda session: session.verifications.get("vrf_1")) is None
        assert storage.read(lambda session: session.verifications.attempt("att_1")) is None
        assert storage.read(lambda session: session.verifications.attempts("vrf_1")) == []
        assert storage.read(lambda session: session.verifications.trace("vrf_1")) == []

    def test_an_update_changes_everything_and_counts_the_version_up(self, storage: Storage) -> None:
        first = verification()
        store(storage, first)
        storage.write(lambda session: session.verifications.update(changed(first)))
        found = storage.read(lambda session: session.verifications.get("vrf_1"))
        assert found == replace(changed(first), version=first.version + 1)

    def test_an_outdated_update_changes_nothing(self, storage: Storage) -> None:
        """Whoever read before another wrote cannot overwrite what that other wrote."""
        first = verification()
        store(storage, first)
        storage.write(lambda session: session.verifications.update(replace(first, checks=1)))
        with pytest.raises(ServiceUnavailable):
            storage.write(lambda session: session.verifications.update(replace(first, checks=7)))
        found = storage.read(lambda session: session.verifications.get("vrf_1"))
        assert found == replace(first, checks=1, version=first.version + 1)

    def test_attempts_come_back_as_they_were_stored_in_the_order_in_which_they_were_queued(
        self, storage: Storage
    ) -> None:
        """Also when several were queued in the same microsecond and their identifiers sort otherwise."""
        plain = attempt("att_z")
        full = attempt(
            "att_a",
            channel=Channel.VOICE,
            step=1,
            call=2,
            state=AttemptState.ENDED,
            reason=Reason.ANSWERED,
            carrier="simulated",
            routing_reason="preferred",
            remote_id="CA1",
            claimed_at=after(1),
            accepted_at=after(2),
            ringing_at=after(3),
            answered_at=after(4),
            ended_at=after(5),
            hang_up_at=after(6),
            hang_ups=1,
            ring_ms=5120,
            reported=False,
        )

        store(storage, verification(), plain, full)
        assert storage.read(lambda session: session.verifications.attempts("vrf_1")) == [plain, full]
        assert storage.read(lambda session: session.verifications.attempt("att_a")) == full

    def test_an_attempt_is_changed_by_compare_and_set(self, storage: Storage) -> None:
        first = attempt()
        store(storage, verification(), first)
        claimed = replace(first, state=AttemptState.DIALING, claimed_at=after(1), carrier="simulated")
        storage.write(lambda session: session.verifications.update_attempt(claimed))
        with pytest.raises(ServiceUnavailable):
            storage.write(lambda session: session.verifications.update_attempt(replace(first, call=3)))
        found = storage.read(lambda session: session.verifications.attempt("att_1"))
        assert found == replace(claimed, version=first.version + 1)

    def test_an_attempt_is_found_by_its_carriers_name_for_it(self, storage: Storage) -> None:
        stored = attempt(carrier="twilio", remote_id="CA1")
        store(storage, verification(), stored)
        assert (
            storage.read(lambda session: session.verifications.attempt_by_remote_id("twilio", "CA1"))
            == stored
        )
        assert (
            storage.read(lambda session: session.verifications.attempt_by_remote_id("vonage", "CA1")) is None
        )

    def test_pending_for_a_number_are_those_neither_finished_nor_past_their_time(
        self, storage: Storage
    ) -> None:
        pending = [
            verification("vrf_mine", created_at=after(1)),
            verification("vrf_another_application", application_id="app_2", created_at=after(2)),
        ]
        others = [
            verification("vrf_finished", status=Status.CANCELLED, finished_at=NOW),
            verification("vrf_past", expires_at=after(10)),
            verification("vrf_of_another_number", number=OTHER_NUMBER),
        ]
        store(storage, *others, *reversed(pending))
        found = storage.read(lambda session: session.verifications.pending_for(NUMBER, after(10)))
        assert found == pending

    def test_by_reference_answers_the_newest_of_the_application_first(self, storage: Storage) -> None:
        mine = [verification(f"vrf_{n}", reference="signup-42", created_at=after(n)) for n in range(4)]
        others = [
            verification("vrf_a", reference="signup-42", application_id="app_2"),
            verification("vrf_b", reference="signup-43"),
            verification("vrf_c"),
        ]
        store(storage, *mine, *others)
        found = storage.read(lambda session: session.verifications.by_reference("app_1", "signup-42", 3))
        assert found == [mine[3], mine[2], mine[1]]

    def test_by_reference_leaves_out_what_came_with_a_code_challenge_where_that_is_asked(
        self, storage: Storage
    ) -> None:
        store(
            storage,
            verification("vrf_a", reference="signup-42", code_challenge=None, created_at=after(1)),
            verification("vrf_b", reference="signup-42", code_challenge=None),
            verification("vrf_c", reference="signup-42", code_challenge="c" * 43, created_at=after(2)),
        )
        found = storage.read(
            lambda session: session.verifications.by_reference("app_1", "signup-42", 9, unchallenged=True)
        )
        assert [one.id for one in found] == ["vrf_a", "vrf_b"]

    def test_attempts_to_a_number_are_those_of_all_applications_since_then_oldest_first(
        self, storage: Storage
    ) -> None:
        store(
            storage,
            verification("vrf_1"),
            verification("vrf_2", application_id="app_2"),
            verification("vrf_3", number=OTHER_NUMBER),
            attempt("att_old", queued_at=after(-1)),
            attempt("att_2", verification_id="vrf_2", channel=Channel.SMS, queued_at=after(20)),
            attempt("att_1", queued_at=NOW),
            attempt("att_other", verification_id="vrf_3", queued_at=after(5)),
        )
        found = storage.read(lambda session: session.verifications.attempts_to(NUMBER, NOW))
        assert found == [
            PastAttempt(Channel.FLASHCALL, NOW, "vrf_1"),
            PastAttempt(Channel.SMS, after(20), "vrf_2"),
        ]

    def test_the_trace_keeps_its_order_and_its_details(self, storage: Storage) -> None:
        entries = [
            TraceEntry(at=NOW, what="planned", detail={"bits": 11.7, "calls": 1, "ok": False, "why": None}),
            TraceEntry(at=NOW, what="carrier_chosen", detail={"carrier": "simulated"}),
            TraceEntry(at=after(1), what="ended", detail={}),
        ]

        def add(session: Session) -> None:
            session.verifications.add(verification())
            for entry in entries[:2]:
                session.verifications.note("vrf_1", entry)

        storage.write(add)
        storage.write(lambda session: session.verifications.note("vrf_1", entries[2]))
        assert storage.read(lambda session: session.verifications.trace("vrf_1")) == entries

    def test_an_event_is_new_once_for_each_carrier(self, storage: Storage) -> None:
        def see(carrier: str, key: str) -> bool:
            return storage.write(lambda session: session.verifications.see_event(carrier, key, NOW))

        assert [see("twilio", "e1"), see("twilio", "e1"), see("vonage", "e1"), see("twilio", "e2")] == [
            True,
            False,
            True,
            True,
        ]

    def test_a_callers_number_and_codes_stay_out_of_what_is_printed(self, storage: Storage) -> None:
        """What storage gives back is as careful with secrets as what was put in."""
        store(storage, verification(), attempt())
        found = storage.read(
            lambda session: (session.verifications.get("vrf_1"), session.verifications.attempt("att_1"))
        )
        assert NUMBER.e164 not in repr(found)
        assert CALLER_ID not in repr(found)
