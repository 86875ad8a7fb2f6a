"""How long the start of a verification takes when the carrier answers, and when it hangs for 30 s."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.load import percentile, request, run
from tests.support.api import pkce, start_body
from tests.support.servers import GENEROUS, Server, running

ROUNDS = 4
STARTS_PER_ROUND = 250
PER_SECOND = 100.0
CLIENTS = 16
CARRIERS = {
    "answers": {},
    "hangs for 30 s": {"RINGPROOF_SIMULATED_HANG_SHARE": "1", "RINGPROOF_SIMULATED_HANG_SECONDS": "30"},
}


def measure(folder: Path) -> dict[str, list[list[float]]]:
    """By carrier, the milliseconds of every start, round by round; the rounds take turns."""
    found: dict[str, list[list[float]]] = {name: [] for name in CARRIERS}
    with ExitStack() as stack:
        servers = {}
        for index, (name, settings) in enumerate(CARRIERS.items()):
            quiet = {**GENEROUS, **settings, "RINGPROOF_LOG_LEVEL": "warning"}
            server = stack.enter_context(
                running(Server(folder / f"start-{index}", settings=quiet, watched=False))
            )
            servers[name] = (server, server.tenant(), _numbers())
        for position in range(ROUNDS + 1):
            for name, (server, tenant, numbers) in servers.items():
                starts = [
                    request(
                        "POST",
                        "/v1/verifications",
                        start_body(next(numbers), pkce()[1]),
                        Authorization=f"Bearer {tenant.publishable}",
                    )
                    for _ in range(STARTS_PER_ROUND if position else 50)
                ]
                answers = run(server.port, starts, clients=CLIENTS, per_second=PER_SECOND)
                assert {answer.status for answer in answers} == {201}
                if position:  # The first round warms up.
                    found[name].append([answer.ms for answer in answers])
    return found


def _numbers() -> Iterator[str]:
    return (f"+3363998{index:04}" for index in range(10_000))


def report(found: dict[str, list[list[float]]]) -> None:
    print(f"\nPOST /v1/verifications at {PER_SECOND:.0f}/s, {ROUNDS} × {STARTS_PER_ROUND} starts in turn")
    print(f"{'carrier':<16}{'p50 ms':>9}{'p99 ms':>9}   p99 of each round")
    whole: dict[str, tuple[float, float]] = {}
    for name, rounds in found.items():
        together = [ms for one in rounds for ms in one]
        whole[name] = percentile(together, 0.50), percentile(together, 0.99)
        each = " ".join(f"{percentile(one, 0.99):6.1f}" for one in rounds)
        print(f"{name:<16}{whole[name][0]:9.2f}{whole[name][1]:9.2f}   {each}")
    normal, hanging = whole.values()
    print(f"{'ratio':<16}{hanging[0] / normal[0]:9.2f}{hanging[1] / normal[1]:9.2f}")
