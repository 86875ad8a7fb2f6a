"""Requests to back ends end in time, go nowhere they should not, and prove who sent them."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from ringproof_server.domain.webhook import check_url, is_public
from ringproof_server.webhooks.addresses import LOOK_UPS, Addresses
from ringproof_server.webhooks.faults import Blocked, Unreached
from ringproof_server.webhooks.posting import MOST_RECEIVED, Poster
from ringproof_server.webhooks.signing import signed_headers

SECRETS = (
    "whsec_VGhpcyBpcyBhIHNlY3JldCBmb3IgdGVzdHMgb25seSE=",
    "whsec_QW5vdGhlciBzZWNyZXQsIGFsc28gZm9yIHRlc3RzIG9ubHk=",
)
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
        with pytest.raises(Unreached):
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
    ],
    ids=["other protocol", "no status", "nothing", "endless headers", "a long header"],
)
def test_nonsense_is_no_answer(said: bytes) -> None:
    with far_side(said or b" ") as far, pytest.raises(Unreached):
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


def test_of_several_addresses_only_public_ones_are_used() -> None:
    """The second look-up, which a rebinding name answers otherwise, never happens."""
    answers = iter([["10.0.0.8", "93.184.216.34", "::1"]])
    addresses = Addresses(private=False, lookup=lambda _host, _port: next(answers))
    assert addresses.of("shop.example", 443, 5) == ["93.184.216.34"]


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    release = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        release.wait(20)
        return []

    addresses = Addresses(private=True, lookup=hang)
    try:
        for _ in range(20):
            with pytest.raises(Unreached):
                addresses.of("shop.example", 443, 0.01)
    finally:
        release.set()


def test_look_ups_go_on_after_the_machine_had_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    addresses = Addresses(private=True, lookup=lambda _host, _port: ["93.184.216.34"])
    with monkeypatch.context() as short_of_threads:
        short_of_threads.setattr(threading.Thread, "start", refuse)
        for _ in range(LOOK_UPS):
            with pytest.raises(Unreached):
                addresses.of("shop.example", 443, 5)
    assert addresses.of("shop.example", 443, 5) == ["93.184.216.34"]


def test_a_name_that_nobody_knows_is_unreached() -> None:
    with pytest.raises(Unreached):
        poster().post("https://shop.invalid/", {}, b"", connect=5, total=5)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "168.63.129.16", "0.0.0.0", "224.0.0.1", "255.255.255.255",
        "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
        "2002:7f00:1::", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "2001:db8::1", "::a00:1",
        "2001:0:53aa:64c::f5ff:fffe",
    ],
)  # fmt: skip
def test_an_address_of_the_inside_is_not_public_in_any_notation(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_maps(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    assert is_public(mapped) == is_public(address)


@pytest.mark.parametrize(
    ("url", "private", "refused"),
    [
        ("https://shop.example/events", False, None),
        ("https://93.184.216.34/events", False, None),
        ("https://[2606:4700::1111]:8443/", False, None),
        ("http://localhost:9000/", True, None),
        ("https://10.0.0.8/", True, None),
        ("http://10.0.0.8/", True, "https"),
        ("https://10.0.0.8/", False, "private"),
        ("https://[::1]/", False, "private"),
        ("https://localhost/", False, "private"),
        ("https://shop.example/#part", False, "URL"),
        ("https://shop.example:99999/", False, "URL"),
        ("https://shop.example/\r\nX: y", False, "URL"),
        ("https://shöp.example/", False, "URL"),
    ],
)
def test_a_url_is_judged_before_it_is_kept(url: str, private: bool, refused: str | None) -> None:
    if refused is None:
        assert check_url(url, private=private) == url
        return
    with pytest.raises(ValueError, match=refused):
        check_url(url, private=private)


@given(
    body=st.binary(max_size=200).map(lambda raw: raw.hex()),
    name=st.from_regex(r"evt_[a-z0-9_]{1,40}", fullmatch=True),
)
def test_the_official_library_believes_each_signature(body: str, name: str) -> None:
    now = datetime.now(UTC)
    text = f'{{"said": "{body}"}}'
    headers = signed_headers(name, now, text.encode(), SECRETS)
    for secret in SECRETS:
        assert Webhook(secret).verify(text, headers) == {"said": body}


def test_a_text_that_is_no_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        signed_headers("evt_1", datetime.now(UTC), b"{}", ["whsec_***"])
