"""The agent's life: shared by processes, restarted, killed, replaced, run by an operator."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.carriers.sip import AgentAddress, StartOrder, build
from ringproof_server.carriers.sip.line import AgentAway, AgentLine
from ringproof_server.domain.attempt import Attempt, AttemptEvent
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import CarrierUnavailable, OutcomeUnknown
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Found
from ringproof_server.system import SystemClock, SystemRandom
from ringproof_server.testing.options import carrier_options
from tests.server.carriers.sip.agents import (
    CALLER_ID,
    NUMBER,
    SECRET,
    Caller,
    calling,
    is_running,
    operators_agent,
    say_nothing,
)
from tests.support.ports import free_phone_port
from tests.support.sipp import Sipp, running_sipp

SCENARIOS = Path(__file__).parent / "scenarios"
HASTY = Timeouts(connect=1.0, total=2.0)


@pytest.fixture
def sipp(tmp_path: Path) -> Iterator[Sipp]:
    with running_sipp(SCENARIOS / "ring.xml", tmp_path / "sipp") as sipp:
        yield sipp


@pytest.fixture
def caller(tmp_path: Path, sipp: Sipp) -> Iterator[Caller]:
    with calling(tmp_path / "data", {"trunk": f"{sipp.address};ping=off"}) as caller:
        yield caller


def test_processes_that_start_together_share_one_agent(tmp_path: Path, sipp: Sipp) -> None:
    """Whoever comes first starts it."""
    with calling(tmp_path / "data", {"trunk": f"{sipp.address};ping=off"}, starts=False) as caller:
        workers = [caller.another_carrier() for _ in range(4)]
        threads = [
            threading.Thread(target=worker.start, args=(caller.deliver, say_nothing)) for worker in workers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        orders = [caller.order(f"att_{number}") for number in range(4)]
        names = [each.place_call(order).remote_id for each, order in zip(workers, orders, strict=True)]
        assert len({name.partition("-")[0] for name in names}) == 1
        assert caller.log.count("sip_agent_started") == 1
        for number in range(4):
            caller.wait(AttemptEvent.RING, f"att_{number}")
        for worker, name in zip(reversed(workers), names, strict=True):
            worker.hang_up(name)
        for number in range(4):
            assert caller.wait(AttemptEvent.END, f"att_{number}").reason is Reason.RANG
        for worker in workers:
            worker.stop()


def test_the_socket_is_this_users_and_belongs_to_those_who_know_the_key(caller: Caller) -> None:
    """Another key gets no further than the greeting."""
    caller.carrier.ping()
    path = caller.folder / "sip-agent.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    stranger = AgentLine(AgentAddress(path=path), b"x" * 32, SystemRandom(), 2.0)
    with pytest.raises(AgentAway):
        stranger.greeting()


def test_a_data_folder_with_a_long_path_will_do(tmp_path: Path, sipp: Sipp) -> None:
    """Longer than what fits into a Unix socket's address."""
    folder = tmp_path / ("long" * 30)
    with calling(folder, {"trunk": f"{sipp.address};ping=off"}) as caller:
        name = caller.call()
        caller.wait(AttemptEvent.RING)
        caller.carrier.hang_up(name)
        caller.wait(AttemptEvent.END)


def test_an_attempt_is_dialled_once_however_often_it_is_placed(caller: Caller, sipp: Sipp) -> None:
    """And it is found afterwards by its attempt, for a server whose answer was lost."""
    name = caller.call("att_twice")
    assert caller.call("att_twice") == name
    found = caller.carrier.find(_attempt("att_twice"), PhoneNumber.parse(NUMBER))
    assert found is not None
    assert found.remote_id == name
    assert caller.carrier.find(_attempt("att_never"), PhoneNumber.parse(NUMBER)) is None
    caller.carrier.hang_up(name)
    caller.wait(AttemptEvent.END)
    assert sipp.received().count("INVITE") == 1


def test_a_call_that_is_asked_about_while_it_is_being_placed_counts_as_taken(tmp_path: Path) -> None:
    """Its server has given up waiting; so its end is reported, whatever the trunk does."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead,
        ThreadPoolExecutor(1) as pool,
    ):
        dead.bind(("127.0.0.1", 0))
        with calling(tmp_path, {"trunk": f"127.0.0.1:{dead.getsockname()[1]}"}) as caller:
            placed = pool.submit(caller.call, "att_asked")
            found: list[Found | None] = []

            def is_found() -> bool:
                found.append(caller.carrier.find(_attempt("att_asked"), PhoneNumber.parse(NUMBER)))
                return found[-1] is not None

            assert caller.wait_until(is_found)
            assert found[-1] == Found(remote_id=placed.result())
            assert caller.wait(AttemptEvent.END, "att_asked").reason is Reason.CARRIER_ERROR


def test_a_call_outlives_the_server_that_placed_it(caller: Caller) -> None:
    """A restart drops nothing: the next process hangs it up and hears of it."""
    name = caller.call()
    caller.wait(AttemptEvent.RING)
    caller.carrier.stop()
    caller.carrier = caller.another_carrier()
    caller.carrier.hang_up(name)
    assert not caller.wait_until(lambda: len(caller.events()) > 1, 0.5)
    caller.start()
    assert caller.wait(AttemptEvent.END).reason is Reason.RANG


def test_an_event_that_could_not_be_stored_comes_again(caller: Caller) -> None:
    """As long as the database is away."""
    caller.is_away = True
    name = caller.call()
    assert not caller.wait_until(lambda: bool(caller.events()), 0.7)
    caller.is_away = False
    caller.wait(AttemptEvent.RING)
    caller.carrier.hang_up(name)
    caller.wait(AttemptEvent.END)


def test_after_a_crash_of_the_agent_another_one_is_started(caller: Caller) -> None:
    """Calls of the dead one are unknown; the phone stops by the `Expires` of its INVITE."""
    name = caller.call("att_lost")
    caller.wait(AttemptEvent.RING)
    caller.end_agent(signal.SIGKILL)
    again = caller.call("att_again")
    assert again.partition("-")[0] != name.partition("-")[0]
    assert caller.carrier.find(_attempt("att_lost"), PhoneNumber.parse(NUMBER)) is None
    caller.carrier.hang_up(name)
    caller.wait(AttemptEvent.RING)
    caller.carrier.hang_up(again)
    assert caller.wait(AttemptEvent.END).reason is Reason.RANG


def test_an_agent_that_hangs_leaves_the_outcome_unknown(tmp_path: Path, sipp: Sipp) -> None:
    """It may have dialled; everything else raises too, and when it wakes up it is found."""
    with calling(tmp_path / "data", {"trunk": f"{sipp.address};ping=off"}, timeouts=HASTY) as caller:
        assert caller.wait_until(lambda: "sip_agent_started" in caller.log)
        name = caller.call("att_before")
        os.kill(caller.agent_pid, signal.SIGSTOP)
        with pytest.raises(OutcomeUnknown):
            caller.call("att_lost")
        for ask in (caller.carrier.ping, lambda: caller.carrier.hang_up(name)):
            with pytest.raises(CarrierUnavailable):
                ask()
        os.kill(caller.agent_pid, signal.SIGCONT)
        caller.wait(AttemptEvent.RING, "att_lost")
        found = caller.carrier.find(_attempt("att_lost"), PhoneNumber.parse(NUMBER))
        assert found is not None
        for each in (name, found.remote_id):
            caller.carrier.hang_up(each)
        caller.wait(AttemptEvent.END, "att_lost")


def test_an_agent_that_is_told_to_end_hangs_up_first(caller: Caller, sipp: Sipp) -> None:
    """The phone stops ringing, and the server hears why."""
    caller.call()
    caller.wait(AttemptEvent.RING)
    caller.end_agent()
    assert caller.wait(AttemptEvent.END).reason is Reason.RANG
    sipp.wait_for("CANCEL", "ACK")


def test_a_server_with_other_settings_gets_another_agent(caller: Caller) -> None:
    """One with the same settings, and a command beside the server, leave it alone."""
    caller.carrier.ping()
    before = caller.agent_pid
    same = caller.another_carrier()
    same.start(caller.deliver, say_nothing)
    other = caller.another_carrier({**caller.settings, "domain": "pbx.example"})
    other.ping()
    assert caller.agent_pid == before
    caller.carrier.stop()
    other.start(caller.deliver, say_nothing)
    assert caller.wait_until(lambda: caller.log.count("sip_agent_started") == 2)
    other.ping()
    assert caller.agent_pid != before
    assert not is_running(before)
    for carrier in (same, other):
        carrier.stop()


def test_an_agent_that_nobody_needs_ends_itself(tmp_path: Path) -> None:
    """Soon after the last server has gone."""
    order = StartOrder(
        address=f"unix:{tmp_path / 'agent.sock'}",
        settings={"trunk": "127.0.0.1:9", "local_address": "127.0.0.1:0"},
        fingerprint="0",
        key="00" * 32,
        events_key="00" * 32,
        log_file=str(tmp_path / "agent.log"),
        idle_seconds=0.5,
    )
    command = [sys.executable, "-m", "ringproof_server.sip_agent"]
    done = subprocess.run(
        command, input=msgspec.json.encode(order), capture_output=True, check=True, timeout=60
    )
    assert done.stdout == b"ready"
    pid = int((tmp_path / "agent.lock").read_text())
    assert Caller(tmp_path, {"trunk": "127.0.0.1:9"}).wait_until(lambda: not is_running(pid))
    assert not (tmp_path / "agent.sock").exists()


def test_an_agent_that_cannot_begin_says_why(tmp_path: Path, caller: Caller) -> None:
    """Without a word of what it was set to."""
    port = free_phone_port()
    with calling(tmp_path / "one", {"trunk": "127.0.0.1:9", "local_address": f"127.0.0.1:{port}"}) as first:
        first.carrier.find(_attempt("att_none"), PhoneNumber.parse(NUMBER))
        assert first.wait_until(lambda: "sip_agent_started" in first.log)
        settings = {"trunk": "127.0.0.1:9", "local_address": f"127.0.0.1:{port}"}
        with calling(tmp_path / "two", settings, starts=False) as second:
            with pytest.raises(CarrierUnavailable, match="the SIP address cannot be had") as caught:
                second.call()
            assert NUMBER[1:] not in str(caught.value)
            assert CALLER_ID[1:] not in str(caught.value)


def test_servers_share_the_agents_that_an_operator_runs(tmp_path: Path, sipp: Sipp) -> None:
    """Any server hangs up any call, whichever agent has it; one agent that is gone is passed over."""
    with (
        operators_agent(tmp_path / "one", sipp.address) as one,
        operators_agent(tmp_path / "other", sipp.address) as other,
    ):
        gone = f"tcp://127.0.0.1:{free_phone_port()}"
        with calling(tmp_path / "data", {"agent": f"{one},{other}"}) as caller:
            names = [caller.call(f"att_{number}") for number in range(2)]
            assert len({name.partition("-")[0] for name in names}) == 2
            elsewhere = build(
                carrier_options(
                    {"agent": f"{other},{one}"}, timeouts=HASTY, clock=SystemClock(), data_dir=tmp_path / "no"
                )
            )
            for number, name in enumerate(names):
                caller.wait(AttemptEvent.RING, f"att_{number}")
                elsewhere.hang_up(name)
                assert caller.wait(AttemptEvent.END, f"att_{number}").reason is Reason.RANG
            elsewhere.stop()
            cautious = caller.another_carrier({"agent": f"{gone},{one}"})
            agent = cautious.place_call(caller.order("att_cautious")).remote_id.partition("-")[0]
            (of_another,) = [name for name in names if not name.startswith(agent)]
            with pytest.raises(CarrierUnavailable):
                cautious.hang_up(of_another)
            cautious.stop()


def _attempt(attempt_id: str) -> Attempt:
    now = SystemClock().now()
    return Attempt(id=attempt_id, verification_id="vrf_1", channel=Channel.FLASHCALL, step=0, queued_at=now)


@pytest.mark.parametrize(
    ("arguments", "settings", "fault"),
    [
        (["--listen", "10.0.0.5"], {}, "--listen is not an address such as tcp://10.0.0.5:7070"),
        ([], {"RINGPROOF_SIP_LOCAL_ADDRESS": "nowhere"}, "local_address is not one IPv4 address"),
        ([], {"RINGPROOF_SIP_TRUNK": ""}, "trunk must be set"),
    ],
)
def test_the_command_refuses_what_it_cannot_use(
    tmp_path: Path, arguments: list[str], settings: dict[str, str], fault: str
) -> None:
    """With one clear line and exit code 2."""
    environment = {
        **os.environ,
        "RINGPROOF_SECRET_KEY": SECRET,
        "RINGPROOF_DATA_DIR": str(tmp_path),
        "RINGPROOF_SIP_TRUNK": "127.0.0.1:9",
        **settings,
    }
    command = [sys.executable, "-m", "ringproof_server", "sip-agent", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert fault in done.stderr
    assert "Traceback" not in done.stderr


def test_two_agents_cannot_have_the_same_place(caller: Caller) -> None:
    """The second says so and ends; the first goes on."""
    caller.carrier.find(_attempt("att_none"), PhoneNumber.parse(NUMBER))
    assert caller.wait_until(lambda: "sip_agent_started" in caller.log)
    environment = {
        **os.environ,
        "RINGPROOF_SECRET_KEY": SECRET,
        "RINGPROOF_DATA_DIR": str(caller.folder),
        "RINGPROOF_SIP_TRUNK": "127.0.0.1:9",
        "RINGPROOF_SIP_LOCAL_ADDRESS": "127.0.0.1:0",
    }
    command = [sys.executable, "-m", "ringproof_server", "sip-agent"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "another SIP agent runs here" in done.stderr) == (2, True)
    caller.carrier.ping()
