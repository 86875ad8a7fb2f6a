"""A tenant: its name, brand, keys, policy and the sites that may use it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ringproof_server.domain.policy import Policy
from ringproof_server.domain.webhook import Hook, Webhook

Texts = Mapping[str, Mapping[str, str]]
NO_TEXTS: Final[Texts] = MappingProxyType({})

LONGEST_ORIGIN: Final = 255
_ORIGIN: Final = re.compile(
    r"([a-z][a-z0-9+.-]{0,31})://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?"
)
_USUAL_PORTS: Final = {"http": "80", "https": "443"}


def is_origin(text: str) -> bool:
    """Whether a browser could name a page's origin so (RFC 6454, section 6.1): the scheme, the host and what
    port is not the usual one, all in lower case. Another text would never be found equal to any."""
    found = _ORIGIN.fullmatch(text)
    if found is None or len(text) > LONGEST_ORIGIN:
        return False
    scheme, port = found.groups()
    return port is None or (port != _USUAL_PORTS.get(scheme) and int(port) <= 65_535)


class KeyKind(StrEnum):
    PUBLISHABLE = "publishable"
    SECRET = "secret"  # noqa: S105  (the kind of a key, not a key)

    @property
    def prefix(self) -> str:
        return "rp_pk_" if self is KeyKind.PUBLISHABLE else "rp_sk_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """`brand` is what people read and hear; `allowed_origins` are the web origins that may call the API.

    `webhook` is where its back end hears of its verifications, `hook` where it decides about their start.
    `texts` is its own wording of a few sentences: by locale ("en"), then by the sentence ("message.code").
    """

    id: str
    name: str
    brand: str
    policy: Policy = field(default_factory=Policy)
    allowed_origins: tuple[str, ...] = ()
    created_at: datetime
    webhook: Webhook | None = None
    hook: Hook | None = None
    texts: Texts = field(default_factory=lambda: NO_TEXTS, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is stored: a hash, and the first characters for people to tell keys apart."""

    id: str
    application_id: str
    kind: KeyKind
    digest: bytes = field(repr=False)
    hint: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request: an application, by one of its keys, from a network address."""

    application: Application
    key_id: str
    kind: KeyKind
    address: str | None = None

    @property
    def is_secret(self) -> bool:
        return self.kind is KeyKind.SECRET
