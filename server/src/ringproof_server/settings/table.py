"""Every setting with its default and its meaning, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ringproof_server.domain.policy import POLICY_FIELDS, Policy
from ringproof_server.settings.reading import PREFIX


class SettingRow(NamedTuple):
    """`default` is the text that would set the default; empty when there is none."""

    name: str
    default: str
    meaning: str


_SERVER: Final[dict[str, tuple[str, str]]] = {
    "SECRET_KEY": ("", "required, at least 32 random characters: all keys of the server are made from it"),
    "DATA_DIR": (
        "ringproof-data",
        "folder for the SQLite database and what processes share",
    ),
    "DATABASE_URL": ("", "`sqlite:///…` or `postgresql+psycopg://…`; without it SQLite in the data folder"),
    "REDIS_URL": (
        "",
        "`redis://…`: limits and carriers' pace hold across servers; without it each counts alone",
    ),
    "PUBLIC_URL": (
        "http://127.0.0.1:8000",
        "where clients and carriers reach the server; `https://` unless the host is loopback",
    ),
    "CARRIERS": ("simulated", "carriers in the order in which they are tried, with commas between them"),
    "ROUTES": (
        "",
        "carriers of single countries, such as `DE=vonage,twilio; FR,BE=restcomm`"
        " ([routing](docs/routing.md))",
    ),
    "FICTITIOUS_NUMBERS": (
        "off",
        "last day (such as `2027-01-31`) on which fictitious numbers go to virtual handsets, or `off`",
    ),
    "TRUSTED_PROXIES": ("0", "how many proxies in front of the server add to `X-Forwarded-For`"),
    "HOST": ("127.0.0.1", "address to listen on"),
    "PORT": ("8000", "port to listen on"),
    "WORKERS": ("1", "server processes"),
    "THREADS": ("16", "requests that one process works on at a time"),
    "CLAIM_LEASE": (
        "45",
        "seconds after which an attempt of a process that died is looked up; more than any carrier takes",
    ),
    "LOG_LEVEL": ("info", "`debug`, `info`, `warning` or `error`"),
    "LOG_FORMAT": ("console", "`console` for people, `json` for machines"),
    "WEBHOOK_PRIVATE_ADDRESSES": (
        "off",
        "applications' webhooks and hooks may lead to private addresses of the operator's own network",
    ),
    "PAGE_KEY": ("", "publishable key (`rp_pk_…`) of the application that the pages verify numbers for"),
    "DEMO": ("off", "demonstration: virtual handsets, loopback only and not counted in limits per address"),
}

_CARRIER_OPTIONS: Final[dict[str, str]] = {
    "<CARRIER>_…": "limits of each: `CALLS_PER_SECOND`, `TIMEOUT`, … ([carriers](docs/carriers.md))",
    "SIMULATED_…": "options of the simulated carrier",
    "TWILIO_…": "`ACCOUNT_SID`, `AUTH_TOKEN`, `SENDER`, … ([Twilio](docs/carriers/twilio.md))",
    "RESTCOMM_…": "`BASE_URL`, `ACCOUNT_SID`, `AUTH_TOKEN`, … ([Restcomm](docs/carriers/restcomm.md))",
    "VONAGE_…": "`APPLICATION_ID`, `PRIVATE_KEY`, `SIGNATURE_SECRET`, … ([Vonage](docs/carriers/vonage.md))",
    "SIP_…": "`TRUNK`, `LOCAL_ADDRESS`, `USERNAME`, `PASSWORD`, … ([SIP](docs/carriers/sip.md))",
    "WEBPUSH_…": "`SUBJECT`, … of notifications to known devices ([Web Push](docs/carriers/webpush.md))",
    "WEBHOOK_…": "`URL`, `SECRET`, … of a sender of your own ([webhook](docs/carriers/webhook.md))",
}

_POLICY: Final[dict[str, str]] = {
    "workflow": "channels in the order in which they are tried",
    "allowed_countries": "two-letter codes of the countries whose numbers are served, or `*`",
    "ttl": "seconds a verification lives",
    "max_guess_probability": "highest chance to pass one verification without the phone",
    "number_guess_budget": "highest sum of these chances per number and guess window",
    "guess_window": "seconds over which the guess budget of a number is summed",
    "max_failures_in_a_row": "wrong answers in a row after which a number is blocked",
    "code_digits": "digits of a code",
    "code_checks": "checks of a code",
    "code_ttl": "seconds a code is valid",
    "check_delays": "seconds to wait before the second, third, … check; the last one repeats",
    "send_spacing": "seconds between sends to one number; the last one repeats",
    "sends_per_day": "sends to one number within 24 hours",
    "flash_starts": "flash calls to one number within the flash window",
    "flash_window": "seconds over which flash calls to one number are counted",
    "pending_per_number": "verifications of one number under way at a time",
    "starts_per_ip_hour": "verifications started from one address within an hour",
    "countries_per_ip_day": "countries called from one address within 24 hours",
    "ring_time": "`check`: compared when given; `require`: demanded; `ignore`: not looked at",
    "ring_seconds": "shortest and longest time a flash call rings, in seconds",
    "dial_timeout": "seconds after which the carrier gives up a call by itself",
    "interception_timeout": "seconds within which a flash call must be seen before the next step starts",
    "report_timeout": "seconds within which a flash call may be reported",
    "message_timeout": "seconds a code step has before the next one starts",
    "voice_after": "seconds after another channel before a voice call",
    "max_calls": "flash calls one after another when the pool is small",
    "reuse_after": "seconds a caller ID is not used again for the same destination",
    "digits_to_type": "fewest and most last digits a person types",
    "shows_transaction": "the app itself shows amount and payee of a payment",
    "transactions_from_apps": "apps and pages may name a payment; otherwise only back ends with a secret key",
}


def setting_rows() -> Iterator[SettingRow]:
    """Every variable a server reads; names that end in `…` stand for all that begin so."""
    for name, (default, meaning) in _SERVER.items():
        yield SettingRow(PREFIX + name, default, meaning)
    for name, meaning in _CARRIER_OPTIONS.items():
        yield SettingRow(PREFIX + name, "", meaning)
    defaults = Policy()
    for name in POLICY_FIELDS:
        yield SettingRow(PREFIX + name.upper(), spell(getattr(defaults, name)), _POLICY[name])


def settings_table() -> str:
    """The Markdown table of every setting, ending in a newline."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, default, meaning in setting_rows():
        lines.append(f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |")
    return "\n".join(lines) + "\n"


def spell(value: object) -> str:
    """The text that sets this value."""
    if isinstance(value, tuple):
        return ",".join(spell(part) for part in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
