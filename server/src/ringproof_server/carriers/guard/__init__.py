"""The guard around every carrier: timeouts, pace, compartments, breaker, repetition, counts and log lines."""

from ringproof_server.carriers.guard.building import Surroundings, build_guarded, create_pacer
from ringproof_server.carriers.guard.guarded import GuardedCarrier
from ringproof_server.carriers.guard.pacing import FilePacer
from ringproof_server.carriers.guard.redis_pacer import RedisPacer
from ringproof_server.carriers.guard.settings import GuardSettings

__all__ = [
    "FilePacer",
    "GuardSettings",
    "GuardedCarrier",
    "RedisPacer",
    "Surroundings",
    "build_guarded",
    "create_pacer",
]
