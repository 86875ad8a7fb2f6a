"""Back ends that hang cost nobody else anything: other applications start and are told as ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.receiver import BackEnd, Request, running_back_end
from tests.support.servers import GENEROUS, Server, running

THREADS = 12
STARTS = 30


@pytest.fixture
def hanging() -> Iterator[BackEnd]:
    """A back end that answers nothing until the end of the test."""
    release = threading.Event()

    def hang(_: Request) -> tuple[int, bytes]:
        release.wait(60)
        return 503, b""

    with running_back_end() as back_end:
        back_end.react = hang
        try:
            yield back_end
        finally:
            release.set()


def test_an_application_whose_back_end_hangs_holds_up_no_other(tmp_path: Path, hanging: BackEnd) -> None:
    """Eight of the server's twelve threads wait for its hook at the most, and further starts go on unasked;
    its events have threads of their own."""
    settings = {
        **GENEROUS,
        "RINGPROOF_WEBHOOK_PRIVATE_ADDRESSES": "on",
        "RINGPROOF_THREADS": str(THREADS),
    }
    server = Server(tmp_path, settings=settings)
    server.prepare()
    slow, quick = server.tenant("slow"), server.tenant("quick")
    heard = threading.Semaphore(0)

    def note(_: Request) -> tuple[int, bytes]:
        heard.release()
        return 204, b""

    with ExitStack() as stack:
        receiver = stack.enter_context(running_back_end())
        receiver.react = note
        with server.node() as node:
            hanging.trust(node.endpoints.set_hook(slow.id, hanging.url, timeout=2.0))
            hanging.trust(node.endpoints.set_webhook(slow.id, hanging.url))
            receiver.trust(node.endpoints.set_webhook(quick.id, receiver.url))
        stack.enter_context(running(server))
        slow_api, started = Api(server.url, slow.secret), []

        def start(number: int) -> None:
            body = {"phone_number": f"+4477009001{number:02d}", "channels": ["sms"]}
            started.append(slow_api.request("POST", "/v1/verifications", body).json()["id"])

        crowd = [threading.Thread(target=start, args=(number,)) for number in range(STARTS)]
        for thread in crowd:
            thread.start()
        quick_api = Api(server.url, quick.secret)
        for number in range(5):
            body = {"phone_number": f"+4477009002{number:02d}", "channels": ["sms"]}
            assert quick_api.request("POST", "/v1/verifications", body).status == 201
        assert all(heard.acquire(timeout=30) for _ in range(5))
        for thread in crowd:
            thread.join(60)
        traces = [slow_api.get(f"/v1/verifications/{name}").json()["trace"] for name in started]
    decided = [entry["detail"] for trace in traces for entry in trace if entry["what"] == "start_decided"]
    assert len(decided) == STARTS
    assert {one["why"] for one in decided} == {"unreachable", "busy"}
    assert hanging.taken == []
