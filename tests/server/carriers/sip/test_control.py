"""Who may talk to an agent, what strangers at its door cannot do, and how it goes."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ringproof_server.carriers.sip import AgentAddress
from ringproof_server.carriers.sip.agent import control
from ringproof_server.carriers.sip.agent.control import MOST_STRANGERS
from ringproof_server.carriers.sip.agent.outbox import Outbox
from ringproof_server.carriers.sip.line import AgentAway, AgentLine, AnswerLost
from ringproof_server.carriers.sip.protocol import Greeting, Place
from ringproof_server.domain.errors import CarrierUnavailable
from ringproof_server.system import SystemClock, SystemRandom
from ringproof_server.testing.options import LogLines
from tests.server.carriers.sip.agents import SECRET, Caller, calling, end_process, operators_agent

NONCE: Final = struct.pack(">I", 32) + b"n" * 32
PATIENCE_SECONDS: Final = 20.0


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    with calling(tmp_path / "data", {"trunk": "127.0.0.1:9;ping=off"}, starts=False) as caller:
        caller.carrier.ping()
        yield caller


@contextlib.contextmanager
def strangers(caller: Caller, count: int, says: bytes) -> Iterator[list[socket.socket]]:
    """So many connections to the agent's socket on which only this is ever said."""
    with contextlib.ExitStack() as open_ones:
        found = []
        for _ in range(count):
            stranger = open_ones.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            stranger.settimeout(PATIENCE_SECONDS)
            stranger.connect(str(caller.folder / "sip-agent.sock"))
            stranger.sendall(says)
            found.append(stranger)
        yield found


def is_closed(stranger: socket.socket) -> bool:
    """Wait for the other side to close this connection; whatever it says first is passed over."""
    try:
        while stranger.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("says", [b"", NONCE], ids=["nothing", "a nonce"])
def test_whoever_proves_nothing_is_shown_out(caller: Caller, says: bytes) -> None:
    """So nobody can hold the agent's connections who does not know the key, and servers come in again."""
    with strangers(caller, MOST_STRANGERS, says) as found:
        assert all(map(is_closed, found))
        caller.carrier.ping()


def test_strangers_do_not_shut_out_the_servers_that_are_there(caller: Caller) -> None:
    """A connection that is in use is not affected by any number of others."""
    with strangers(caller, 2 * MOST_STRANGERS, NONCE):
        caller.carrier.ping()


def test_a_wrong_key_is_told_nothing(caller: Caller) -> None:
    """Not even the agent's name."""
    line = AgentLine(AgentAddress(path=caller.folder / "sip-agent.sock"), b"x" * 32, SystemRandom(), 2.0)
    with pytest.raises(AgentAway) as caught:
        line.greeting()
    assert not caught.value.is_absent


def test_the_command_makes_its_folder_or_says_that_it_cannot(tmp_path: Path) -> None:
    """It may be started before anything else of the server."""
    (tmp_path / "file").touch()
    environment = {
        **os.environ,
        "RINGPROOF_SECRET_KEY": SECRET,
        "RINGPROOF_SIP_TRUNK": "127.0.0.1:9",
        "RINGPROOF_SIP_LOCAL_ADDRESS": "127.0.0.1:0",
    }
    command = [sys.executable, "-m", "ringproof_server", "sip-agent"]
    impossible = {**environment, "RINGPROOF_DATA_DIR": str(tmp_path / "file" / "data")}
    done = subprocess.run(command, env=impossible, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
    folder = tmp_path / "new" / "data"
    with subprocess.Popen(command, env={**environment, "RINGPROOF_DATA_DIR": str(folder)}) as process:
        try:
            give_up = time.monotonic() + PATIENCE_SECONDS
            while not (folder / "sip-agent.sock").exists():
                assert process.poll() is None
                assert time.monotonic() < give_up
                time.sleep(0.02)
        finally:
            process.terminate()
    assert folder.stat().st_mode & 0o077 == 0


def test_the_command_says_when_no_trunk_can_be_found(tmp_path: Path) -> None:
    """And what to set."""
    environment = {
        **os.environ,
        "RINGPROOF_SECRET_KEY": SECRET,
        "RINGPROOF_DATA_DIR": str(tmp_path),
        "RINGPROOF_SIP_TRUNK": "nowhere.invalid",
    }
    command = [sys.executable, "-m", "ringproof_server", "sip-agent"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "no address of this machine leads to a trunk" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_agent_that_runs_out_of_descriptors_serves_again_when_there_are_some(caller: Caller) -> None:
    """Its calls could not be hung up any more otherwise."""
    pid = caller.agent_pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # Connections that are there go on; no other can be taken.
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(list(Path(f"/proc/{pid}/fd").iterdir())), before[1]))
    with strangers(caller, 1, b""):
        time.sleep(0.5)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    other = caller.another_carrier()
    other.ping()
    other.stop()


@contextlib.contextmanager
def many_descriptors(count: int) -> Iterator[None]:
    """This process has so many open ones, and may have a few more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 256
    if before[1] != resource.RLIM_INFINITY and before[1] < wanted:
        pytest.skip(f"this system lets a process have no {wanted} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], wanted), before[1]))
    try:
        with contextlib.ExitStack() as open_ones:
            for _ in range(count):
                open_ones.callback(os.close, os.open(os.devnull, os.O_RDONLY))
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_server_with_thousands_of_connections_asks_its_agent_again_and_again(caller: Caller) -> None:
    """Also over a connection whose descriptor is beyond the 1023 that `select` knows."""
    with many_descriptors(1_100):
        other = caller.another_carrier()
        other.ping()
        other.ping()
        other.stop()


def test_an_agent_that_ends_waits_for_a_trunk_that_may_still_ring_a_phone(tmp_path: Path) -> None:
    """The trunk was given up as silent; when it is heard of after all, the agent cancels before it goes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk:
        trunk.bind(("127.0.0.1", 0))
        trunk.settimeout(PATIENCE_SECONDS)
        with calling(tmp_path, {"trunk": f"127.0.0.1:{trunk.getsockname()[1]};ping=off"}) as caller:
            with pytest.raises(CarrierUnavailable):
                caller.call()
            invite, agent = trunk.recvfrom(4096)
            pid = caller.agent_pid
            os.kill(pid, signal.SIGTERM)
            ringing = threading.Timer(1.0, lambda: trunk.sendto(answer(invite, "180 Ringing"), agent))
            ringing.start()
            words = set()
            with contextlib.suppress(TimeoutError):
                while b"CANCEL" not in words:
                    words.add(trunk.recv(4096).split()[0])
            ringing.join()
            assert b"CANCEL" in words
            end_process(pid, signal.SIGTERM)


def test_a_repeated_request_goes_to_the_agent_that_has_had_it(tmp_path: Path) -> None:
    """What no trunk took may be asked for once more; another agent would dial it anew."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk, contextlib.ExitStack() as agents:
        trunk.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{trunk.getsockname()[1]};ping=off"
        listed = [agents.enter_context(operators_agent(tmp_path / name, address)) for name in ("one", "two")]
        with calling(tmp_path / "data", {"agent": ",".join(listed)}) as caller:
            for _ in range(3):
                with pytest.raises(CarrierUnavailable):
                    caller.call("att_repeated")
        trunk.setblocking(False)
        calls = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                lines = trunk.recv(4096).decode().split("\r\n")
                calls |= {line for line in lines if line.startswith("Call-ID:")}
    assert len(calls) == 1


def test_an_agent_that_is_too_busy_to_say_leaves_the_outcome_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was handed to its loop may be dialled later, so nobody may take it for refused."""
    monkeypatch.setattr(control, "LOOP_SECONDS", 0.05)
    address, clock = AgentAddress(path=tmp_path / "agent.sock"), SystemClock()
    listener = address.listen()
    control.Control(
        listener,
        greeting=Greeting("0123", "4567"),
        key=b"k" * 32,
        events_key=b"e" * 32,
        exchange=None,  # type: ignore[arg-type]  # Nothing gets as far as that.
        outbox=Outbox(),
        in_loop=lambda _act: None,
        retire=lambda: None,
        clock=clock,
        random=SystemRandom(clock),
        log=LogLines(),
    ).start()
    line = AgentLine(address, b"k" * 32, SystemRandom(), 2.0)
    order = Place(attempt="att_1", reference="r", called="+1", caller="+2", dial_timeout=20, events_url="e")
    with pytest.raises(AnswerLost):
        line.ask(order, 5.0)
    listener.close()


def answer(request: bytes, status: str) -> bytes:
    """A response to this SIP request."""
    kept = ("Via:", "From:", "Call-ID:", "CSeq:")
    head = [line for line in request.decode().split("\r\n") if line.startswith((*kept, "To:"))]
    lines = [line + ";tag=phone" if line.startswith("To:") else line for line in head]
    return "\r\n".join([f"SIP/2.0 {status}", *lines, "Content-Length: 0", "", ""]).encode()
