"""What a broken connection or an odd answer means: nothing was sent, or nobody knows."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ringproof_server.carriers import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    OutcomeUnknown,
    Timeouts,
)
from ringproof_server.carriers.twilio.api import TwilioApi
from ringproof_server.carriers.twilio.connection import LARGEST_ANSWER
from ringproof_server.carriers.twilio.settings import read_settings
from tests.server.carriers.twilio.far_side import CALLER_ID, NUMBER, SETTINGS, TOKEN
from tests.support.raw_http import answering, raw_server

SHORT = Timeouts(connect=0.5, total=0.5)
CALL = {"to": NUMBER, "from_": CALLER_ID, "url": "https://ringproof.example/rcml/a"}
TAKEN = json.dumps({"sid": "CA" + "1" * 32, "status": "queued"}).encode()

Act = Callable[[socket.socket], None]


def api_at(url: str) -> TwilioApi:
    return TwilioApi(read_settings({**SETTINGS, "base_url": url}), SHORT)


def error_of(act: Callable[[], object]) -> CarrierError:
    """What it raises, which repeats no number and no credential."""
    with pytest.raises(CarrierError) as caught:
        act()
    shown = f"{caught.value!r}"
    assert NUMBER[1:] not in shown
    assert TOKEN not in shown
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


def placing(act: Act) -> CarrierError:
    """The error of a call that meets this far side; it was asked for once."""
    with raw_server(act) as server:
        error = error_of(lambda: api_at(server.url).create_call(**CALL))
    assert len(server.requests) == 1
    return error


def test_an_answer_names_the_call() -> None:
    """The far side of these tests is one that would be understood."""
    with raw_server(answering("201 Created", TAKEN)) as server:
        assert api_at(server.url).create_call(**CALL) == "CA" + "1" * 32


def test_the_address_may_have_a_path_of_its_own() -> None:
    """A gateway in front of Twilio finds its own path before Twilio's."""
    with raw_server(answering("201 Created", TAKEN)) as server:
        api_at(server.url + "/gateway/").create_call(**CALL)
    assert server.requests[0].startswith(b"POST /gateway/2010-04-01/Accounts/")


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "https://twilio.invalid"])
def test_what_cannot_be_connected_to_was_sent_nothing(address: str) -> None:
    """A refused connection, and a name that does not exist."""
    assert isinstance(error_of(lambda: api_at(address).create_call(**CALL)), CarrierUnavailable)


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[str]:
    """A TLS server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = tmp_path / "impostor.pem"
    file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def shake_hands(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection, context.wrap_socket(connection, server_side=True):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=shake_hands, args=(listener,), daemon=True)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}"
        thread.join(timeout=5)


def test_a_server_that_cannot_prove_its_name_is_sent_nothing(impostor: str) -> None:
    """The credentials stay here, and the next carrier may be tried."""
    assert isinstance(error_of(lambda: api_at(impostor).create_call(**CALL)), CarrierUnavailable)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _half(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n" + TAKEN)


def _silence(connection: socket.socket) -> None:
    connection.settimeout(2)
    connection.recv(1)


def _trickle(connection: socket.socket) -> None:
    """A whole and true answer, of which a little comes all the time, for longer than anyone waits."""
    connection.sendall(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.settimeout(0.05)
    for _ in range(40):
        connection.sendall(b"1\r\n \r\n")
        with contextlib.suppress(TimeoutError):
            if not connection.recv(1):
                return
    connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(TAKEN), TAKEN))


def _flood(connection: socket.socket) -> None:
    """A true answer with more space in front of it than anyone reads."""
    body = b" " * (LARGEST_ANSWER + 1) + TAKEN
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@pytest.mark.parametrize("act", [_reset, _half, _silence, _trickle, _flood])
def test_a_request_without_a_whole_answer_has_an_unknown_outcome(act: Act) -> None:
    """It was sent, and may have been carried out."""
    assert isinstance(placing(act), OutcomeUnknown)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"17",
        b"{}",
        b'{"sid": "CA1"}',
        b'{"sid": null}',
        b"\xff\xfe",
        b"{" * 9_000,
    ],
)
def test_a_success_that_makes_no_sense_has_an_unknown_outcome(body: bytes) -> None:
    assert isinstance(placing(answering("201 Created", body)), OutcomeUnknown)


@pytest.mark.parametrize("status", ["500 Oops", "502 Bad Gateway", "503 Busy", "504 Gateway Timeout"])
@pytest.mark.parametrize("body", [b"<html>upstream</html>", b'{"code": 20503, "message": "", "status": 503}'])
def test_a_fault_of_the_far_side_has_an_unknown_outcome(status: str, body: bytes) -> None:
    """Whatever stands between us and Twilio may have passed the request on, and Twilio promises nothing."""
    assert isinstance(placing(answering(status, body)), OutcomeUnknown)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("99999999", 3600.0),
        ("soon", None),
        ("-1", None),
        ("Fri, 20 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_too_many_requests_are_throttled_for_a_bounded_time(header: str, wait: float | None) -> None:
    """Twilio processes nothing that it answers with 429."""
    error = placing(answering("429 Too Many Requests", b"", f"Retry-After: {header}"))
    assert isinstance(error, CarrierThrottled)
    assert error.retry_after == wait


def test_a_redirect_is_not_followed() -> None:
    """Credentials go where the operator sent them, and nowhere else."""
    with raw_server(answering("201 Created", TAKEN)) as other:
        error = placing(answering("307 Temporary Redirect", b"", f"Location: {other.url}/"))
    assert isinstance(error, CarrierMisconfigured)
    assert not other.requests


def test_a_cookie_is_not_kept() -> None:
    """One request says nothing about the one before."""
    with raw_server(answering("201 Created", TAKEN, "Set-Cookie: a=b")) as server:
        api = api_at(server.url)
        api.create_call(**CALL)
        api.create_call(**CALL)
    assert len(server.requests) == 2
    assert not any(b"Cookie" in request for request in server.requests)


@pytest.mark.parametrize(
    "act", [_reset, _silence, answering("502 Bad Gateway", b""), answering("200 OK", b"<")]
)
def test_what_can_be_asked_again_is_merely_unavailable(act: Act) -> None:
    """A hang-up, a look-up and a ping may be repeated, so it does not matter whether they arrived."""
    with raw_server(act) as server:
        api = api_at(server.url)
        for ask in (
            lambda: api.end_call("CA" + "1" * 32),
            lambda: api.calls(to=NUMBER, caller_id=CALLER_ID),
            lambda: api.messages(to=NUMBER, sender=None),
            lambda: list(api.numbers()),
            api.check_account,
        ):
            assert isinstance(error_of(ask), CarrierUnavailable)


def test_lists_tell_refused_credentials_from_an_outage() -> None:
    """An operator who reads the error knows what to mend."""
    body = b'{"code": 20003, "message": "Authenticate", "more_info": "", "status": 401}'
    with raw_server(answering("401 Unauthorized", body)) as server:
        error = error_of(lambda: list(api_at(server.url).numbers()))
    assert isinstance(error, CarrierMisconfigured)
    assert "20003" in str(error)


def test_an_answer_with_garbled_headers_puts_no_number_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Both numbers stand in the address that lists calls, which urllib3 would write in its warning."""
    caplog.set_level(logging.DEBUG)
    page = json.dumps({"calls": [], "next_page_uri": None}).encode()
    with (
        raw_server(answering("200 OK", page, "this is no header")) as server,
        contextlib.suppress(CarrierError),
    ):
        api_at(server.url).calls(to=NUMBER, caller_id=CALLER_ID)
    assert NUMBER[1:].encode() in server.requests[0]
    assert NUMBER[1:] not in caplog.text
    assert CALLER_ID[1:] not in caplog.text
