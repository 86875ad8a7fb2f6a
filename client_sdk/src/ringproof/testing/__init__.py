"""Stand-ins and contracts for tests: a clock that jumps, a server without a network, a suite for sources.

Nothing here needs pytest to be imported; `CallSourceContract` is a plain class with plain asserts.
"""

from __future__ import annotations

from ringproof.testing._clock import FakeClock
from ringproof.testing._contract import CallSourceContract
from ringproof.testing._server import FakeServer, Seen

__all__ = ["CallSourceContract", "FakeClock", "FakeServer", "Seen"]
