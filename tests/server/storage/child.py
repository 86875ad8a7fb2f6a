"""A process of its own that works on a storage, for tests of what happens between processes.

python -m tests.server.storage.child acknowledge URL    prints an identifier after each write
python -m tests.server.storage.child race URL           waits for a line, races, prints what it won
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

from ringproof_server.domain.verification import Status
from ringproof_server.ports import Remembered, Session
from ringproof_server.storage import SqlStorage, open_storage
from ringproof_server.testing.storage_contract.samples import NOW, after, attempt, verification
from tests.support.databases import hasher

THREADS = 32


def acknowledge(storage: SqlStorage) -> None:
    """Write from several threads until killed."""

    def write_on(thread: int) -> None:
        for count in range(1_000_000):
            name = f"vrf_{os.getpid()}_{thread}_{count}"
            storage.write(lambda session, name=name: _start(session, name))  # type: ignore[misc]
            os.write(1, f"{name}\n".encode())

    threads = [threading.Thread(target=write_on, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def race(storage: SqlStorage) -> None:
    """Start with one idempotency key, and finish one verification, in every thread at once."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    barrier = threading.Barrier(THREADS)
    won = {"start": 0, "finish": 0}
    guard = threading.Lock()

    def run(thread: int) -> None:
        name = f"vrf_{os.getpid()}_{thread}"
        contests: dict[str, Callable[[Session], bool]] = {
            "start": lambda session: _start_once(session, name),
            "finish": _finish,
        }
        for contest, work in contests.items():
            barrier.wait()
            if storage.write(work):
                with guard:
                    won[contest] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(f"{won['start']} {won['finish']}\n")


def _start(session: Session, name: str) -> None:
    session.verifications.add(verification(name))
    session.verifications.add_attempt(attempt("att_" + name, verification_id=name))


def _start_once(session: Session, name: str) -> bool:
    if session.idempotency.recall("key_1", "contested") is not None:
        return False
    _start(session, name)
    outcome = Remembered(fingerprint=b"f", verification_id=name, result=None)
    session.idempotency.remember("key_1", "contested", outcome, NOW)
    return True


def _finish(session: Session) -> bool:
    found = session.verifications.get("vrf_contested")
    assert found is not None
    if found.status is not Status.PENDING:
        return False
    session.verifications.update(replace(found, status=Status.VERIFIED, finished_at=after(1)))
    return True


if __name__ == "__main__":
    {"acknowledge": acknowledge, "race": race}[sys.argv[1]](open_storage(sys.argv[2], hasher=hasher))
