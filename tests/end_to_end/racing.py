"""Many callers who confirm the same verification at the same moment, spread over processes."""

from __future__ import annotations

import hashlib
import multiprocessing
import queue
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from ringproof_server.app import Node, compose
from ringproof_server.domain.application import Caller
from ringproof_server.domain.errors import RingproofError
from ringproof_server.domain.evidence import Evidence
from ringproof_server.service.requests import ConfirmRequest, IdempotencyKey
from ringproof_server.settings import Settings

PROCESSES = 4
THREADS = 8
PATIENCE = 60.0


class Role(Enum):
    """What a caller brings."""

    RIGHT = "the right proof"
    REPEATED = "the right proof, as a repeat of one request"
    BACK_END = "the right proof and a secret key"
    WRONG_PROOF = "a wrong proof"
    WRONG_VERIFIER = "the right proof and somebody else's verifier"
    WRONG_CHALLENGE = "the right proof and the challenge of another verification"


ROLES = (
    *[Role.RIGHT] * 20,
    *[Role.REPEATED] * 4,
    *[Role.BACK_END] * 2,
    *[Role.WRONG_PROOF] * 2,
    *[Role.WRONG_VERIFIER] * 2,
    *[Role.WRONG_CHALLENGE] * 2,
)
RIGHTFUL = frozenset({Role.RIGHT, Role.REPEATED, Role.BACK_END})
assert len(ROLES) == PROCESSES * THREADS


@dataclass(frozen=True)
class Race:
    """One verification, and what is right and wrong about it."""

    verification_id: str
    challenge: str
    verifier: str
    right: Evidence
    wrong: Evidence


@dataclass(frozen=True)
class Finish:
    """What one caller was told in one race: a token, or a result or the name of an error."""

    race: int
    role: Role
    token: str | None
    told: str


@dataclass(frozen=True)
class Track:
    """Everything that the racing processes share."""

    environment: Mapping[str, str]
    publishable: str
    secret: str
    races: Sequence[Race]
    seed: int

    def roles(self, race: int) -> list[Role]:
        """Who plays what in a race, by the number of the caller."""
        roles = list(ROLES)
        random.Random(self.seed * 1_000 + race).shuffle(roles)
        return roles


def run_races(track: Track) -> list[Finish]:
    """Run all races, each with `PROCESSES` × `THREADS` callers who start together."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES * THREADS)
    told: Queue[list[Finish]] = context.Queue()
    processes = [
        context.Process(target=_run_process, args=(track, number, barrier, told), daemon=True)
        for number in range(PROCESSES)
    ]
    finishes: list[Finish] = []
    try:
        for process in processes:
            process.start()
        for _ in processes:
            finishes += _one_answer(told, processes)
    finally:
        for process in processes:
            process.join(timeout=10)
            if process.is_alive():
                process.kill()
                process.join()
    return finishes


def _one_answer(
    told: Queue[list[Finish]], processes: Sequence[multiprocessing.process.BaseProcess]
) -> list[Finish]:
    for _ in range(240):
        try:
            return told.get(timeout=1)
        except queue.Empty:
            failed = [process.exitcode for process in processes if process.exitcode]
            assert not failed, f"a racing process died: {failed}"
    raise AssertionError("the races do not end")


def _run_process(track: Track, number: int, barrier: Barrier, told: Queue[list[Finish]]) -> None:
    node = compose(Settings.from_environ(track.environment))
    node.tokens.prepare()
    client = node.access.caller(track.publishable, None)
    back_end = node.access.caller(track.secret, None)
    finishes: list[Finish] = []

    def run(runner: int) -> None:
        for index in range(len(track.races)):
            role = track.roles(index)[runner]
            caller = back_end if role is Role.BACK_END else client
            barrier.wait(PATIENCE)
            finishes.append(_confirm(node, caller, track, index, role))

    threads = [
        threading.Thread(target=run, args=(number * THREADS + offset,), daemon=True)
        for offset in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    node.storage.close()
    told.put(finishes)


def _confirm(node: Node, caller: Caller, track: Track, index: int, role: Role) -> Finish:
    race = track.races[index]
    stranger = track.races[(index + 1) % len(track.races)]
    request = ConfirmRequest(
        evidence=race.wrong if role is Role.WRONG_PROOF else race.right,
        challenge=stranger.challenge if role is Role.WRONG_CHALLENGE else race.challenge,
        code_verifier=stranger.verifier if role is Role.WRONG_VERIFIER else race.verifier,
    )
    key = None
    if role is Role.REPEATED:
        key = IdempotencyKey(f"race-{index}", hashlib.sha256(race.verification_id.encode()).digest())
    try:
        progress = node.verifications.confirm(caller, race.verification_id, request, key)
    except RingproofError as fault:
        return Finish(index, role, None, fault.slug)
    return Finish(index, role, progress.token, progress.result or progress.status)
