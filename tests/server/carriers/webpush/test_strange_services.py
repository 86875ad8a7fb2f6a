"""Push services that a stranger wrote: whatever they answer, or drip, costs no more than its time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ringproof_server.carriers import Timeouts
from ringproof_server.carriers.guard.guarded import GuardedCarrier
from ringproof_server.carriers.guard.settings import GuardSettings
from ringproof_server.carriers.webpush import WebPushCarrier
from ringproof_server.carriers.webpush.posting import PushPosts
from ringproof_server.domain.errors import CarrierError, CarrierThrottled, CarrierUnavailable, OutcomeUnknown
from ringproof_server.outbound.addresses import LOOK_UPS
from ringproof_server.testing.options import LogLines
from ringproof_server.testing.randomness import SeededRandom
from tests.server.carriers.guard.scripted import ScriptedPacer
from tests.server.carriers.webpush.bench import message, webpush
from tests.support.processes import CountingMetrics

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


def guarded(carrier: WebPushCarrier) -> GuardedCarrier:
    """The carrier with what stands around every one of them."""
    return GuardedCarrier(
        carrier,
        GuardSettings(),
        account="webpush",
        pacer=ScriptedPacer(),
        metrics=CountingMetrics(),
        random=SeededRandom("guard"),
        log=LogLines(),
    )


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


def test_of_a_name_with_many_addresses_one_is_tried() -> None:
    """A stranger's name may list as many as an answer of the resolver holds."""
    found = ["127.0.0.2", "127.0.0.1"]
    posts = PushPosts(PATIENT, private=True, lookup=lambda *_: found)
    with saying(b"HTTP/1.1 201 Created\r\n\r\n") as here:
        url = here.replace("127.0.0.1", "push.example")
        with pytest.raises(CarrierUnavailable):
            posts.post(url, {}, b"")
        found.reverse()
        assert posts.post(url, {}, b"") == (201, None)


@pytest.mark.parametrize("status", [500, 503, 408])
def test_what_one_push_service_says_stops_no_message_to_another(status: int) -> None:
    """Anybody may enrol a browser at a push service of their own, and let it say what they like."""
    with webpush() as both:
        carrier = guarded(both.carrier)
        strange, other = both.service.browser(), both.service.browser()
        strange.status = status
        for _ in range(10):
            with pytest.raises(CarrierError):
                carrier.send_message(message(strange.subscription))
        carrier.send_message(message(other.subscription))
        assert len(other.received) == 1


def test_a_push_service_that_is_away_stops_no_message_to_another() -> None:
    with webpush() as both, socket.create_server(("127.0.0.1", 0)) as closed:
        away = f"http://127.0.0.1:{closed.getsockname()[1]}/push"
        closed.close()
        carrier = guarded(both.carrier)
        other = both.service.browser()
        for _ in range(10):
            with pytest.raises(CarrierUnavailable):
                carrier.send_message(message(replace(other.subscription, endpoint=away)))
        carrier.send_message(message(other.subscription))
        assert len(other.received) == 1


def test_a_push_service_that_asks_for_an_hour_gets_it_for_itself_only() -> None:
    busy = b"HTTP/1.1 429 No\r\nRetry-After: 3600\r\n\r\n"
    with webpush() as both, saying(busy) as url:
        carrier = guarded(both.carrier)
        other = both.service.browser()
        with pytest.raises(CarrierThrottled):
            carrier.send_message(message(replace(other.subscription, endpoint=url)))
        carrier.send_message(message(other.subscription))
        assert len(other.received) == 1


def test_a_handshake_that_never_comes_is_given_up_with_the_request() -> None:
    """However long connections may take: the far side sees us leave while it still waits."""
    left = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def wait_for_the_end() -> None:
            line, _ = listener.accept()
            with line, contextlib.suppress(TimeoutError):
                line.settimeout(5)
                while line.recv(4096):
                    pass
                left.set()

        thread = threading.Thread(target=wait_for_the_end, daemon=True)
        thread.start()
        with pytest.raises(CarrierUnavailable):
            post(f"https://127.0.0.1:{listener.getsockname()[1]}/push", Timeouts(connect=30, total=0.3))
        thread.join(10)
    assert left.is_set()


def test_a_name_whose_owner_keeps_the_resolver_waiting_is_given_up_in_time() -> None:
    """However many such names there are: only so many wait for the resolver, and nobody waits for them."""
    goes_on = threading.Event()

    def waits(*_: object) -> list[str]:
        goes_on.wait(5)
        answered.release()
        return ["127.0.0.1"]

    answered = threading.Semaphore(0)
    posts = PushPosts(Timeouts(connect=0.01, total=0.3), private=True, lookup=waits)
    for _ in range(LOOK_UPS + 1):
        with pytest.raises(CarrierUnavailable):
            posts.post("https://push.example/x", {}, b"")
    assert not answered.acquire(blocking=False)
    goes_on.set()
    for _ in range(LOOK_UPS):
        assert answered.acquire(timeout=10)
    assert not answered.acquire(blocking=False)
