"""Requests to carriers' APIs: what was never sent is told from what may have been carried out."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ringproof_server.carriers import CarrierUnavailable, OutcomeUnknown, Timeouts
from ringproof_server.carriers.outbound_http import LONGEST_ANSWER, HttpAnswer, OutboundHttp
from tests.support.raw_http import answering, raw_server

SHORT = Timeouts(connect=0.3, total=0.4)
PATIENT = Timeouts(connect=3, total=10)
HEADERS = {"Content-Type": "text/plain", "Authorization": "Basic a-token"}


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_an_answer_comes_with_its_status_headers_and_body() -> None:
    """Header names are lower case; what was sent arrived as it was."""
    with raw_server(answering("201 Created", b'{"id": "7"}', "X-Thing: Yes")) as server:
        answer = OutboundHttp("Acme", PATIENT).send(
            "POST", server.url + "/a?b=c", headers=HEADERS, body=b"hi"
        )
    assert (answer.status, answer.headers["x-thing"], answer.json_object()) == (201, "Yes", {"id": "7"})
    assert server.requests[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert server.requests[0].endswith(b"\r\n\r\nhi")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_connection_means_that_nothing_was_sent(method: str) -> None:
    """The next carrier may be tried."""
    with pytest.raises(CarrierUnavailable):
        OutboundHttp("Acme", SHORT).send(method, f"http://127.0.0.1:{unused_port()}/", headers=HEADERS)


def test_an_unknown_host_means_that_nothing_was_sent() -> None:
    """Without an address nobody can have received anything."""
    with pytest.raises(CarrierUnavailable):
        OutboundHttp("Acme", SHORT).send("POST", "http://nowhere.invalid/", headers=HEADERS, body=b"x")


def test_a_connection_that_is_not_accepted_means_that_nothing_was_sent() -> None:
    """A far side whose queue of connections is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(8)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            with pytest.raises(CarrierUnavailable):
                OutboundHttp("Acme", SHORT).send("POST", url, headers=HEADERS, body=b"x")
        finally:
            for one in waiting:
                one.close()


def hang_up_without_a_word(_connection: socket.socket) -> None:
    """The connection closes when the act is over."""


def say_nothing(connection: socket.socket) -> None:
    connection.recv(1)


def say_half(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def say_nonsense(connection: socket.socket) -> None:
    connection.sendall(b"\x00\x01 nonsense\r\n\r\n")


def say_too_much(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (LONGEST_ANSWER + 1))


@pytest.mark.parametrize("act", [hang_up_without_a_word, say_half, say_nonsense, say_too_much])
def test_a_request_without_a_whole_answer_may_have_been_carried_out(
    act: Callable[[socket.socket], None],
) -> None:
    """A POST is asked about; a GET had no effect, so the carrier is merely away."""
    with raw_server(act) as server:
        client = OutboundHttp("Acme", PATIENT)
        with pytest.raises(OutcomeUnknown) as caught:
            client.send("POST", server.url, headers=HEADERS, body=b"x")
        with pytest.raises(CarrierUnavailable):
            client.send("GET", server.url, headers=HEADERS)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert len(server.requests) == 2, "each request is sent once"


@pytest.mark.parametrize(("kept_seconds", "connections"), [(60.0, 1), (-1.0, 3)])
def test_a_connection_is_kept_for_a_while_and_not_for_ever(kept_seconds: float, connections: int) -> None:
    """What idles too long may have been forgotten by something in between, and a request with it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.add(self.client_address)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # The name is the library's.
            """Nothing to the terminal."""

    seen: set[object] = set()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        client = OutboundHttp("Acme", PATIENT, kept_seconds=kept_seconds)
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        for _ in range(3):
            assert client.send("POST", url, headers=HEADERS, body=b"x").status == 204
        client.close()
        server.shutdown()
        thread.join(timeout=5)
    assert len(seen) == connections


def test_silence_is_not_waited_for_longer_than_the_total_time() -> None:
    """The request may have been carried out."""
    with raw_server(say_nothing) as server:
        with pytest.raises(OutcomeUnknown):
            OutboundHttp("Acme", SHORT).send("POST", server.url, headers=HEADERS, body=b"x")
        with pytest.raises(CarrierUnavailable):
            OutboundHttp("Acme", PATIENT).send("GET", server.url, headers=HEADERS, total=0.2)


def test_an_answer_that_drips_in_is_given_up() -> None:
    """Each byte comes in time, but the whole does not."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x")
            time.sleep(0.05)

    with raw_server(drip) as server, pytest.raises(OutcomeUnknown):
        OutboundHttp("Acme", SHORT).send("POST", server.url, headers=HEADERS, body=b"x")


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    """Credentials go to the configured address and to no other."""
    with raw_server(answering("307 Temporary Redirect", b"", "Location: /elsewhere")) as server:
        answer = OutboundHttp("Acme", PATIENT).send("POST", server.url, headers=HEADERS, body=b"x")
    assert answer.status == 307
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 30 ", 30.0),
        ("0", 0.0),
        ("99999999", 3600.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
    ],
)
def test_the_wait_that_a_carrier_asks_for_is_read_in_seconds(header: str, seconds: float | None) -> None:
    """A date is left to our own pacing, and nobody waits for more than an hour."""
    assert HttpAnswer(429, {"retry-after": header}, b"").retry_after == seconds
    assert HttpAnswer(429, {}, b"").retry_after is None


@pytest.mark.parametrize("body", [b"", b"[]", b"<Call/>", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_none(body: bytes) -> None:
    """Restcomm answers XML where its suffix is forgotten, proxies answer pages."""
    assert HttpAnswer(200, {}, body).json_object() is None


def test_errors_and_answers_repeat_nothing_that_was_sent() -> None:
    """Neither credentials nor bodies nor addresses with their secrets."""
    url = f"http://127.0.0.1:{unused_port()}/a-secret-path"
    with pytest.raises(CarrierUnavailable) as caught:
        OutboundHttp("Acme", SHORT).send("POST", url, headers=HEADERS, body=b"a-secret-body")
    assert "a-secret" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__
    assert "a-secret" not in repr(HttpAnswer(200, {}, b"a-secret"))


def test_numbers_in_addresses_are_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Also where every library may say all that it wants."""
    caplog.set_level(logging.DEBUG)
    with raw_server(answering("200 OK", b"{}")) as server:
        client = OutboundHttp("Acme", PATIENT)
        client.send("GET", server.url + "/calls?To=%2B447400123456", headers=HEADERS)
    assert "7400123456" not in caplog.text


def test_numbers_in_addresses_are_in_no_log_after_an_answer_that_is_garbled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A line among the headers that is none makes urllib3 warn, and it would name the whole address."""
    caplog.set_level(logging.DEBUG)
    with raw_server(answering("200 OK", b"{}", "this is no header")) as server:
        client = OutboundHttp("Acme", PATIENT)
        client.send("GET", server.url + "/calls?To=%2B447400123456", headers=HEADERS)
    assert len(server.requests) == 1
    assert "7400123456" not in caplog.text
