"""The search for secrets finds what it is for, in every place it looks at, and nothing else."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.architecture.sources import ROOT
from tests.support import leaks
from tests.support.leaks import Collector, Kind
from tests.support.world import World

KEY = "rp_sk_" + "Zk3-x_9Q" * 5


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    return Collector(tmp_path / "lines", scope="a test")


def found(collector: Collector) -> list[str]:
    return [leak.kind for leak in collector.leaks()]


@pytest.mark.parametrize(
    ("secret", "kind", "output"),
    [
        (KEY, "key", f"Authorization: Bearer {KEY}"),
        (KEY, "key", f'{{"key": "{KEY}"}}'),
        (KEY, "key", f"prefix-{KEY}-suffix"),
        ("+447400123456", "number", "calling +447400123456"),
        ("+447400123456", "number", "calling 07400 123456"),
        ("+447400123456", "number", "GET /v1/verifications?number=%2B447400123456"),
        ("+447400123456", "number", '{"phone_number": "447400123456"}'),
        ("+442079460018", "caller_id", "from (020) 7946-0018"),
        ("+442079460018", "caller_id", "from +44.2079460018"),
        ("+442079460018", "caller_id", "from 020.79460018"),
        ("482913", "code", "the code is 482913."),
        ("482913", "code", '{"code":"482913"}'),
        ("v" * 20 + "Erifier", "verifier", "code_verifier=" + "v" * 20 + "Erifier&"),
    ],
)
def test_a_secret_is_found_in_the_forms_in_which_it_escapes(
    collector: Collector, secret: str, kind: Kind, output: str
) -> None:
    collector.watch(output, "somewhere")
    collector.secret(secret, kind)
    assert found(collector) == [kind]


def test_what_a_jwt_says_is_searched_too(collector: Collector) -> None:
    claims = (
        base64.urlsafe_b64encode(json.dumps({"caller_id": "+442079460018"}).encode()).rstrip(b"=").decode()
    )
    collector.secret("+442079460018", "caller_id")
    collector.watch(f"challenge: eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl", "an answer")
    assert found(collector) == ["caller_id"]


@pytest.mark.parametrize(
    "output",
    [
        "+44••••••3456 is being called",
        "vrf_06gvgd5mdf325akbohkhjlm560",
        "2026-11-20T09:05:17.482913Z took 482913123 ns",
        "request_id=482913ab",
        "seconds_sum 0.0147400123456",
        "seconds_sum 31.207400123456",
        "rp_sk_••••",
    ],
)
def test_masked_values_and_other_numbers_are_no_leaks(collector: Collector, output: str) -> None:
    collector.secret(KEY, "key")
    collector.secret("+447400123456", "number")
    collector.secret("482913", "code")
    collector.watch(output, "a log")
    assert found(collector) == []


def test_a_code_is_searched_in_its_own_test_only(collector: Collector) -> None:
    """Any six digits are somebody's code."""
    collector.secret("482913", "code")
    collector.scope = "another test"
    collector.watch("482913 rows", "a log")
    assert found(collector) == []


@pytest.mark.parametrize("telling", [KEY, "+33639980000", "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl"])
def test_a_log_must_not_even_hold_what_looks_like_a_secret(collector: Collector, telling: str) -> None:
    collector.watch(f"saw {telling} today", "an answer")
    assert found(collector) == []
    collector.watch(f"saw {telling} today", "a log", log=True)
    assert found(collector) == ["something telling"]


def test_a_leak_is_told_with_its_place_and_without_the_secret(collector: Collector) -> None:
    collector.secret(KEY, "key")
    collector.watch(KEY, "the answer to GET /livez")
    [leak] = collector.leaks()
    assert "the answer to GET /livez, written during a test" in str(leak)
    assert KEY not in str(leak)


@given(text=st.text(max_size=300), national=st.integers(7_400_000_000, 7_499_999_999))
def test_whatever_stands_around_it_a_number_is_found(text: str, national: int) -> None:
    lines = Path(os.environ.get("TMPDIR", "/tmp")) / f"ringproof-leaks-one-{os.getpid()}"
    one = Collector(lines)
    try:
        one.secret(f"+44{national}", "number")
        one.watch(f"{text}\n+44{national}\n{text}", "somewhere")
        assert "number" in found(one)
    finally:
        lines.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", ["number", "code", "key"])
def test_what_is_too_short_to_be_searched_for_is_refused(collector: Collector, kind: Kind) -> None:
    with pytest.raises(ValueError, match=r"digits|letters"):
        collector.secret("123", kind)


# --- the session around the tests ------------------------------------------------------------------------

CLIENT = """
import logging
import flask
import structlog
from tests.support import leaks

KEY = "rp_sk_" + "a1B2c3D4" * 5


def post(answer):
    app = flask.Flask("app")

    @app.post("/v1/verifications")
    def start():
        flask.request.get_data(cache=False)
        return answer

    json = {"phone_number": "+447400123456", "code_verifier": "v" * 43}
    app.test_client().post("/v1/verifications", json=json, headers={"Authorization": "Bearer " + KEY})


def log(text):
    post("")
    logging.getLogger("library").warning("%s", text)
"""
LEAKS = {
    "test_answer_with_key": "post('hello ' + KEY)",
    "test_answer_with_number": "post('number 07400 123456')",
    "test_answer_with_verifier": "post('v' * 43)",
    "test_log_of_number": "structlog.get_logger().info('called', who='07400123456')",
    "test_log_of_verifier": "log('v' * 43)",
    "test_message_with_code": "leaks.secret('4829', 'code'); leaks.watch('your code: 4829', 'an SMS')",
}


def run(folder: Path, *tests: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A session of its own with the conftest of all tests and each of these as a file of tests."""
    for number, test in enumerate(tests):
        (folder / f"test_{number}.py").write_text(test)
    inherited = {name: value for name, value in os.environ.items() if name != "CI"}
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), f"--rootdir={folder}"]
    for plugin in ("tests.conftest", "pytest_timeout", "no:cacheprovider"):
        command += ["-p", plugin]
    return subprocess.run(
        [*command, "--continue-on-collection-errors", str(folder)],
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_session_that_lets_secrets_out_fails_and_says_in_which_tests(tmp_path: Path) -> None:
    """Tests that pass are an error all the same when something they caused was written."""
    lines = [f"def {name}():\n    {body}\n" for name, body in LEAKS.items()]
    ended = run(tmp_path, "\n\n".join([CLIENT, *lines]))
    assert ended.returncode == 1
    assert f"{len(LEAKS)} passed, 1 error" in ended.stdout, ended.stdout
    for name in LEAKS:
        kind = name.rpartition("_")[2]
        assert re.search(rf"^{kind} .* written during .*::{name}$", ended.stdout, re.MULTILINE), ended.stdout


def test_a_session_that_keeps_its_secrets_passes(tmp_path: Path) -> None:
    """The last net of the logs holds: what looks like a key never reaches the output."""
    ended = run(tmp_path, f"{CLIENT}\n\ndef test_a_b_c():\n    post('hello')\n    log(KEY)\n")
    assert ended.returncode == 0, ended.stdout
    assert "searched for 3 secrets" in ended.stdout


@pytest.mark.parametrize("ci", ["", "true"])
def test_a_skip_fails_in_ci_and_only_there(tmp_path: Path, ci: str) -> None:
    one = "import pytest\n\ndef test_a_b_c():\n    pytest.skip('no carrier pigeon')\n"
    whole = "import pytest\n\npytest.importorskip('no_such_pigeon', reason='no postman')\n"
    ended = run(tmp_path, one, whole, CI=ci)
    assert "no carrier pigeon" in ended.stdout
    assert "no postman" in ended.stdout
    assert (ended.returncode != 0) is bool(ci), ended.stdout
    assert ("2 skipped" in ended.stdout) is not bool(ci)


def test_no_test_reaches_another_computer(tmp_path: Path) -> None:
    attempts = (
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.create_connection(('ringproof.example', 80), timeout=1)",
        "box.sendto(b'', ('192.0.2.1', 53))",
    )
    lines = [
        *(f"with pytest.raises(OSError, match='no other computer'): {one}" for one in attempts),
        "with socket.create_server(('127.0.0.1', 0)) as server:",
        "    socket.create_connection(('localhost', server.getsockname()[1])).close()",
    ]
    body = "\n".join(f"        {line}" for line in lines)
    opened = "    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as box:"
    ended = run(tmp_path, f"import socket\nimport pytest\n\ndef test_a_b_c():\n{opened}\n{body}\n")
    assert ended.returncode == 0, ended.stdout


def test_the_shared_worlds_hand_in_their_secrets_and_their_outputs(tmp_path: Path) -> None:
    """A number, a verifier, two keys and the pool go in; the log and the trace come out."""
    # Another seed makes other keys than the worlds before it, whose secrets are known already.
    world = World(tmp_path, seed="the secrets of this test")
    secrets, outputs = leaks.session.count()
    app = world.app(pool=["+442079461230-+442079461239"])
    world.start(app, "+447700900789")
    world.close()
    more_secrets, more_outputs = leaks.session.count()
    assert more_secrets - secrets >= 4
    assert more_outputs > outputs


def test_each_record_is_searched_once_and_caplog_still_hears_it(
    caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    """However many tests came before this one."""
    _, outputs = leaks.session.count(request.node.nodeid)
    logging.getLogger("a library").info("one record of %s", request.node.name)
    assert leaks.session.count(request.node.nodeid)[1] == outputs + 1
    assert [record.name for record in caplog.records] == ["a library"]
    ours = [one for one in logging.getLogger().handlers if not type(one).__module__.startswith("_pytest")]
    assert len(ours) == 1
