"""The levers on a carrier's far side that the suites pull; a stand-in has those that its suites need.

A lever holds from when it is pulled until the end of the test. Where a far side works in threads of its own,
what it answers about itself (`taken`, `up`) waits until it has dealt with everything asked before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ringproof_server.ports import CallbackRequest


@runtime_checkable
class FarSide(Protocol):
    """Every stand-in for a vendor."""

    def break_down(self) -> None:
        """Nothing reaches it any more: connections are refused."""
        ...

    def taken(self) -> int:
        """How many calls and messages it has taken so far, whoever knows of them."""
        ...


@runtime_checkable
class CallingSide(FarSide, Protocol):
    """One that places calls."""

    def up(self) -> int:
        """How many calls are on their way, ring or talk now."""
        ...


@runtime_checkable
class ReportingSide(FarSide, Protocol):
    """One that reports what becomes of an attempt."""

    def callbacks(self, remote_id: str) -> Sequence[CallbackRequest]:
        """Its genuine callbacks about one call (at least two) or message (at least one), none twice.

        They are in the order of the events, proved as this carrier proves them, and each says something that
        we have a word for. Time may pass here, so that there is something to report.
        """
        ...


@runtime_checkable
class ForgetfulSide(FarSide, Protocol):
    """One that can be asked for an attempt whose answer was lost."""

    def lose_answer(self) -> None:
        """The next request to place or send is carried out, and the connection ends without an answer."""
        ...


@runtime_checkable
class HangingSide(FarSide, Protocol):
    """One whose answers can take longer than the carrier waits."""

    def hang(self) -> None:
        """Requests to place or send are not answered in the carrier's time; some may be carried out."""
        ...


@runtime_checkable
class GarblingSide(FarSide, Protocol):
    """One whose answers can be nonsense."""

    def answer_garbage(self) -> None:
        """Requests to place or send are carried out; the answers say so, but cannot be understood."""
        ...


@runtime_checkable
class BusySide(FarSide, Protocol):
    """One that can ask for fewer requests."""

    def throttle(self) -> float | None:
        """Refuse every request to place or send as too many; the wait it asks for in s, None without one."""
        ...


@runtime_checkable
class JudgingSide(FarSide, Protocol):
    """One that can refuse a number."""

    def refuse_number(self) -> None:
        """Refuse to place or send to the bench's number, as one that does not exist."""
        ...


@runtime_checkable
class SuspiciousSide(FarSide, Protocol):
    """One that checks credentials."""

    def refuse_credentials(self) -> None:
        """Refuse every request, whatever it asks for, because of its credentials."""
        ...
