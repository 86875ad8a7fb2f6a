"""Sends events to the back ends of applications: at least once each, in order for each verification."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ringproof_server.domain.application import Application
from ringproof_server.ports import Delivery, OutboxItem, Random, Receipt, Receiver, Session
from ringproof_server.service.lanes import Lane
from ringproof_server.service.parts import Log, Parts
from ringproof_server.service.webhook_secrets import opened

LONGEST_DELIVERY: Final = timedelta(seconds=10)
"""How long a receiver is waited for at the most; whoever implements `ports.Webhooks` keeps to it."""
LEASE: Final = timedelta(seconds=30)
"""How long a claimed event belongs to its claimer: a wait in line, then a delivery, and time to spare."""
KEPT_UP: Final = timedelta(days=1)
"""How long an event is tried again."""
UNTRIED_UP_TO: Final = 2 * KEPT_UP
"""How old an event may be that is tried at all. Behind a receiver that lets every try run into its time limit
more events come than are tried, and without an end to them their rows would grow for as long as it does."""
FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 3600.0
"""Seconds before the second try, doubled before every further one, and what they grow to."""
THREADS: Final = 8
"""Deliveries to one application at a time, in this process."""
AFTER_A_FAULT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that this process, and no other, may send now. No application: it has been deleted."""

    item: OutboxItem
    application: Application | None = field(repr=False)


class Delivering:
    """What happens to one event; the threads around it are `Courier`."""

    def __init__(self, parts: Parts, note: Log, warn: Log) -> None:
        self._parts = parts
        self._note = note
        self._warn = warn

    def next_at(self, busy: Sequence[str] = ()) -> datetime | None:
        """When the next event is due that is not of one of these applications."""
        return self._parts.storage.read(lambda session: session.outbox.next_due(busy))

    def claim(self, busy: Sequence[str] = ()) -> list[Claimed]:
        """Take events that are due, at most as many as one application may have under way."""
        now = self._parts.clock.now()

        def work(session: Session) -> list[Claimed]:
            items = session.outbox.claim(now, now + LEASE, THREADS, busy)
            names = {item.event.application_id for item in items}
            applications = {name: session.applications.get(name) for name in names}
            return [Claimed(item, applications[item.event.application_id]) for item in items]

        return self._parts.storage.write(work)

    def deliver(self, claimed: Claimed) -> None:
        """Send it and write down what came of it, unless it has waited in line for too long."""
        item = claimed.item
        webhook = None if claimed.application is None else claimed.application.webhook
        now = self._parts.clock.now()
        if item.claimed_until is None or now + LONGEST_DELIVERY > item.claimed_until:
            return
        if webhook is None or not webhook.is_open:
            self._give_up(item, now, why="there is no webhook")
            return
        if now > item.created_at + UNTRIED_UP_TO:
            self._give_up(item, now, why="it is too old")
            return
        receiver = Receiver(url=webhook.url, secrets=opened(self._parts.seals, webhook.secrets, now))
        begun = time.monotonic()
        # Without a secret that this server can open nobody could believe the event, so it stays here.
        blocked = Receipt(Delivery.BLOCKED)
        receipt = self._parts.webhooks.deliver(receiver, item, now) if receiver.secrets else blocked
        self._parts.metrics.webhook(item.event.kind, receipt.delivery, time.monotonic() - begun)
        self._settle(item, receipt, webhook.url)

    def run(self) -> int:
        """Send what is due now, one after another; how many were sent or tried."""
        claimed = self.claim()
        for one in claimed:
            self.deliver(one)
        return len(claimed)

    def _give_up(self, item: OutboxItem, now: datetime, *, why: str) -> None:
        """Without a try."""
        self._parts.storage.write(lambda session: session.outbox.give_up(item, now))
        self._warn("event_given_up", **_facts(item), why=why)

    def _settle(self, item: OutboxItem, receipt: Receipt, url: str) -> None:
        """Write down what came of it; `url` is where it was sent."""
        now = self._parts.clock.now()
        if receipt.delivery is Delivery.DELIVERED:
            self._parts.storage.write(lambda session: session.outbox.delivered(item, now))
            self._note("event_delivered", **_facts(item), status=receipt.status)
            return
        again = next_try(item, now, self._parts.random)

        def work(session: Session) -> bool:
            is_over = receipt.delivery is Delivery.GONE and _disable(session, item, url, now)
            if again is None or is_over:
                session.outbox.give_up(item, now)
                return False
            session.outbox.retry(item, again)
            return True

        what = "event_not_delivered" if self._parts.storage.write(work) else "event_given_up"
        self._warn(what, **_facts(item), why=receipt.delivery.value, status=receipt.status)


def next_try(item: OutboxItem, now: datetime, random: Random) -> datetime | None:
    """When to try again after a try that failed now; None when that would be later than a day after the
    event. The pauses differ by chance, so that a receiver that comes back is not met by all at once."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(item.tries - 1, 20))
    at = now + timedelta(seconds=random.between(longest / 2, longest))
    return at if at <= item.created_at + KEPT_UP else None


def _disable(session: Session, item: OutboxItem, url: str, now: datetime) -> bool:
    """Send nothing more to the receiver at `url`, which is gone; False if events go elsewhere by now."""
    application = session.applications.get_to_change(item.event.application_id)
    webhook = None if application is None else application.webhook
    if application is None or webhook is None:
        return True
    if webhook.url != url:
        return False
    session.applications.update(replace(application, webhook=replace(webhook, disabled_at=now)))
    return True


def _facts(item: OutboxItem) -> dict[str, object]:
    event = item.event
    return {
        "id": item.id,
        "kind": event.kind.value,
        "application": event.application_id,
        "verification": event.verification_id,
        "tries": item.tries,
    }


class Courier:
    """The threads that send events. Each application has a few of its own, so that a receiver that is slow or
    away delays nobody else's events."""

    def __init__(self, parts: Parts, delivering: Delivering, log: Log, *, poll: float = 1.0) -> None:
        """`poll` is the time in s between two looks for what other processes wrote or left."""
        self._parts = parts
        self._delivering = delivering
        self._log = log
        self._poll = poll
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self._lanes: dict[str, Lane[Claimed]] = {}
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing any more; what is under way is given two seconds together, the rest comes again."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=2)
        give_up = time.monotonic() + 2
        for lane in self._lanes.values():
            lane.stop()
        for lane in self._lanes.values():
            lane.join(give_up)

    def poke(self) -> None:
        """An event was written in this process; never waits."""
        self._wake.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            wait = self._poll
            try:
                wait = self._round()
            except Exception as fault:  # noqa: BLE001  (the database may be away for a while)
                self._log("courier_failed", fault=type(fault).__name__)
            if self._wake.wait(wait):
                self._wake.clear()

    def _round(self) -> float:
        """Hand out what is due; the seconds to wait before the next round."""
        busy = self._busy()
        next_at = self._delivering.next_at(busy)
        now = self._parts.clock.now()
        if next_at is None or next_at > now:
            return self._poll if next_at is None else min(self._poll, (next_at - now).total_seconds())
        claimed = self._delivering.claim(busy)
        for one in claimed:
            self._hand_out(one)
        return 0.0 if claimed else self._poll

    def _busy(self) -> list[str]:
        """The applications that have as much under way as they may."""
        with self._lock:
            return [name for name, count in self._under_way.items() if count >= THREADS]

    def _hand_out(self, claimed: Claimed) -> None:
        name = claimed.item.event.application_id
        with self._lock:
            self._under_way[name] += 1
        if name not in self._lanes:
            self._lanes[name] = Lane(name, self._do, work="webhook", threads=THREADS, room=2 * THREADS)
        if not self._lanes[name].take(claimed):
            self._done(name)

    def _do(self, lane: Lane[Claimed], claimed: Claimed) -> None:
        try:
            self._delivering.deliver(claimed)
        except Exception as fault:  # noqa: BLE001  (the thread must outlive any single delivery)
            self._log("delivery_failed", fault=type(fault).__name__)
            self._stopping.wait(AFTER_A_FAULT)
        finally:
            self._done(lane.carrier)

    def _done(self, name: str) -> None:
        with self._lock:
            self._under_way[name] -= 1
            if self._under_way[name] <= 0:
                del self._under_way[name]
        self._wake.set()
