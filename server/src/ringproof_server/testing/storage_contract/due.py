"""What a storage promises about finding what is to be done."""

from __future__ import annotations

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.verification import Status
from ringproof_server.ports import Storage
from ringproof_server.testing.storage_contract.samples import after, attempt, store, verification


class DueContract:
    """The listings of `ports.Verifications`; each is asked inside a write and inside a read."""

    def test_queued_attempts_are_listed_oldest_first_up_to_the_limit(self, storage: Storage) -> None:
        store(
            storage,
            verification(),
            attempt("att_3", queued_at=after(3)),
            attempt("att_1", queued_at=after(1)),
            attempt("att_claimed", queued_at=after(0), state=AttemptState.DIALING, claimed_at=after(0)),
            attempt("att_2", queued_at=after(2), channel=Channel.SMS),
        )
        assert storage.read(lambda session: session.verifications.queued_attempts(2)) == ["att_1", "att_2"]
        assert storage.write(lambda session: session.verifications.queued_attempts(9)) == [
            "att_1",
            "att_2",
            "att_3",
        ]

    def test_queued_attempts_are_counted_up_to_the_limit(self, storage: Storage) -> None:
        assert storage.read(lambda session: session.verifications.count_queued(5)) == 0
        store(
            storage,
            verification(),
            *(attempt(f"att_{n}") for n in range(3)),
            attempt("att_x", state=AttemptState.ENDED),
        )
        assert storage.read(lambda session: session.verifications.count_queued(5)) == 3
        assert storage.read(lambda session: session.verifications.count_queued(2)) == 2

    def test_due_verifications_are_the_pending_ones_whose_time_has_come(self, storage: Storage) -> None:
        store(
            storage,
            verification("vrf_2", wake_at=after(20)),
            verification("vrf_1", wake_at=after(10)),
            verification("vrf_later", wake_at=after(20.000001)),
            verification("vrf_never", wake_at=None),
            verification("vrf_finished", wake_at=after(1), status=Status.VERIFIED),
        )
        due = ["vrf_1", "vrf_2"]
        assert storage.read(lambda session: session.verifications.due_verifications(after(20), 9)) == due
        assert storage.write(lambda session: session.verifications.due_verifications(after(20), 9)) == due
        assert storage.read(lambda session: session.verifications.due_verifications(after(20), 1)) == due[:1]

    def test_due_hang_ups_are_the_calls_whose_time_has_come(self, storage: Storage) -> None:
        """A call that came up after it had been given up is among them: its phone rings."""
        store(
            storage,
            verification(),
            attempt("att_2", state=AttemptState.RINGING, hang_up_at=after(8)),
            attempt("att_1", state=AttemptState.ENDED, ended_at=after(1), hang_up_at=after(2)),
            attempt("att_later", state=AttemptState.RINGING, hang_up_at=after(9)),
            attempt("att_ended", state=AttemptState.ENDED, ended_at=after(1)),
        )
        due = ["att_1", "att_2"]
        assert storage.read(lambda session: session.verifications.due_hang_ups(after(8), 9)) == due
        assert storage.write(lambda session: session.verifications.due_hang_ups(after(8), 9)) == due
        assert storage.read(lambda session: session.verifications.due_hang_ups(after(8), 1)) == due[:1]

    def test_stale_claims_are_those_that_nobody_has_brought_to_an_end(self, storage: Storage) -> None:
        store(
            storage,
            verification(),
            attempt("att_2", state=AttemptState.SENDING, channel=Channel.SMS, claimed_at=after(2)),
            attempt("att_1", state=AttemptState.DIALING, claimed_at=after(1)),
            attempt("att_young", state=AttemptState.DIALING, claimed_at=after(30)),
            attempt("att_accepted", state=AttemptState.ACCEPTED, claimed_at=after(1)),
        )
        stale = ["att_1", "att_2"]
        assert storage.read(lambda session: session.verifications.stale_claims(after(30), 9)) == stale
        assert storage.write(lambda session: session.verifications.stale_claims(after(30), 9)) == stale
        assert storage.read(lambda session: session.verifications.stale_claims(after(30), 1)) == stale[:1]

    def test_next_due_is_the_earliest_of_wake_ups_and_hang_ups(self, storage: Storage) -> None:
        assert storage.read(lambda session: session.verifications.next_due()) is None
        store(
            storage,
            verification("vrf_1", wake_at=after(30)),
            verification("vrf_finished", wake_at=after(1), status=Status.FAILED),
        )
        assert storage.read(lambda session: session.verifications.next_due()) == after(30)
        storage.write(
            lambda session: session.verifications.add_attempt(
                attempt(state=AttemptState.RINGING, hang_up_at=after(6))
            )
        )
        assert storage.read(lambda session: session.verifications.next_due()) == after(6)
