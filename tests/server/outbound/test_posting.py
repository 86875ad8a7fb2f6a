"""Requests that go out end in time, and go nowhere they should not."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ringproof_server.outbound import Addresses, Blocked, Poster, Unanswered, Unreached
from ringproof_server.outbound.posting import MOST_RECEIVED

SHORT = 0.4
"""Seconds that a test waits for a far side that never answers."""


class FarSide:
    """A far side that says `script`, byte for byte, and keeps what it was told."""

    def __init__(self, *script: bytes, drips: bool = False) -> None:
        self.heard = b""
        self.ended = threading.Event()
        self._script = script
        self._drips = drips
        self._stop = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(10)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/in?a=b"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(10)
            while not self._is_whole():
                self.heard += connection.recv(65_536)
            try:
                for part in self._script:
                    connection.sendall(part)
                while self._drips and not self._stop.wait(0.05):
                    connection.sendall(b"x")
                if not self._script:
                    self._stop.wait(10)
            except OSError:
                pass
            self.ended.set()

    def _is_whole(self) -> bool:
        head, found, body = self.heard.partition(b"\r\n\r\n")
        length = head.rpartition(b"Content-Length: ")[2].partition(b"\r\n")[0]
        return self.heard.startswith(b"\x16") or (bool(found) and len(body) >= int(length))

    def stop(self) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@contextmanager
def far_side(*script: bytes, drips: bool = False) -> Iterator[FarSide]:
    made = FarSide(*script, drips=drips)
    try:
        yield made
    finally:
        made.stop()


def poster() -> Poster:
    return Poster(Addresses(private=True))


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def test_a_request_is_one_post_with_its_headers_and_body() -> None:
    with far_side(OK) as far:
        answer = poster().post(far.url, {"X-One": "1"}, b'{"a": 1}', connect=5, total=5, most_body=100)
    assert (answer.status, answer.body) == (200, b"hello")
    head, _, body = far.heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in?a=b HTTP/1.1\r\n")
    assert b"\r\nX-One: 1" in head
    assert f"\r\nHost: 127.0.0.1:{far.port}".encode() in head
    assert body == b'{"a": 1}'


def test_of_an_answer_only_so_much_is_read_as_was_asked_for() -> None:
    with far_side(OK) as far:
        assert poster().post(far.url, {}, b"", connect=5, total=5).body == b""
    with far_side(OK) as far:
        assert poster().post(far.url, {}, b"", connect=5, total=5, most_body=2).body == b"he"


def test_what_comes_before_an_answer_is_none() -> None:
    """RFC 9110 section 15.2: there may be any number of such, and each has a head of its own."""
    before = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-One: 1\r\n\r\n"
    with far_side(before + before, OK) as far:
        answer = poster().post(far.url, {}, b"", connect=5, total=5, most_body=100)
    assert (answer.status, answer.body) == (200, b"hello")
    assert "X-One" not in answer.headers


def test_headers_of_an_answer_are_found_in_any_spelling() -> None:
    with far_side(b"HTTP/1.1 429 No\r\nretry-AFTER: 7\r\n\r\n") as far:
        answer = poster().post(far.url, {}, b"", connect=5, total=5)
    assert answer.headers["Retry-After"] == "7"


def test_less_is_listened_to_where_less_was_agreed_on() -> None:
    long = b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n"
    with far_side(long) as far:
        assert poster().post(far.url, {}, b"", connect=5, total=5).status == 200
    with far_side(long) as far, pytest.raises(Unanswered):
        Poster(Addresses(private=True), most_received=16 * 1024).post(far.url, {}, b"", connect=5, total=5)


@pytest.mark.parametrize(
    ("script", "drips"),
    [
        ((), False),
        ((b"HTTP/1.1 200 OK\r\nX-Slow: ",), True),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",), True),
    ],
    ids=["silent", "headers drip", "body drips"],
)
def test_a_far_side_that_takes_its_time_is_left_at_the_end_of_ours(
    script: tuple[bytes, ...], drips: bool
) -> None:
    """However it spreads its bytes: each of them comes in time, their sum does not."""
    with far_side(*script, drips=drips) as far:
        begun = time.monotonic()
        with pytest.raises(Unanswered):
            poster().post(far.url, {}, b"", connect=SHORT, total=SHORT, most_body=10_000)
        assert time.monotonic() - begun >= SHORT


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01 this is not HTTP\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * MOST_RECEIVED + b"\r\n\r\n",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nX: y\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5000,
    ],
    ids=[
        "other protocol",
        "no status",
        "nothing",
        "endless headers",
        "a long header",
        "half a status line",
        "half a head",
        "nothing after a word in between",
        "words in between for ever",
    ],
)
def test_nonsense_is_no_answer(said: bytes) -> None:
    with far_side(said or b" ") as far, pytest.raises(Unanswered):
        poster().post(far.url, {}, b"", connect=5, total=5, most_body=100)


def test_a_port_that_nobody_listens_on_is_unreached() -> None:
    with far_side() as far:
        url = far.url
    with pytest.raises(Unreached):
        poster().post(url, {}, b"", connect=5, total=5)


def test_a_plain_far_side_is_no_answer_where_tls_is_asked_for() -> None:
    with far_side(OK) as far, pytest.raises(Unreached):
        poster().post(far.url.replace("http:", "https:"), {}, b"", connect=5, total=5)


def test_a_name_that_leads_inside_is_blocked_and_nothing_is_sent() -> None:
    with far_side(OK) as far:
        guarded = Poster(Addresses(private=False, lookup=lambda _host, _port: ["127.0.0.1", "10.0.0.8"]))
        with pytest.raises(Blocked):
            guarded.post(f"http://inside.example:{far.port}/", {}, b"", connect=5, total=5)
        with pytest.raises(Blocked):
            Poster(Addresses(private=False)).post(far.url, {}, b"", connect=5, total=5)
        assert not far.heard


def test_a_name_that_nobody_knows_is_unreached() -> None:
    with pytest.raises(Unreached):
        poster().post("https://shop.invalid/", {}, b"", connect=5, total=5)
