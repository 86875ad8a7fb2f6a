"""What it means for a question about a start that its request was blocked, or had no answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Receiver, StartQuestion, Undecided
from ringproof_server.webhooks import HttpWebhooks

SECRET = "whsec_VGhpcyBpcyBhIHNlY3JldCBmb3IgdGVzdHMgb25seSE="
QUESTION = StartQuestion(
    id="vrf_1",
    at=datetime(2026, 1, 1, tzinfo=UTC),
    number=PhoneNumber("+447700900123"),
    channels=[Channel.SMS],
    reference=None,
    language=None,
    address=None,
)


@contextmanager
def saying(answer: bytes) -> Iterator[str]:
    """A back end that answers one request with these bytes; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(65_536)
                line.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(10)


def asked(url: str, *, private: bool = True) -> bool:
    receiver = Receiver(url=url, secrets=[SECRET])
    return HttpWebhooks(private=private).ask(receiver, QUESTION, 5).allow


def test_an_answer_decides() -> None:
    with saying(b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"action":"allow"}') as url:
        assert asked(url)


def test_a_private_address_decides_nothing() -> None:
    with pytest.raises(Undecided, match=r"^blocked$"):
        asked("https://10.0.0.8/", private=False)


def test_a_back_end_that_is_away_decides_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with pytest.raises(Undecided, match=r"^unreachable$"):
        asked(url)


def test_a_back_end_that_says_half_an_answer_decides_nothing() -> None:
    with saying(b"HTTP/1.1 200 OK\r\n") as url, pytest.raises(Undecided, match=r"^unreachable$"):
        asked(url)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"allow",
        b'{"action":"perhaps"}',
        b'{"action":"\xff"}',
        b'{"action":"allow","limits":{"\xff":1}}',
        b'{"action":"allow","more":' + b"[" * 10_000,
    ],
)
def test_what_is_no_answer_decides_nothing(body: bytes) -> None:
    """Also what is no JSON for the bytes in it; a start must not break on a back end's mistake."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with saying(head + body) as url, pytest.raises(Undecided, match=r"^invalid$"):
        asked(url)
