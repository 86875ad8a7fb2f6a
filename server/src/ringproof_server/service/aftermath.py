"""What is done once a change is committed: threads are woken, counts are kept."""

from __future__ import annotations

from ringproof_server.service.change import Aftermath
from ringproof_server.service.parts import Parts


def carry_out(parts: Parts, aftermath: Aftermath | None) -> None:
    """Wake this process's threads for what was queued or scheduled, and count what has ended."""
    if aftermath is None:
        return
    for attempt_id in aftermath.queued:
        parts.wakeup.attempt_queued(attempt_id)
    if aftermath.deadline is not None:
        parts.wakeup.deadline_set(aftermath.deadline)
    if aftermath.has_events:
        parts.wakeup.event_written()
    for attempt in aftermath.ended:
        parts.metrics.attempt_ended(attempt.channel, attempt.carrier or "none", attempt.reason)
    finished = aftermath.finished
    if finished is not None and finished.finished_at is not None:
        seconds = (finished.finished_at - finished.created_at).total_seconds()
        parts.metrics.finished(finished.status, finished.proof, seconds)
