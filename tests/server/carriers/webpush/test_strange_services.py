"""Push services that a stranger wrote: whatever they answer, or drip, costs no more than its time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ringproof_server.carriers import Timeouts
from ringproof_server.carriers.webpush.posting import PushPosts
from ringproof_server.domain.errors import OutcomeUnknown

SHORT = Timeouts(connect=2, total=0.4)
PATIENT = Timeouts(connect=2, total=10)


@contextmanager
def saying(*parts: bytes, pause: float = 0.0, ends: bool = True) -> Iterator[str]:
    """A service that says these bytes to whoever connects, with pauses between them; its address."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            line, _ = listener.accept()
            with line:
                line.recv(65_536)
                for part in parts:
                    line.sendall(part)
                    over.wait(pause)
                if not ends:
                    over.wait(30)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/push"
    over.set()
    listener.close()
    thread.join(10)


def post(url: str, timeouts: Timeouts = PATIENT) -> tuple[int, float | None]:
    return PushPosts(timeouts, private=True).post(url, {"TTL": "1"}, b"sealed")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 201 Created\r\n\r\n", (201, None)),
        (b"HTTP/1.1 429\r\nretry-after: 7\r\n\r\n", (429, 7.0)),
        (b"HTTP/1.0 429 No\r\nRetry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n", (429, None)),
        (b"HTTP/1.1 429 No\r\nRetry-After: 999999999\r\n\r\n", (429, 3600.0)),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\n\r\nbody", (201, None)),
    ],
)
def test_the_head_of_an_answer_says_all(answer: bytes, told: tuple[int, float | None]) -> None:
    """In one piece or byte by byte, and whether the connection ends or not."""
    with saying(answer, ends=False) as url:
        assert post(url) == told
    with saying(*(answer[i : i + 1] for i in range(len(answer)))) as url:
        assert post(url) == told


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 201",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 two Hundred\r\n\r\n",
        b"HTTP/1.1 999 Yes\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 201 Created\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"HTTP/1.1 201 Created\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
    ],
)
def test_what_makes_no_sense_leaves_the_outcome_open(answer: bytes) -> None:
    with saying(answer) as url, pytest.raises(OutcomeUnknown):
        post(url)


def test_an_answer_that_drips_is_given_up_in_time() -> None:
    """Every byte comes before a wait for one would end; their sum does not."""
    with saying(*[b"H"] * 600, pause=0.05) as url, pytest.raises(OutcomeUnknown):
        post(url, SHORT)
