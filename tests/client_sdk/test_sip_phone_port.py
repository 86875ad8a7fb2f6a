"""The source that listens at a SIP phone, at a control port that behaves oddly."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ringproof import SipPhoneCallSource
from ringproof._baresip import encode
from ringproof._calls import CallEvent
from ringproof._system import SystemClock
from ringproof.calls import Ready
from tests.client_sdk.ear import Ear
from tests.client_sdk.phones import CALLER
from tests.support.ports import free_phone_port


class ControlPort:
    """Stands where a phone's control port is; one connection after the other, as a test wants it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(15)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections: queue.Queue[socket.socket] = queue.Queue()
        self.answer: bytes | None = answer("\n--- Active calls (0) ---\n")
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def next(self) -> socket.socket:
        """The next connection, after its first question was answered."""
        return self.connections.get(timeout=15)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(15)
            self._open.append(connection)
            if self.answer is not None:
                connection.recv(1000)
                connection.sendall(self.answer)
            self.connections.put(connection)

    def close(self) -> None:
        # Closing alone does not wake a thread that waits for a connection.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(15)
        for connection in self._open:
            connection.close()


def answer(text: str) -> bytes:
    return encode(json.dumps({"response": True, "ok": True, "data": text, "token": "ringproof"}).encode())


def event(
    kind: str, call_id: str = "c1", uri: object = f"sip:{CALLER}@trunk.example", **more: object
) -> bytes:
    said = {
        "event": True,
        "type": kind,
        "class": "call",
        "direction": "incoming",
        "peeruri": uri,
        "id": call_id,
    }
    return encode(json.dumps({**said, **more}).encode())


@pytest.fixture(name="port")
def _port() -> Iterator[ControlPort]:
    port = ControlPort()
    yield port
    port.close()


@pytest.fixture(name="source")
def _source(port: ControlPort) -> Iterator[SipPhoneCallSource]:
    source = SipPhoneCallSource(port.address)
    yield source
    source.stop()


def test_messages_in_pieces_are_put_together(port: ControlPort, source: SipPhoneCallSource) -> None:
    """A byte at a time, and several at once."""
    ear = Ear()
    source.start(ear)
    connection = port.next()
    for byte in event("CALL_INCOMING"):
        connection.sendall(bytes([byte]))
    ear.wait_for("ringing")
    connection.sendall(event("CALL_CLOSED") + event("CALL_INCOMING", "c2") + event("CALL_CLOSED", "c2"))
    ear.wait_for("ended", how_many=2)
    assert [event.call for event in ear.events] == [1, 1, 2, 2]


class HandClock(SystemClock):
    """Shows the time that a test sets; waits as long as the real one."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_the_ring_time_goes_from_the_announcement_to_the_end(port: ControlPort) -> None:
    """By the source's own clock, to the millisecond."""
    clock, ear = HandClock(), Ear()
    source = SipPhoneCallSource(port.address, clock=clock)
    source.start(ear)
    connection = port.next()
    connection.sendall(event("CALL_INCOMING"))
    ear.wait_for("ringing")
    clock.now += 4.321
    connection.sendall(event("CALL_CLOSED"))
    end = ear.wait_for("ended")
    source.stop()
    assert (end.ring_ms, end.quality, end.answered) == (4321, "live", False)


def test_a_ring_of_which_both_ends_came_together_is_a_burst(
    port: ControlPort, source: SipPhoneCallSource
) -> None:
    """Nothing was measured, so nothing is claimed."""
    ear = Ear()
    source.start(ear)
    port.next().sendall(event("CALL_INCOMING") + event("CALL_CLOSED"))
    end = ear.wait_for("ended")
    assert (end.ring_ms, end.quality, end.number) == (None, "burst", CALLER)


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello,",
        b"5:hello;",
        b"99999999999:",
        b":,",
        b"-1:,",
        b"70000:",
        b"\xff\xfe",
        b"HTTP/1.1 400 Bad Request\r\n",
    ],
)
def test_after_garbage_the_source_connects_anew(
    port: ControlPort, source: SipPhoneCallSource, garbage: bytes
) -> None:
    """What cannot be read ends the connection, not the listening."""
    ear = Ear()
    source.start(ear)
    port.next().sendall(garbage)
    port.next().sendall(event("CALL_INCOMING"))
    assert ear.wait_for("ringing").number == CALLER


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 5000,
        b'{"type":"CALL_INCOMING"}',
        b'{"type":"CALL_INCOMING","id":7,"direction":"incoming"}',
        b'{"type":["CALL_INCOMING"],"id":"x","direction":"incoming"}',
        b'{"type":"CALL_INCOMING","id":"x","direction":"outgoing","peeruri":"sip:+442079460018@x"}',
        b'{"type":"CALL_CLOSED","id":"never seen","direction":"incoming"}',
        b'{"type":"CALL_RINGING","id":"x","direction":"incoming"}',
        b'{"response":true,"data":7}',
    ],
)
def test_what_is_no_incoming_call_is_left_out(
    port: ControlPort, source: SipPhoneCallSource, message: bytes
) -> None:
    """Other messages, strange ones included, do not disturb."""
    ear = Ear()
    source.start(ear)
    port.next().sendall(encode(message) + event("CALL_INCOMING"))
    ear.wait_for("ringing")
    assert [event.number for event in ear.events] == [CALLER]


def test_a_call_that_ended_while_nobody_listened_ends_without_a_ring_time(
    port: ControlPort, source: SipPhoneCallSource
) -> None:
    """The phone's empty list of calls tells that it is over."""
    ear = Ear()
    source.start(ear)
    connection = port.next()
    connection.sendall(event("CALL_INCOMING"))
    ear.wait_for("ringing")
    connection.shutdown(socket.SHUT_RDWR)
    end = ear.wait_for("ended")
    assert (end.ring_ms, end.quality, end.answered, end.number) == (None, "late", None, CALLER)


def test_a_call_that_outlived_a_lost_connection_is_estimated(
    port: ControlPort, source: SipPhoneCallSource
) -> None:
    """It may have been answered meanwhile, so its length is not offered as a measured ring."""
    ear = Ear()
    source.start(ear)
    connection = port.next()
    connection.sendall(event("CALL_INCOMING"))
    ear.wait_for("ringing")
    port.answer = answer("\n--- Active calls (1) ---\n> [line 1] INCOMING\n")
    connection.shutdown(socket.SHUT_RDWR)
    port.next().sendall(event("CALL_CLOSED"))
    end = ear.wait_for("ended")
    assert (end.quality, end.answered) == ("estimated", None)
    assert [event.kind for event in ear.events] == ["ringing", "ended"]


def test_who_does_not_answer_like_a_phone_is_not_usable(port: ControlPort) -> None:
    """Silence, a greeting of another protocol, nobody at all: said after two seconds at most."""
    source, ready = SipPhoneCallSource(port.address), list[Ready]()
    for said in (answer("ok"), b"220 mail.example ESMTP\r\n", b"", event("CALL_INCOMING") * 200):
        port.answer = said
        source.prepare(ready.append)
    port.answer = None
    source.prepare(ready.append)
    SipPhoneCallSource(f"127.0.0.1:{free_phone_port()}").prepare(ready.append)
    assert [each.usable for each in ready] == [True, False, False, False, False, False]


def test_what_an_old_run_still_reads_is_not_told_to_a_new_one(
    port: ControlPort, source: SipPhoneCallSource
) -> None:
    """Also when an app starts anew while it is being told something."""
    ear = Ear()

    def restart(event: CallEvent) -> None:
        source.stop()
        source.start(ear)

    source.start(restart)
    port.next().sendall(event("CALL_INCOMING", "c1") + event("CALL_INCOMING", "c2"))
    connection = port.next()
    connection.sendall(event("CALL_INCOMING", "c3", f"sip:{CALLER[:-1]}9@trunk.example"))
    ear.wait_for("ringing")
    connection.sendall(event("CALL_CLOSED", "c3"))
    ear.wait_for("ended")
    assert {event.number for event in ear.events} == {f"{CALLER[:-1]}9"}
    assert port.connections.empty()


def test_a_new_run_knows_nothing_of_calls_that_an_older_one_heard(
    port: ControlPort, source: SipPhoneCallSource
) -> None:
    """Their ends are not told, and counting begins anew."""
    first, second = Ear(), Ear()
    source.start(first)
    port.next().sendall(event("CALL_INCOMING", "c1"))
    first.wait_for("ringing")
    source.stop()
    source.start(second)
    port.next().sendall(event("CALL_CLOSED", "c1") + event("CALL_INCOMING", "c2"))
    second.wait_for("ringing")
    assert [(event.kind, event.call) for event in second.events] == [("ringing", 1)]


def test_a_phone_that_is_quiet_for_long_is_not_taken_for_gone(
    port: ControlPort, source: SipPhoneCallSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patience for an answer ends with the answer."""
    monkeypatch.setattr("ringproof._sip_phone.TIMEOUT", 0.3)
    ear = Ear()
    source.start(ear)
    connection = port.next()
    time.sleep(0.8)
    assert port.connections.empty()
    connection.sendall(event("CALL_INCOMING"))
    ear.wait_for("ringing")


def test_a_port_that_talks_without_answering_is_no_phone() -> None:
    """However much it says, the wait has an end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over, ready = threading.Event(), list[Ready]()

        def talk() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                while not over.wait(0.2):
                    connection.sendall(event("CALL_RINGING"))

        talker = threading.Thread(target=talk)
        talker.start()
        try:
            SipPhoneCallSource(f"127.0.0.1:{listener.getsockname()[1]}").prepare(ready.append)
        finally:
            over.set()
            talker.join()
    assert [each.usable for each in ready] == [False]


def test_stopping_ends_the_connection_and_starting_opens_another(
    port: ControlPort, source: SipPhoneCallSource
) -> None:
    """The phone is free for other programs, and an old run never hears for a new one."""
    first, second = Ear(), Ear()
    source.start(first)
    old = port.next()
    source.stop()
    assert old.recv(1) == b""
    source.start(second)
    port.next().sendall(event("CALL_INCOMING"))
    second.wait_for("ringing")
    assert first.events == []


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1", "4444", ":4444", "127.0.0.1:", "a:b", "a:0", "a:70000", "a:４"]
)
def test_an_address_names_a_host_and_a_port(address: str) -> None:
    """What cannot be one is refused before anything is tried."""
    with pytest.raises(ValueError, match=r"HOST:PORT"):
        SipPhoneCallSource(address)
