"""What the operator is told about calls that did not come, or came too late. It proves nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ringproof._errors import RingproofError
from ringproof._retry import NEVER

if TYPE_CHECKING:
    from ringproof._client import Ringproof
    from ringproof._models import Session
    from ringproof._system import Clock
    from ringproof._watch import CallEvidence

TIMEOUT = 5.0


class CallReports:
    """At most one report for each flash call that was missed.

    Reports go their own way, beside the verification: they must neither delay nor break it.
    """

    def __init__(self, client: Ringproof, clock: Clock) -> None:
        self._client = client.patient(retry=NEVER, pause=clock.sleep, timeout=TIMEOUT)
        self._clock = clock
        self._until: float | None = None

    @property
    def due(self) -> float | None:
        """When the lack of a call will be reported; None when no call is missed."""
        return self._until

    def missed(self, until: float) -> None:
        """A step ran its full time without a call; it may still come late, until then."""
        self._until = until

    def found(self) -> None:
        """The call was reported as evidence, or is not expected any more."""
        self._until = None

    def late(self, session: Session, call: CallEvidence) -> None:
        """It came too late."""
        self._send(session, "late_call", call)

    def none(self, session: Session) -> None:
        """It never came."""
        self._send(session, "no_call", None)

    def _send(self, session: Session, kind: str, call: CallEvidence | None) -> None:
        self._until = None

        def send() -> None:
            with contextlib.suppress(RingproofError):
                self._client.report(
                    session,
                    kind,
                    caller_id=call.caller_id if call else None,
                    ring_ms=call.ring_ms if call else None,
                    basis=call.basis if call else None,
                    quality=call.quality if call else None,
                )

        self._clock.spawn(send)
