"""What the doors ask of the services, free of any wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.evidence import Evidence
from ringproof_server.domain.stage import Workflow
from ringproof_server.domain.verification import Capabilities, Transaction


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The client's key for one logical request, and a digest of all that the request says.

    The digest has no key, so it must not be stored: see `Repeats`.
    """

    key: str
    fingerprint: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """`phone_number` as it was typed; `channels` None means the application's own workflow.

    `recipients` are the person's addresses on channels that do not go by phone number. Whoever names them
    could name their own, so only a back end may.
    """

    phone_number: str = field(repr=False)
    code_challenge: str | None = None
    channels: Workflow | None = None
    language: str | None = None
    reference: str | None = None
    nonce: str | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    transaction: Transaction | None = None
    recipients: Mapping[Channel, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRequest:
    """`challenge` and `code_verifier` are required with a publishable key."""

    evidence: Evidence
    challenge: str | None = field(default=None, repr=False)
    code_verifier: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientReport:
    """Telemetry of a client; `kind` is `no_call`, `late_call` or `seen`."""

    kind: str
    caller_id: str | None = field(default=None, repr=False)
    ring_ms: int | None = None
    basis: str | None = None
    quality: str | None = None
