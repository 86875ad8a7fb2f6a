"""Who writes to the agent's SIP address without being asked."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.server.carriers.sip.agents import Caller, calling
from tests.support.ports import free_phone_port

BRANCH: Final = "z9hG4bK-stranger"
PATIENCE_SECONDS: Final = 5.0


@pytest.fixture
def trunk() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk:
        trunk.bind(("127.0.0.1", 0))
        trunk.settimeout(PATIENCE_SECONDS)
        yield trunk


@pytest.fixture
def agent(tmp_path: Path, trunk: socket.socket) -> Iterator[tuple[Caller, int]]:
    """A caller, and the port of its agent."""
    port = free_phone_port()
    settings = {
        "trunk": f"127.0.0.1:{trunk.getsockname()[1]};ping=off",
        "local_address": f"127.0.0.1:{port}",
        "sources": "127.0.0.8/30",
    }
    with calling(tmp_path, settings) as caller:
        caller.carrier.ping()
        yield caller, port


def request(method: str, port: int, sender: socket.socket, *, tag: str = "") -> bytes:
    """A request such as any SIP client sends."""
    host, own = sender.getsockname()
    lines = (
        f"{method} sip:ringproof@127.0.0.1:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{own};branch={BRANCH}-{method}",
        "Max-Forwards: 70",
        f"From: <sip:stranger@{host}>;tag=1",
        f"To: <sip:ringproof@127.0.0.1>{tag}",
        f"Call-ID: stranger-{method}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:stranger@{host}:{own}>",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("OPTIONS", 200),
        ("INVITE", 501),
        ("REGISTER", 501),
        ("MESSAGE", 501),
        ("REFER", 501),
        ("BYE", 481),
        ("CANCEL", 481),
    ],
)
def test_only_options_is_answered_kindly(
    agent: tuple[Caller, int], trunk: socket.socket, method: str, code: int
) -> None:
    """We call and are never called."""
    _, port = agent
    trunk.sendto(request(method, port, trunk), ("127.0.0.1", port))
    answer = trunk.recv(4096).decode()
    assert answer.startswith(f"SIP/2.0 {code} ")


@pytest.mark.parametrize(("address", "is_heard"), [("127.0.0.2", False), ("127.0.0.9", True)])
def test_only_trunks_and_named_sources_are_heard(
    agent: tuple[Caller, int], trunk: socket.socket, address: str, is_heard: bool
) -> None:
    """Nobody else gets any answer; the trunk is answered after them, so it was not for want of time."""
    _, port = agent
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((address, 0))
        stranger.settimeout(PATIENCE_SECONDS if is_heard else 0.2)
        stranger.sendto(request("OPTIONS", port, stranger), ("127.0.0.1", port))
        trunk.sendto(request("OPTIONS", port, trunk), ("127.0.0.1", port))
        assert trunk.recv(4096).startswith(b"SIP/2.0 200")
        answered = b""
        with contextlib.suppress(TimeoutError):
            answered = stranger.recv(4096)
        assert bool(answered) is is_heard


def test_nonsense_breaks_nothing_and_is_not_written_down(
    agent: tuple[Caller, int], trunk: socket.socket
) -> None:
    """What cannot be parsed may hold anything, phone numbers among it."""
    caller, port = agent
    telling = b"INVITE sip:+447400999888@127.0.0.1 SIP/2.0\r\nVia: nonsense\r\nFrom: +447400999888\r\n\r\n"
    for nonsense in (b"\xff" * 100, b"SIP/2.0 200 OK\r\n" + b"x" * 200, telling, b"\r\n\r\n", b"A" * 8_000):
        trunk.sendto(nonsense, ("127.0.0.1", port))
    trunk.sendto(request("OPTIONS", port, trunk), ("127.0.0.1", port))
    while not trunk.recv(9_000).startswith(b"SIP/2.0 200 "):
        pass
    assert "447400999888" not in caller.log
    caller.carrier.ping()
