"""The source that listens at a SIP phone: at a real one, and at a control port that behaves oddly."""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof import SipPhoneCallSource
from ringproof._baresip import (
    LONGEST_MESSAGE,
    MOST_CALLS,
    GarbledError,
    Netstrings,
    PhoneCalls,
    caller,
    encode,
)
from ringproof._calls import CallEvent, CallSource, Sink
from ringproof._system import SystemClock
from ringproof.calls import Ready
from ringproof.testing import CallSourceContract
from tests.client_sdk.phones import CALLER, OWNER
from tests.support.baresip import WITHHELD, Phone, running_phone
from tests.support.sip_ports import free_port


class Ear:
    """Takes what a source tells and lets a test wait for it."""

    def __init__(self) -> None:
        self.events: list[CallEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: CallEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, kind: str, *, how_many: int = 1) -> CallEvent:
        """The last of so many events of this kind."""

        def found() -> list[CallEvent]:
            return [event for event in self.events if event.kind == kind]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= how_many, 15), f"only {self.events} came"
            return found()[how_many - 1]


# --- a real phone ----------------------------------------------------------------------------------------


@pytest.fixture(name="phone", scope="module")
def _phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with running_phone(tmp_path_factory.mktemp("phone"), [OWNER]) as phone:
        yield phone


@pytest.fixture(name="other", scope="module")
def _other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A second phone, which calls the first one."""
    numbers = [CALLER, CALLER[:-1] + "9", WITHHELD]
    with running_phone(tmp_path_factory.mktemp("other"), numbers) as phone:
        yield phone


def call(phone: Phone, other: Phone, number: str | None = CALLER, *, ring: float = 0.15) -> None:
    """Let the phone ring once, for so many seconds; return when it has stopped."""
    before = len(phone.calls())
    other.dial(f"sip:{OWNER}@{phone.address}", sender=WITHHELD if number is None else number)
    phone.wait_for_call(lambda call: call.rang_at is not None and phone.calls().index(call) >= before)
    time.sleep(ring)
    other.hang_up()
    phone.wait_until_idle()


class Followed(SipPhoneCallSource):
    """Knows how many ends it has told, so that a test need not guess when that was."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.ear = Ear()
        self.listens = False

    def start(self, sink: Sink) -> None:
        def hear(event: CallEvent) -> None:
            sink(event)
            self.ear(event)

        self.listens = True
        super().start(hear)

    def stop(self) -> None:
        self.listens = False
        super().stop()

    def ends(self) -> int:
        return [event.kind for event in self.ear.events].count("ended")


class TestRealPhone(CallSourceContract):
    """A baresip as a source, called by another one."""

    number = CALLER

    @pytest.fixture(autouse=True)
    def _phones(self, phone: Phone, other: Phone) -> Iterator[None]:
        self.phone, self.other = phone, other
        self.sources: list[Followed] = []
        yield
        for source in self.sources:
            source.stop()

    def make_source(self) -> CallSource:
        source = Followed(self.phone.control_address)
        self.sources.append(source)
        return source

    def ring(self, source: CallSource, number: str | None) -> None:
        assert isinstance(source, Followed)
        before = source.ends()
        call(self.phone, self.other, number)
        if source.listens:
            source.ear.wait_for("ended", how_many=before + 1)


def test_the_ring_time_is_what_the_phone_measured(phone: Phone, other: Phone) -> None:
    """From its first ringing to the end, as its own messages show; the number is the From's."""
    source, ear = SipPhoneCallSource(phone.control_address), Ear()
    source.start(ear)
    call(phone, other, ring=0.5)
    end = ear.wait_for("ended")
    source.stop()
    assert (end.number, end.basis, end.quality, end.answered) == (CALLER, "sip", "live", False)
    measured = phone.calls()[-1].ring_ms
    assert end.ring_ms is not None
    assert measured is not None
    assert abs(end.ring_ms - measured) < 1500


@pytest.mark.parametrize("behaviour", ["answer", "reject"])
def test_an_answer_ends_the_ring_and_so_does_a_rejection(phone: Phone, other: Phone, behaviour: str) -> None:
    """The ring time ends there, `answered` tells which; the end of the talk is no second end."""
    source, ear = SipPhoneCallSource(phone.control_address), Ear()
    source.start(ear)
    phone.behave("answer" if behaviour == "answer" else "reject", after=0.2)
    try:
        other.dial(f"sip:{OWNER}@{phone.address}", sender=CALLER)
        end = ear.wait_for("ended")
        if behaviour == "answer":
            other.hang_up()
        phone.wait_until_idle()
    finally:
        phone.behave("ring")
    call(phone, other)
    ear.wait_for("ended", how_many=2)
    source.stop()
    assert end.answered is (behaviour == "answer")
    assert end.ring_ms is not None
    assert end.ring_ms >= 200
    assert [event.kind for event in ear.events] == ["ringing", "ended"] * 2


def test_a_phone_that_was_off_is_heard_again(phone: Phone, other: Phone) -> None:
    """The source finds it when it is back, also when it was off at the start."""
    phone.off()
    source, ear, ready = SipPhoneCallSource(phone.control_address), Ear(), list[Ready]()
    source.prepare(ready.append)
    source.start(ear)
    phone.start()
    _until(lambda: _is_connected(phone))
    call(phone, other)
    ear.wait_for("ended")
    phone.off()
    phone.start()
    _until(lambda: _is_connected(phone))
    call(phone, other)
    ear.wait_for("ended", how_many=2)
    source.stop()
    assert ready == [Ready(usable=False, missing=("baresip",))]
    assert [event.number for event in ear.events] == [CALLER] * 4


def _until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def _is_connected(phone: Phone) -> bool:
    """Whether somebody is connected to the phone's control port, by the kernel's table."""
    port = f":{phone.control:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(port) and row[3] == "01" for row in rows)


# --- a control port that behaves oddly -------------------------------------------------------------------


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
    SipPhoneCallSource(f"127.0.0.1:{free_port()}").prepare(ready.append)
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


# --- the parts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:+442079460018@trunk.example", CALLER),
        ("sip:%2B442079460018@trunk.example:5060;transport=udp", CALLER),
        ("<sips:+442079460018;phone-context=+44:secret@[2001:db8::1]>", CALLER),
        ("tel:+442079460018;phone-context=example", CALLER),
        ("SIP:02079460018@10.0.0.1", "02079460018"),
        ("sip:alice@example", "alice"),
        ("sip:" + "9" * 500 + "@example", "9" * 65),
    ],
)
def test_the_number_is_the_user_part(uri: str, number: str) -> None:
    """As the network wrote it, without what else an address may hold."""
    assert caller(uri) == (number, False)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:anonymous@anonymous.invalid",
        "sip:+442079460018@anonymous.invalid",
        "sip:Anonymous@10.0.0.1",
        "sip:10.0.0.1",
        "sip:@10.0.0.1",
        "sip:restricted@trunk.example;user=phone",
    ],
)
def test_an_anonymous_address_is_withheld(uri: str) -> None:
    """RFC 3323's address, its usual variants, and one without a user."""
    assert caller(uri) == (None, True)


@pytest.mark.parametrize("uri", [None, 7, "", "  ", "nonsense", "http://+442079460018@example"])
def test_no_address_is_not_withheld(uri: object) -> None:
    """Nothing is known, which is something else than a number kept back."""
    assert caller(uri) == (None, False)


@given(st.lists(st.binary(max_size=300), max_size=20), st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_netstrings_survive_any_division(messages: list[bytes], sizes: list[int]) -> None:
    """Whatever the pieces, the messages come out whole and in order."""
    stream, reader, out = b"".join(map(encode, messages)), Netstrings(), list[bytes]()
    for size in itertools.cycle(sizes):
        if not stream:
            break
        out += reader.feed(stream[:size])
        stream = stream[size:]
    assert out == messages


@given(st.binary(max_size=400))
def test_any_bytes_are_messages_or_garbage(data: bytes) -> None:
    """Never another exception, and never more messages than there were bytes for."""
    try:
        messages = Netstrings().feed(data)
    except GarbledError:
        return
    assert sum(len(encode(message)) for message in messages) <= len(data) * 2


def test_a_message_that_is_too_long_is_refused_before_it_is_read() -> None:
    """Nobody can fill this program's memory."""
    Netstrings().feed(b"%d:" % LONGEST_MESSAGE)
    with pytest.raises(GarbledError):
        Netstrings().feed(b"%d:" % (LONGEST_MESSAGE + 1))
    with pytest.raises(GarbledError):
        Netstrings().feed(b"0" * 10)


def test_of_too_many_calls_the_oldest_is_taken_for_ended() -> None:
    """It has no ring time, and what happens to it later is not told again."""
    calls, events = PhoneCalls(), list[CallEvent]()
    for number in range(MOST_CALLS + 2):
        said = {"type": "CALL_INCOMING", "id": f"c{number}", "direction": "incoming"}
        events += calls.observe(said, number, number)
    ends = [(event.call, event.ring_ms, event.quality) for event in events if event.kind == "ended"]
    assert ends == [(1, None, "late"), (2, None, "late")]
    assert calls.observe({"type": "CALL_CLOSED", "id": "c0", "direction": "incoming"}, 9000, 9000) == []


KINDS = ("CALL_INCOMING", "CALL_ESTABLISHED", "CALL_CLOSED", "lost", "idle")


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 40), st.integers(0, 5000)), max_size=120))
def test_every_call_rings_once_and_ends_at_most_once(steps: list[tuple[str, int, int]]) -> None:
    """In whatever order a phone tells things; no more than so many calls are kept."""
    calls, events, now = PhoneCalls(), list[CallEvent](), 0
    for kind, number, pause in steps:
        now += pause
        if kind == "lost":
            calls.look_away()
        elif kind == "idle":
            events += calls.nothing_rings(now, now)
        else:
            said = {"type": kind, "id": f"c{number}", "direction": "incoming", "peeruri": f"sip:{CALLER}@x"}
            events += calls.observe(said, now, now)
    for one in {event.call for event in events}:
        kinds = [event.kind for event in events if event.call == one]
        assert kinds in (["ringing"], ["ringing", "ended"])
    kinds = [event.kind for event in events]
    assert kinds.count("ringing") - kinds.count("ended") <= MOST_CALLS
    ends = [event for event in events if event.kind == "ended"]
    assert all((event.ring_ms is not None) == (event.quality in {"live", "estimated"}) for event in ends)
    assert all(event.number not in repr(event) for event in events if event.number)
