"""The simulated phone's server may be anything: what it answers never ends the looking."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ringproof_demo.handset import fetch


@contextmanager
def saying(answer: bytes) -> Iterator[str]:
    """A server on loopback that says these bytes to whoever asks, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            caller, _ = door.accept()
            with caller:
                caller.recv(65_536)
                caller.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/handset/x/events"
        thread.join(10)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_a_server_that_does_not_speak_http_is_one_that_did_not_answer(garbage: bytes) -> None:
    """OSError, as when there is none; the next look may find another."""
    with saying(garbage) as url, pytest.raises(OSError, match=r"."):
        fetch(url, None)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"[1]", b"7", b"[" * 100_000, b'{"a": 1' + b"0" * 10_000 + b"}"],
    ids=["empty", "no text", "a list", "a number", "deep", "long"],
)
def test_an_answer_that_is_no_object_holds_nothing(body: bytes) -> None:
    """Not JSON, or nested and long beyond measure."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with saying(head + body) as url:
        assert fetch(url, None) == (200, {})


@pytest.mark.parametrize(
    "url", ["", "ftp://verify.example/", "verify.example", "http://[/", "http://a b/", "http://:x/"]
)
def test_what_is_no_address_is_a_server_that_did_not_answer(url: str) -> None:
    """The settings may hold anything while somebody types."""
    with pytest.raises(OSError, match=r"."):
        fetch(url, None)
