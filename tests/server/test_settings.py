"""Settings: read whole, refused whole, never repeated where they are secret."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.policy import POLICY_FIELDS, Policy, RingTimeRule
from ringproof_server.domain.routing import Routes, Share, in_order
from ringproof_server.domain.stage import Advance, Stage
from ringproof_server.settings import Secret, Settings, SettingsError, setting_rows, settings_table
from tests.server.domain.test_routing import NAMES, rankings

KEY = "Zm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZg"
README = Path(__file__).parents[2] / "README.md"


def read(**values: str) -> Settings:
    return Settings.from_environ({"RINGPROOF_SECRET_KEY": KEY, **prefixed(values)})


def prefixed(values: dict[str, str]) -> dict[str, str]:
    return {f"RINGPROOF_{name}": value for name, value in values.items()}


def faults(**values: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        read(**values)
    assert str(raised.value) == "\n".join(raised.value.faults)
    return raised.value.faults


def test_a_secret_key_is_all_that_is_needed() -> None:
    """Everything else has a default that runs on one machine."""
    settings = read()
    assert settings.secret_key.reveal() == KEY
    assert settings.database_url.reveal() == "sqlite:///ringproof-data/ringproof.sqlite3"
    assert settings.redis_url is None
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.carriers == ("simulated",)
    assert settings.fictitious_until is None
    assert settings.trusted_proxies == 0
    assert settings.policy == Policy()
    assert not settings.demo


def test_other_peoples_variables_are_left_alone() -> None:
    assert Settings.from_environ({"PATH": "/bin", "PORT": "x", "RINGPROOF_SECRET_KEY": KEY}).port == 8000


def test_a_missing_secret_key_tells_how_to_make_one() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environ({})
    assert raised.value.faults == (
        "RINGPROOF_SECRET_KEY must be set; make one with: "
        "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
    )


def test_every_fault_is_told_at_once() -> None:
    """One line each, by the name of the variable."""
    found = faults(
        SECRET_KEY="short",
        PORT="eighty",
        PUBLIC_URL="http://verify.example.com",
        CODE_DIGITS="11",
        TTL="1",
        WORKFLOW="flashcall,pigeon",
        NO_SUCH_THING="1",
        ALLOWED_COUNTRIES="DE,XX",
    )
    named = [fault.split(" ", 1)[0].removeprefix("RINGPROOF_") for fault in found]
    assert sorted(named) == [
        "ALLOWED_COUNTRIES",
        "CODE_DIGITS",
        "NO_SUCH_THING",
        "PORT",
        "PUBLIC_URL",
        "SECRET_KEY",
        "TTL",
        "WORKFLOW",
    ]
    assert "RINGPROOF_CODE_DIGITS must be between 4 and 10, not 11" in found
    assert "RINGPROOF_WORKFLOW must be one of " in " ".join(found)


@pytest.mark.parametrize(
    ("name", "value", "field", "meant"),
    [
        ("TTL", "120", "ttl", 120),
        ("MAX_GUESS_PROBABILITY", "1e-4", "max_guess_probability", 1e-4),
        ("WORKFLOW", "sms, flashcall", "workflow", (Channel.SMS, Channel.FLASHCALL)),
        ("RING_TIME", "require", "ring_time", RingTimeRule.REQUIRE),
        ("RING_SECONDS", "3.5,6", "ring_seconds", (3.5, 6.0)),
        ("CHECK_DELAYS", "0,0,30", "check_delays", (0, 0, 30)),
        ("DIGITS_TO_TYPE", "5,6", "digits_to_type", (5, 6)),
        ("SHOWS_TRANSACTION", "on", "shows_transaction", True),
        ("ALLOWED_COUNTRIES", "gb,FR", "allowed_countries", ("GB", "FR")),
    ],
)
def test_every_kind_of_policy_value_can_be_set(name: str, value: str, field: str, meant: Any) -> None:
    assert getattr(read(**{name: value}).policy, field) == meant


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TTL", "9"),
        ("TTL", "1e3"),
        ("TTL", "١٢٠"),
        ("TTL", "9" * 5000),
        ("MAX_GUESS_PROBABILITY", "nan"),
        ("MAX_GUESS_PROBABILITY", "inf"),
        ("RING_SECONDS", "4"),
        ("RING_SECONDS", "4,5,6"),
        ("RING_SECONDS", "8,4"),
        ("RING_SECONDS", "nan,4"),
        ("DIGITS_TO_TYPE", "4,"),
        ("WORKFLOW", "sms,sms"),
        ("CHECK_DELAYS", "-1"),
        ("SHOWS_TRANSACTION", "maybe"),
        ("FICTITIOUS_NUMBERS", "always"),
        ("FICTITIOUS_NUMBERS", "2027-02-30"),
        ("TRUSTED_PROXIES", "-1"),
        ("PORT", "65536"),
        ("WORKERS", "0"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("CARRIERS", "twilio,twilio"),
        ("CARRIERS", "twilio;restcomm"),
        ("DATABASE_URL", "mysql://db/ringproof"),
        ("REDIS_URL", "localhost:6379"),
        ("HOST", "a b"),
        ("SECRET_KEY", "a" * 64),
        ("PUBLIC_URL", "ftp://verify.example.com"),
        ("PUBLIC_URL", "https://user:pw@verify.example.com"),
        ("PUBLIC_URL", "https://verify.example.com/?x=1"),
        ("PUBLIC_URL", "https://verify.example.com:99999"),
        ("PUBLIC_URL", "https://[::1"),
        ("PUBLIC_URL", "http://10.0.0.1"),
    ],
)
def test_a_value_that_cannot_be_used_is_a_fault(name: str, value: str) -> None:
    """Exactly one, and it names the variable."""
    (fault,) = faults(**{name: value})
    assert fault.startswith(f"RINGPROOF_{name} must ")


@pytest.mark.parametrize(
    "url",
    [
        "https://verify.example.com",
        "https://verify.example.com/numbers",
        "http://localhost:8000",
        "http://[::1]:8000",
    ],
)
def test_a_public_url_is_https_or_loopback(url: str) -> None:
    assert read(PUBLIC_URL=f"{url}/").public_url == url


def test_carriers_get_their_own_variables() -> None:
    """By prefix, also those of plug-ins that are configured; a name nobody owns is a fault."""
    settings = read(CARRIERS="acme,twilio", TWILIO_AUTH_TOKEN="t", ACME_REGION="eu", SIP_TRUNK="sip:x")
    assert settings.carriers == ("acme", "twilio")
    assert settings.carrier_options == {
        "acme": {"region": "eu"},
        "twilio": {"auth_token": "t"},
        "sip": {"trunk": "sip:x"},
    }
    assert faults(ACME_REGION="eu") == ("RINGPROOF_ACME_REGION is not a setting of this server",)


def test_fictitious_numbers_have_a_last_day() -> None:
    assert read(FICTITIOUS_NUMBERS="2027-01-31").fictitious_until == date(2027, 1, 31)
    assert read(FICTITIOUS_NUMBERS="off").fictitious_until is None


def test_the_data_folder_holds_the_default_database() -> None:
    assert read(DATA_DIR="/srv/rp").database_url.reveal() == "sqlite:////srv/rp/ringproof.sqlite3"


def test_the_demo_binds_to_loopback_only() -> None:
    assert read(DEMO="on", HOST="127.0.0.1").demo
    assert faults(DEMO="on", HOST="0.0.0.0") == (
        "RINGPROOF_HOST must be a loopback address while RINGPROOF_DEMO is on",
    )


def test_an_empty_value_counts_as_not_set() -> None:
    assert read(PORT="", REDIS_URL=" ").port == 8000


def test_nothing_secret_shows_in_the_repr_or_in_a_fault() -> None:
    settings = read(
        DATABASE_URL="postgresql://ringproof:hunter2@db/ringproof",
        REDIS_URL="redis://:hunter2@cache/0",
        TWILIO_AUTH_TOKEN="hunter2",
        CARRIERS="twilio",
    )
    for shown in (repr(settings), str(settings), f"{settings.secret_key} {settings.database_url!r}"):
        assert "hunter2" not in shown
        assert KEY not in shown
    assert "hunter2" not in "".join(faults(DATABASE_URL="mysql://x:hunter2@db/x", SECRET_KEY="hunter2"))


def test_a_secret_is_equal_to_itself_only() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert bool(Secret("a")) > bool(Secret(""))


def test_the_table_has_every_setting_that_is_read() -> None:
    """Every field of the settings and of the policy has its row, and no row is unknown to the server."""
    rows = {row.name.removeprefix("RINGPROOF_"): row for row in setting_rows()}
    named = {field.name for field in fields(Settings)} - {"policy", "carrier_options", "fictitious_until"}
    expected = {name.upper() for name in (*named, *POLICY_FIELDS, "fictitious_numbers")}
    assert {name for name in rows if not name.endswith("…")} == expected
    assert all(row.meaning for row in rows.values())
    assert not [fault for fault in faults(**dict.fromkeys(expected, "?")) if "not a setting" in fault]


def test_the_table_tells_the_real_defaults() -> None:
    written = {row.name.removeprefix("RINGPROOF_"): row.default for row in setting_rows() if row.default}
    assert read(**written) == read()


def test_the_readme_has_the_table() -> None:
    """The table that people read is the one that the code makes."""
    if not README.exists():
        pytest.skip("there is no README yet")
    assert settings_table() in README.read_text()


# --- routes


def test_routes_give_countries_their_own_order_of_carriers() -> None:
    """Ranks with commas, carriers of one rank with their weights, and nobody at all."""
    found = read(
        CARRIERS="sip,restcomm,twilio,vonage",
        ROUTES="DE=vonage,twilio; fr , BE = sip:3 | restcomm:1 , Twilio; 881=;",
    ).routes
    both = ((Share("sip", 3), Share("restcomm", 1)), (Share("twilio"),))
    assert found.rankings == {"DE": in_order(["vonage", "twilio"]), "FR": both, "BE": both, "881": ()}
    assert read().routes == Routes()


def test_every_fault_of_the_routes_is_told_in_their_line_beside_the_other_faults() -> None:
    found = faults(
        CARRIERS="sip,twilio",
        ROUTES="DE=pigeon; XX,FR=sip,sip; FR=twilio:0|sip:x; GB=twilio,,sip; sip",
        PORT="eighty",
    )
    assert found == (
        "RINGPROOF_ROUTES must be corrected: 'pigeon' is not one of the carriers; "
        "'sip' is named twice for 'XX,FR'; 'XX' is neither a two-letter country nor a calling code; "
        "the weight of 'twilio' must be between 1 and 1000; the weight of 'sip' must be between 1 and 1000; "
        "FR has two routes; a carrier's name is missing for 'GB'; "
        "'sip' has no = between countries and carriers",
        "RINGPROOF_PORT must be a whole number",
    )


def test_a_wrong_list_of_carriers_is_one_fault_and_not_one_for_every_route() -> None:
    (fault,) = faults(CARRIERS="sip,sip", ROUTES="DE=twilio; FR=vonage")
    assert fault.startswith("RINGPROOF_CARRIERS must ")


@pytest.mark.parametrize(
    "text",
    [
        "DE=sip:1001",
        "DE=sip:-1",
        "DE=sip:١",
        "DE=sip:",
        "DE=sip:1:1",
        "DE=|sip",
        "DE=sip,",
        "=sip",
        "DE,=sip",
        "ß=sip",
        "GBR=sip",
        "+44=sip",
        "DE=sip DE=sip",
        "DE=sip; DE=",
        "DE",
        "DE=" + "sip," * 10_000,
    ],
)
def test_a_route_that_could_be_meant_otherwise_is_a_fault(text: str) -> None:
    (fault,) = faults(CARRIERS="sip", ROUTES=text)
    assert fault.startswith("RINGPROOF_ROUTES must ")
    assert len(fault) < 2000


@given(
    st.dictionaries(st.sampled_from(["DE", "FR", "GB", "US", "881", "44"]), rankings(), max_size=6).map(
        lambda found: Routes(MappingProxyType(found))
    )
)
def test_routes_are_read_from_the_text_that_they_spell(routes: Routes) -> None:
    assert read(CARRIERS=",".join(NAMES), ROUTES=str(routes)).routes == routes


@given(st.text(alphabet="DEFR,;=:|19 sipx١ß\t", max_size=60) | st.text(max_size=40))
def test_any_text_is_routes_or_a_fault_and_nothing_else(text: str) -> None:
    """What is accepted means the same when it is spelled and read again."""
    try:
        found = read(CARRIERS="sip,six", ROUTES=text).routes
    except SettingsError:
        (fault,) = faults(CARRIERS="sip,six", ROUTES=text)
        assert fault.startswith("RINGPROOF_ROUTES must ")
    else:
        assert read(CARRIERS="sip,six", ROUTES=str(found)).routes == found


def test_a_workflow_may_give_times_and_conditions() -> None:
    """`channel`, `channel:seconds` or `channel:seconds:condition`, as plain lists were before."""
    found = read(WORKFLOW="messenger:120:not_read, sms:60, VOICE").policy.workflow
    assert found == (
        Stage(channel=Channel.MESSENGER, timeout=120, advance=Advance.NOT_READ),
        Stage(channel=Channel.SMS, timeout=60),
        Channel.VOICE,
    )


@pytest.mark.parametrize(
    "value",
    [
        "sms:",
        "sms:1",
        "sms:3601",
        "sms:x",
        "sms:60:maybe",
        "sms:60:not_read:more",
        "voice:60:not_read",
        "sms:60,sms",
        "pigeon:60",
    ],
)
def test_a_workflow_that_cannot_be_is_refused(value: str) -> None:
    (fault,) = faults(WORKFLOW=value)
    assert fault.startswith("RINGPROOF_WORKFLOW must ")
