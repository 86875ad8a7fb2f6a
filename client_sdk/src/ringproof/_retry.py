"""Asking again: which failures, how often, how long in between.

Every POST carries an idempotency key that is made once per logical request, so asking again can never start a
second call or use up a second guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ringproof._errors import (
    ProblemError,
    RateLimitedError,
    ServerUnreachableError,
    TooEarlyError,
    UnexpectedAnswerError,
    problem_from,
)
from ringproof._system import Random
from ringproof._transport import Request, Response, Transport

_WORTH_ASKING_AGAIN = frozenset({500, 502, 503, 504})


@dataclass(frozen=True)
class Retry:
    """How patient to be. Times are seconds.

    `attempts` counts all sends of one request. Waits double from `first` up to `longest`, each drawn at
    random between half and the whole, so that many phones do not come back in step. A longer `Retry-After`
    is obeyed up to `patience`; beyond it the error is raised at once.
    """

    attempts: int = 4
    first: float = 0.4
    longest: float = 6.0
    patience: float = 20.0

    def backoff(self, failures: int, random: Random) -> float:
        """The wait after so many failures in a row (1 or more)."""
        # The exponent is bounded because nobody counts failures beyond the longest wait.
        whole = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return whole * (0.5 + random.uniform() / 2)


NEVER = Retry(attempts=1)
"""For what is not worth a second try: telemetry and farewells."""


def read_json(response: Response) -> Mapping[str, Any] | None:
    """The JSON object of an answer, or None when it is anything else."""
    import json

    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


@dataclass(frozen=True)
class Exchange:
    """Sends requests until one is answered for good. `pause` waits that many seconds."""

    transport: Transport
    random: Random
    pause: Callable[[float], None]
    retry: Retry = Retry()

    def send(self, request: Request, *, wait_for_turn: bool = False) -> Mapping[str, Any]:
        """The answer's JSON object.

        With `wait_for_turn` a `too-early` is waited out like a rate limit. Raises ServerUnreachableError or
        the ProblemError of the last answer when asking again is pointless or used up, UnexpectedAnswerError
        for an answer of success that is not a JSON object.
        """
        failures = 0
        while True:
            try:
                response = self.transport.send(request)
            except ServerUnreachableError:
                failures += 1
                if failures >= self.retry.attempts:
                    raise
                self.pause(self.retry.backoff(failures, self.random))
                continue
            if 200 <= response.status < 300:
                body = read_json(response)
                if body is None:
                    raise UnexpectedAnswerError("The answer is not JSON")
                return body
            problem = _refusal(response)
            failures += 1
            delay = self._delay(problem, failures, wait_for_turn=wait_for_turn)
            if delay is None:
                raise problem
            self.pause(delay)

    def _delay(self, problem: ProblemError, failures: int, *, wait_for_turn: bool) -> float | None:
        """How long to wait before asking again; None when it makes no sense."""
        limited = isinstance(problem, RateLimitedError) or (
            problem.status == 429 and type(problem) is ProblemError
        )
        early = wait_for_turn and isinstance(problem, TooEarlyError)
        if failures >= self.retry.attempts or not (limited or early or problem.status in _WORTH_ASKING_AGAIN):
            return None
        backoff = self.retry.backoff(failures, self.random)
        if problem.retry_after is None:
            return backoff
        if problem.retry_after > self.retry.patience:
            return None
        # Never before the server's time; a little after it, so that not all phones come at once.
        return problem.retry_after + min(backoff, 1.0)


def _refusal(response: Response) -> ProblemError:
    """The problem in an answer that is no success.

    Raises UnexpectedAnswerError for a redirect: the configured address is wrong, and following it would carry
    the key to another place.
    """
    if response.status < 400:
        raise UnexpectedAnswerError(f"The server answered {response.status}; is its address right?")
    return problem_from(response.status, response.headers, read_json(response))
