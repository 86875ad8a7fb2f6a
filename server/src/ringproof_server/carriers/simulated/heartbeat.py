"""The thread that keeps the simulated network going in one process."""

from __future__ import annotations

import threading
from typing import Final

from ringproof_server.carriers.plugin import Log
from ringproof_server.carriers.simulated.exchange import Exchange
from ringproof_server.carriers.simulated.moments import SECOND, moment

LONGEST_SLEEP_SECONDS: Final = 0.25
"""Another process may have planned something that is due before anything this one knows of."""
AFTER_A_FAULT_SECONDS: Final = 1.0
STOPPING_SECONDS: Final = 10.0


class Heartbeat:
    """Runs an exchange step by step, each exactly when the next thing is due."""

    def __init__(self, exchange: Exchange, log: Log) -> None:
        self._exchange = exchange
        self._log = log
        self._changed = threading.Condition()
        self._poked = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="simulated-network", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        """Something new is planned: look again at once."""
        with self._changed:
            self._poked = True
            self._changed.notify()

    def stop(self) -> None:
        """End after the step under way; returns when the thread has ended, or after ten seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not threading.current_thread():
            self._thread.join(STOPPING_SECONDS)

    def _run(self) -> None:
        while self._rest(self._step()):
            pass

    def _step(self) -> float:
        """Seconds to sleep after one step."""
        try:
            due = self._exchange.step()
        except Exception as error:  # noqa: BLE001 - The network outlives every fault of the database.
            self._log.error("simulated_network_failed", error=type(error).__name__)
            return AFTER_A_FAULT_SECONDS
        if due is None:
            return LONGEST_SLEEP_SECONDS
        ahead = (due - moment(self._exchange.clock.now())) / SECOND
        return min(max(ahead, 0.0), LONGEST_SLEEP_SECONDS)

    def _rest(self, seconds: float) -> bool:
        with self._changed:
            if seconds > 0:
                self._changed.wait_for(lambda: self._poked or self._stopping, timeout=seconds)
            self._poked = False
            return not self._stopping
