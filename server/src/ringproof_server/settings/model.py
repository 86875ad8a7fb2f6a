"""What an operator sets, read from an environment that is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ringproof_server.domain.policy import Policy
from ringproof_server.domain.routing import Routes
from ringproof_server.settings import values
from ringproof_server.settings.policy import read_policy
from ringproof_server.settings.reading import PREFIX, Reader
from ringproof_server.settings.routes import routes
from ringproof_server.settings.secret import Secret

KNOWN_CARRIERS: Final[tuple[str, ...]] = (
    "simulated",
    "twilio",
    "restcomm",
    "vonage",
    "sip",
    "webhook",
    "webpush",
)
DEFAULT_CARRIERS: Final[tuple[str, ...]] = ("simulated",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one server.

    `public_url` has no slash at its end. `fictitious_until` is the last day on which fictitious numbers are
    served, None if they never are. `carrier_options` maps a carrier's name to its own settings, by their
    names in lower case without prefix (`RINGPROOF_TWILIO_ACCOUNT_SID` is `["twilio"]["account_sid"]`).
    """

    secret_key: Secret
    database_url: Secret
    data_dir: Path = Path("ringproof-data")
    redis_url: Secret | None = None
    public_url: str = "http://127.0.0.1:8000"
    carriers: tuple[str, ...] = DEFAULT_CARRIERS
    routes: Routes = field(default_factory=Routes)
    carrier_options: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    fictitious_until: date | None = None
    trusted_proxies: int = 0
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    threads: int = 16
    claim_lease: int = 45
    log_level: values.LogLevel = "info"
    log_format: values.LogFormat = "console"
    page_key: Secret | None = None
    demo: bool = False
    webhook_private_addresses: bool = False
    policy: Policy = field(default_factory=Policy)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read every `RINGPROOF_…` variable; other names are left alone.

        An empty value counts as not set. Raises SettingsError with all faults at once; no message repeats
        the value of a variable that may be secret.
        """
        reader = Reader(environ)
        carriers = reader.take("CARRIERS", values.carriers, DEFAULT_CARRIERS)
        named = None if reader.faults else carriers
        data_dir = reader.take("DATA_DIR", Path, Path("ringproof-data"))
        # Taken before the options of the carrier `webhook`, which begin in the same way.
        private = reader.take("WEBHOOK_PRIVATE_ADDRESSES", values.switch, False)
        sqlite = f"sqlite:///{data_dir / 'ringproof.sqlite3'}"
        settings = cls(
            secret_key=reader.take("SECRET_KEY", values.secret_key, Secret("")),
            data_dir=data_dir,
            database_url=reader.take("DATABASE_URL", values.url("sqlite", "postgresql"), Secret(sqlite)),
            redis_url=reader.take("REDIS_URL", values.url("redis", "rediss", "unix"), None),
            public_url=reader.take("PUBLIC_URL", values.public_url, "http://127.0.0.1:8000"),
            carriers=carriers,
            routes=reader.take("ROUTES", routes(named), Routes()),
            carrier_options=reader.take_carrier_options((*KNOWN_CARRIERS, *carriers)),
            fictitious_until=reader.take("FICTITIOUS_NUMBERS", values.fictitious, None),
            trusted_proxies=reader.take("TRUSTED_PROXIES", values.whole(0, 10), 0),
            host=reader.take("HOST", values.host, "127.0.0.1"),
            port=reader.take("PORT", values.whole(0, 65535), 8000),
            workers=reader.take("WORKERS", values.whole(1, 64), 1),
            threads=reader.take("THREADS", values.whole(1, 256), 16),
            claim_lease=reader.take("CLAIM_LEASE", values.whole(1, 600), 45),
            log_level=reader.take("LOG_LEVEL", values.log_level, "info"),
            log_format=reader.take("LOG_FORMAT", values.log_format, "console"),
            page_key=reader.take("PAGE_KEY", values.publishable_key, None),
            demo=reader.take("DEMO", values.switch, False),
            webhook_private_addresses=private,
            policy=read_policy(reader),
        )
        if "SECRET_KEY" not in reader.known:
            reader.faults.append(f"{PREFIX}SECRET_KEY must be set; make one with: {values.KEY_COMMAND}")
        if settings.demo and not values.is_loopback(settings.host):
            reader.faults.append(f"{PREFIX}HOST must be a loopback address while {PREFIX}DEMO is on")
        reader.finish()
        return settings
