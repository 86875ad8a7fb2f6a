"""`ringproof verify`: the command as people run it, in a process of its own, against a server on loopback."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ringproof._system import SystemClock
from ringproof._transport import Request, Response
from ringproof.testing import FakeServer
from tests.client_sdk.loopback import served
from tests.client_sdk.phones import CALLER, OWNER
from tests.client_sdk.test_sources import Handset
from tests.support.ports import free_port


class Demo:
    """The stand-in server with a virtual handset beside it."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.handset = Handset()

    def answer(self, request: Request) -> Response:
        return (self.handset if "/handset/" in request.url else self.server).send(request)


class Terminal:
    """A running command; `wait_for` reads what it says."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-m", "ringproof", "verify", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""

    def wait_for(self, words: str) -> None:
        stream = self.process.stderr
        assert stream is not None
        while words not in self.said:
            line = stream.readline()
            assert line, f"{words!r} was never said, but {self.said!r}"
            self.said += line

    def type(self, words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, str]:
        """Exit code and standard output."""
        stdout, stderr = self.process.communicate(timeout=60)
        self.said += stderr
        return self.process.returncode, stdout


@contextmanager
def terminal(demo: Demo, *options: str, number: str = OWNER) -> Iterator[Terminal]:
    with served(demo.answer) as url:
        running = Terminal(number, "--server", url, "--key", "rp_pk_test", *options)
        try:
            yield running
        finally:
            running.process.kill()
            running.process.communicate()


@pytest.fixture(name="demo")
def _demo() -> Demo:
    return Demo(FakeServer(SystemClock()))


def test_it_says_whether_the_call_is_heard_by_itself(demo: Demo) -> None:
    """And why not, where a phone is not there: then the digits must be typed."""
    with terminal(demo, "--simulated") as run:
        run.wait_for("heard by itself; you may also type the last 4 digits")
    with terminal(demo, "--sip-phone", f"127.0.0.1:{free_port()}") as run:
        run.wait_for("Not heard by sip: lacks baresip.")
        run.wait_for("Type the last 4 digits")
        run.type("0018")
        assert run.end()[0] == 0


def test_the_last_digits_are_typed_and_the_token_is_printed(demo: Demo) -> None:
    """Too few digits, wrong digits, right digits; standard output is the token and nothing else."""
    with terminal(demo, "--language", "de-DE") as run:
        run.wait_for("Type the last 4 digits")
        assert "begins with +4420" in run.said
        run.type("18")
        run.wait_for("Too few digits")
        run.type("9999")
        run.wait_for("not right")
        run.type("0018")
        code, output = run.end()
    assert code == 0
    assert output.startswith("fake.")
    assert output.count("\n") == 1
    assert demo.server.requests[0].body["language"] == "de-DE"


def test_the_person_switches_to_sms_and_types_the_code(demo: Demo) -> None:
    """The word `sms` asks the server; the next line is the code."""
    with terminal(demo) as run:
        run.wait_for("Type the last 4 digits")
        run.type("sms")
        run.wait_for("Type the 6-digit code sent by sms")
        run.type("123 456")
        code, output = run.end()
    assert (code, output[:5]) == (0, "fake.")


def test_the_fallback_comes_by_itself() -> None:
    """Nothing typed: the server sends a code, the terminal asks for it."""
    demo = Demo(FakeServer(SystemClock(), interception=0.5, report=1))
    with terminal(demo) as run:
        run.wait_for("Type the 6-digit code")
        run.type("123456")
        assert run.end()[0] == 0


def test_digits_to_type_in_a_call_are_printed() -> None:
    """The person reads them here and types them there; the command waits."""
    server = FakeServer(SystemClock(), fallback="keypad", code="482915")
    with terminal(Demo(server), "--channel", "keypad") as run:
        run.wait_for("type these digits with its keys: 482915")
        server.type_keys("482915")
        code, output = run.end()
    assert (code, output[:5]) == (0, "fake.")
    assert "482915" not in output


def test_a_spoken_code_is_asked_for_as_what_it_is() -> None:
    server = FakeServer(SystemClock(), fallback="voice")
    with terminal(Demo(server), "--channel", "voice") as run:
        run.wait_for("Answer, press 1, and type the 6-digit code you hear")
        run.type("123456")
        assert run.end()[0] == 0


def test_a_simulated_handset_needs_no_hands(demo: Demo) -> None:
    """`--simulated` hears the virtual phone: zero touch, with the ring time."""
    demo.server.on_start = lambda: demo.handset.call(CALLER)
    with terminal(demo, "--simulated") as run:
        code, output = run.end()
    assert (code, output[:5]) == (0, "fake.")
    (confirm,) = demo.server.calls_to("POST", "/confirm")
    assert confirm.body["evidence"]["basis"] == "simulated"
    assert confirm.body["evidence"]["ring_ms"] == 5000


def test_control_c_cancels_at_the_server(demo: Demo) -> None:
    """The call that still rings is hung up, and the exit code says not verified."""
    with terminal(demo) as run:
        run.wait_for("Type the last 4 digits")
        run.process.send_signal(signal.SIGINT)
        code, output = run.end()
    assert (code, output) == (1, "")
    assert demo.server.state == "cancelled"
    assert "Traceback" not in run.said


def test_quitting_cancels_at_the_server(demo: Demo) -> None:
    """The word `quit` does the same."""
    with terminal(demo) as run:
        run.wait_for("Type the last 4 digits")
        run.type("quit")
        assert run.end() == (1, "")
    assert demo.server.state == "cancelled"


def test_a_failed_verification_is_exit_code_one() -> None:
    """Too many wrong answers: one line, no token."""
    demo = Demo(FakeServer(SystemClock(), checks=1))
    with terminal(demo) as run:
        run.wait_for("Type the last 4 digits")
        run.type("9999")
        assert run.end() == (1, "")
    assert run.said.splitlines()[-1].startswith("The verification is failed")


def test_a_problem_is_one_line_and_exit_code_two(demo: Demo) -> None:
    """What the server refuses, said in its words."""
    demo.server.fail(demo.server.problem(422, "invalid-phone-number", detail="No such country\ncode"))
    with terminal(demo) as run:
        assert run.end() == (2, "")
    assert run.said.splitlines()[-1] == "ringproof: invalid-phone-number: No such country code"
    assert "Traceback" not in run.said


@pytest.mark.parametrize(
    "arguments",
    [
        [OWNER, "--server", "http://198.51.100.7", "--key", "rp_pk_x"],
        [OWNER, "--server", "nonsense", "--key", "rp_pk_x"],
        [OWNER, "--server", "https://verify.example", "--key", "a b"],
        [OWNER, "--server", "https://verify.example", "--key", "rp_pk_x", "--sip-phone", "nonsense"],
        [OWNER, "--server", "https://verify.example"],
        [OWNER, "--key", "rp_pk_x"],
        [],
    ],
)
def test_a_wrong_command_line_is_exit_code_two(arguments: list[str]) -> None:
    """Nothing is sent, and no traceback is shown."""
    run = Terminal(*arguments)
    assert run.end() == (2, "")
    assert run.said
    assert "Traceback" not in run.said
