"""A server that sends over one carrier, and what its client and its back end see of a verification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.api import Api, Started
from tests.support.servers import Server, Tenant


@dataclass(frozen=True)
class CarrierSite:
    server: Server
    tenant: Tenant

    @property
    def api(self) -> Api:
        return Api(self.server.url, self.tenant.publishable)

    def trace(self, started: Started) -> list[dict[str, Any]]:
        """Every decision about a verification."""
        answer = Api(self.server.url, self.tenant.secret).get(f"/v1/verifications/{started.id}")
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.json()["trace"]
        return found

    def moves(self, started: Started, channel: str = "flashcall") -> list[tuple[str, str | None]]:
        """The states that the attempts on a channel went through, with their reasons."""
        found = [entry["detail"] for entry in self.trace(started) if entry["what"] == "attempt_moved"]
        return [(item["state"], item.get("reason")) for item in found if item["channel"] == channel]
