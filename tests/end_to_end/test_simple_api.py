"""The simple API over real processes: the page's own commands, and Messenger first over Vonage."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support import leaks
from tests.support.api import Api, code_in
from tests.support.servers import GENEROUS, Server, Tenant, running
from tests.support.vonage_fake import FakeVonage, Message
from tests.support.waiting import wait_until

PAGE: Final = Path(__file__).parents[2] / "docs" / "simple-api.md"
MESSENGER_ID: Final = "1234567890123456"
MESSAGE_TIMEOUT: Final = 3.0


# --- Messenger first, over Vonage


@pytest.fixture(scope="module")
def vonage() -> Iterator[FakeVonage]:
    made = FakeVonage()
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, vonage: FakeVonage) -> Iterator[tuple[Server, Tenant]]:
    """A server whose only carrier is the fake Vonage, and which waits three seconds for a reading."""
    account = {f"RINGPROOF_VONAGE_{name.upper()}": text for name, text in vonage.settings().items()}
    settings = {
        **GENEROUS,
        **account,
        "RINGPROOF_CARRIERS": "vonage",
        "RINGPROOF_MESSAGE_TIMEOUT": f"{MESSAGE_TIMEOUT:.0f}",
    }
    server = Server(tmp_path_factory.mktemp("simple"), settings=settings)
    with running(server):
        yield server, server.tenant()


@pytest.fixture
def api(site: tuple[Server, Tenant]) -> Api:
    server, tenant = site
    return Api(server.url, tenant.secret)


def sent_to(vonage: FakeVonage, address: str) -> list[Message]:
    return [message for message in list(vonage.messages.values()) if message.said["to"] == address]


def code_of(message: Message) -> str:
    code = code_in(message.said["text"])
    leaks.secret(code, "code")
    return code


def start(api: Api, token: str, number: str, messenger_id: str) -> None:
    answer = api.post(f"/otp/{token}", {"messengerId": messenger_id, "phoneNumber": number})
    assert answer.status == 201, answer


def check(api: Api, token: str, code: str) -> tuple[int, bytes]:
    answer = api.get(f"/otp/{token}/{code}")
    return answer.status, answer.body


def test_a_code_that_is_read_on_messenger_is_not_sent_again(vonage: FakeVonage, api: Api) -> None:
    """201, 404, 200, 409, and no SMS, since Vonage's webhook says that it was read."""
    start(api, "read-1", "+447400125001", MESSENGER_ID)
    wait_until(lambda: bool(sent_to(vonage, MESSENGER_ID)))
    (message,) = sent_to(vonage, MESSENGER_ID)
    assert message.said["channel"] == "messenger"
    code = code_of(message)
    wrong = str((int(code) + 1) % 10**6).zfill(6)
    time.sleep(MESSAGE_TIMEOUT + 1)
    assert sent_to(vonage, "447400125001") == []
    assert check(api, "read-1", wrong) == (404, b"Wrong code")
    assert check(api, "read-1", code) == (200, b"OK")
    assert check(api, "read-1", code) == (409, b"Already verified")


def test_a_code_that_is_not_read_is_sent_by_sms(vonage: FakeVonage, api: Api) -> None:
    """After the time for reading, without anybody asking, with the same code."""
    vonage.reads = False
    try:
        start(api, "unread-1", "447400125002", "2234567890123456")
        wait_until(lambda: bool(sent_to(vonage, "447400125002")))
    finally:
        vonage.reads = True
    (messenger,) = sent_to(vonage, "2234567890123456")
    (sms,) = sent_to(vonage, "447400125002")
    assert (messenger.said["channel"], sms.said["channel"]) == ("messenger", "sms")
    assert code_of(sms) == code_of(messenger)
    assert check(api, "unread-1", code_of(sms)) == (200, b"OK")


def test_a_code_that_messenger_rejects_is_sent_by_sms(vonage: FakeVonage, api: Api) -> None:
    """Vonage takes the message and says later that it cannot be delivered."""
    vonage.rejections["messenger"] = 1360
    try:
        start(api, "rejected-1", "447400125003", "3234567890123456")
        wait_until(lambda: bool(sent_to(vonage, "447400125003")))
    finally:
        vonage.rejections.clear()
    (found,) = api.get("/v1/verifications?reference=rejected-1").json()["verifications"]
    attempts = api.get(f"/v1/verifications/{found['id']}").json()["attempts"]
    assert [item["channel"] for item in attempts] == ["messenger", "sms"]
    assert attempts[0]["status"] == "failed"
    assert check(api, "rejected-1", code_of(sent_to(vonage, "447400125003")[0])) == (200, b"OK")


def test_a_passcode_that_is_told_is_the_one_that_is_sent(vonage: FakeVonage, api: Api) -> None:
    answer = api.post("/otp", {"number": "447400125004", "language": "de"})
    assert answer.status == 200
    wait_until(lambda: bool(sent_to(vonage, "447400125004")))
    (message,) = sent_to(vonage, "447400125004")
    assert code_of(message) == answer.json()["passcode"]
    assert "Code" in message.said["text"]


# --- the page


def test_the_commands_of_the_page_work_as_they_stand(tmp_path: Path) -> None:
    """In their order, against a server with virtual phones; only address and key are put in."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    server = Server(tmp_path)
    with running(server):
        tenant = server.tenant()
        given = f"SERVER={server.url}\nKEY={tenant.secret}\n"
        assert blocks[0].startswith("SERVER=")
        script = "set -eu\n" + given + "".join(f"{block}echo '<<<'\n" for block in blocks[1:])
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    started, _, checked, told, _ = done.stdout.split("<<<\n")
    assert '"channel":"messenger"' in started
    assert checked.split("\n")[:2] == ["OK 200", "Already verified 409"]
    assert re.fullmatch(r'\{"passcode":"[0-9]{6}"\}', told.strip())
