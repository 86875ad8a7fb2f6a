"""Whatever happens in whatever order: a verification has one event under way, the earliest that is left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from ringproof_server.ports import OutboxItem
from ringproof_server.storage import SqlStorage, open_storage
from ringproof_server.testing.storage_contract.outbox import event
from ringproof_server.testing.storage_contract.samples import NOW
from tests.support.databases import hasher

LEASE = timedelta(seconds=30)
VERIFICATIONS = ("vrf_a", "vrf_b", "vrf_c")

moves = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(VERIFICATIONS)),
    st.tuples(st.just("claim"), st.integers(1, 3)),
    st.tuples(st.sampled_from(("delivered", "give_up", "retry")), st.integers(0, 5)),
    st.tuples(st.just("pass"), st.integers(1, 40)),
    st.tuples(st.just("send_again"), st.sampled_from((*VERIFICATIONS, None))),
)


@dataclass
class Story:
    """An outbox, and what an onlooker knows of it: what is unsettled, and who has claimed what until when."""

    storage: SqlStorage
    now: datetime = NOW
    claimed: list[OutboxItem] = field(default_factory=list)
    unsettled: dict[str, set[int]] = field(default_factory=lambda: {name: set() for name in VERIFICATIONS})
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERIFICATIONS, 0))

    def add(self, name: object) -> None:
        assert isinstance(name, str)
        self.storage.write(lambda session: session.outbox.add(event(name, self.now)))
        self.unsettled[name].add(self.counts[name])
        self.counts[name] += 1

    def claim(self, limit: object) -> None:
        assert isinstance(limit, int)
        until = self.now + LEASE
        items = self.storage.write(lambda session: session.outbox.claim(self.now, until, limit, ()))
        held = {one.event.verification_id for one in self.claimed if self._holds(one)}
        for item in items:
            name = item.event.verification_id
            assert name not in held, "two events of a verification are under way"
            assert item.position == min(self.unsettled[name]), "an event overtook an earlier one"
            held.add(name)
        self.claimed += items

    def settle(self, how: str, number: object) -> None:
        assert isinstance(number, int)
        if not self.claimed:
            return
        item = self.claimed.pop(number % len(self.claimed))
        if how == "retry":
            at = self.now + timedelta(seconds=5)
            self.storage.write(lambda session: session.outbox.retry(item, at))
            return
        self.storage.write(lambda session: getattr(session.outbox, how)(item, self.now))
        self._look_again(item.event.verification_id)

    def send_again(self, name: object) -> None:
        assert name is None or isinstance(name, str)
        self.now += timedelta(microseconds=1)
        self.storage.write(lambda session: session.outbox.send_again(self.now, 100, verification_id=name))
        for one in VERIFICATIONS if name is None else (name,):
            self._look_again(one)
            # What was being sent meanwhile has no place in the order any more.
            self.claimed = [item for item in self.claimed if item.event.verification_id != one]

    def drain(self) -> None:
        """Send everything that is left: nothing may stay behind."""
        self.now += timedelta(hours=1)
        for _ in range(1000):
            items = self.storage.write(
                lambda session: session.outbox.claim(self.now, self.now + LEASE, 5, ())
            )
            if not items:
                break
            for item in items:
                assert item.position == min(self.unsettled[item.event.verification_id])
                self.storage.write(lambda session, item=item: session.outbox.delivered(item, self.now))  # type: ignore[misc]
                self.unsettled[item.event.verification_id].remove(item.position)
        assert not any(self.unsettled.values()), "an event was never sent"

    def _holds(self, item: OutboxItem) -> bool:
        return item.claimed_until is not None and self.now < item.claimed_until

    def _look_again(self, name: str) -> None:
        listed = self.storage.read(lambda session: session.outbox.listing(1000))
        self.unsettled[name] = {
            item.position
            for item in listed
            if item.event.verification_id == name and item.delivered_at is None and item.gave_up_at is None
        }


@contextmanager
def fresh(template: str) -> Iterator[SqlStorage]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ringproof.sqlite3"
        shutil.copyfile(make_url(template).database or "", path)
        storage = open_storage(f"sqlite:///{path}", hasher=hasher)
        try:
            yield storage
        finally:
            storage.close()


@settings(max_examples=200, deadline=None)
@given(history=st.lists(moves, max_size=40))
def test_no_history_breaks_the_order_or_leaves_an_event_behind(
    history: list[tuple[str, object]], migrated_templates: dict[str, str]
) -> None:
    with fresh(migrated_templates["sqlite"]) as storage:
        story = Story(storage)
        for what, value in history:
            if what == "pass":
                assert isinstance(value, int)
                story.now += timedelta(seconds=value)
            elif what in {"delivered", "give_up", "retry"}:
                story.settle(what, value)
            else:
                getattr(story, what)(value)
        story.drain()
