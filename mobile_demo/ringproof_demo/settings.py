"""What the app remembers: which server, which key, which language, light or dark, call screening or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from ringproof import ProblemError, Ringproof, Session
from ringproof.errors import (
    ForbiddenError,
    InsecureServerError,
    RingproofError,
    ServerUnreachableError,
    UnauthorizedError,
)
from ringproof_demo.words import APP_LOCALES

Appearance = Literal["system", "light", "dark"]
APPEARANCES: Final[tuple[Appearance, ...]] = ("system", "light", "dark")
LONGEST: Final = 512

# A verification that cannot exist: asking for it tells what the server thinks of the key and changes nothing.
_NOBODYS: Final = Session("vrf_00000000000000000000000000")


@dataclass(frozen=True)
class Settings:
    """`server` is the address, `key` the publishable key; empty until somebody enters them.

    `language` is a tag of the app's languages, None for the device's own. `screening` is whether the app asks
    for the call-screening role, which takes the place of the person's own call filter.
    """

    server: str = ""
    key: str = ""
    language: str | None = None
    appearance: Appearance = "system"
    screening: bool = False

    @property
    def complete(self) -> bool:
        """Whether a verification can be started."""
        return bool(self.server and self.key)

    @property
    def host(self) -> str:
        """The server's name for people."""
        parts = urlsplit(self.server)
        return parts.netloc or self.server


@dataclass(frozen=True)
class Fault:
    """What is wrong with an entry: the `field` and the key of the app's sentence about it."""

    field: Literal["server", "key"]
    sentence: str


def tidied(draft: Settings) -> Settings:
    """What people paste, without blanks around it and the slash behind an address."""
    return replace(draft, server=draft.server.strip().rstrip("/"), key=draft.key.strip())


def fault_in(draft: Settings) -> Fault | None:
    """The first thing that is wrong with tidied settings, as far as this device can tell by itself."""
    if not draft.server:
        return Fault("server", "server_missing")
    if "://" not in draft.server or len(draft.server) > LONGEST:
        return Fault("server", "server_malformed")
    try:
        Ringproof(draft.server, "rp_pk_shape")
    except InsecureServerError:
        plain = (
            draft.server.lower().startswith("http://") and "@" not in draft.server and _host_of(draft.server)
        )
        return Fault("server", "server_insecure" if plain else "server_malformed")
    return _key_fault(draft.key)


def _host_of(address: str) -> str:
    """The host of an address, empty when it has none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _key_fault(key: str) -> Fault | None:
    if not key:
        return Fault("key", "key_missing")
    if key.startswith("rp_sk_"):
        return Fault("key", "key_secret")
    shaped = key.startswith("rp_pk_") and key.isascii() and key.isprintable() and " " not in key
    return None if shaped and len(key) <= LONGEST else Fault("key", "key_malformed")


def fault_at_server(client: Ringproof) -> Fault | None:
    """Ask the server whether it is one and knows the key; blocks for one request."""
    try:
        client.get(_NOBODYS)
    except (UnauthorizedError, ForbiddenError):
        return Fault("key", "key_unknown")
    except ServerUnreachableError:
        return Fault("server", "unreachable_text")
    except ProblemError as problem:
        # Whatever else a Ringproof server has against it, it has recognised the key.
        return None if problem.slug else Fault("server", "unexpected_text")
    except RingproofError:
        return Fault("server", "unexpected_text")
    return None


class SettingsFile:
    """Settings in a file of the app's own folder. One that cannot be read counts as none."""

    def __init__(self, path: Path, *, given: Callable[[Settings], Settings] = lambda stored: stored) -> None:
        """`given` puts what was given at the start over what is stored, without being stored itself."""
        self._path = path
        self._given = given

    def load(self) -> Settings:
        """What is remembered, with what was given at the start."""
        return self._given(self._stored())

    def save(self, settings: Settings) -> None:
        """Remember; the old file stays whole until the new one is. Raises OSError when that fails."""
        stored = self._stored()
        given = asdict(self._given(stored))
        kept = {
            name: getattr(stored, name) if value == given[name] else value
            for name, value in asdict(settings).items()
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(kept), encoding="utf-8")
        fresh.replace(self._path)

    def _stored(self) -> Settings:
        try:
            return _settings_from(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return Settings()


def _settings_from(stored: object) -> Settings:
    """Leniently: a file that somebody edited, or another version wrote, must not keep the app shut."""
    facts = stored if isinstance(stored, dict) else {}

    def text(name: str) -> str:
        value = facts.get(name)
        return value[:LONGEST] if isinstance(value, str) else ""

    language = text("language")
    system: Appearance = "system"
    appearance = next((name for name in APPEARANCES if name == facts.get("appearance")), system)
    return Settings(
        server=text("server"),
        key="" if text("key").startswith("rp_sk_") else text("key"),
        language=language if language in APP_LOCALES else None,
        appearance=appearance,
        screening=facts.get("screening") is True,
    )
