"""The app in a real window against a real server: what a person does, and what they see at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mobile_demo.window import PICTURES, Run, run_script, screen
from tests.support.servers import GENEROUS, Server, Tenant, running

AtWindow = Callable[..., Run]

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module", name="display")
def _display() -> Iterator[str]:
    with screen() as display:
        yield display.name


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(Server(tmp_path_factory.mktemp("server"), settings=GENEROUS)) as server:
        yield server


@pytest.fixture(scope="module", name="tenant")
def _tenant(server: Server) -> Tenant:
    return server.tenant()


@pytest.fixture(name="at_window")
def _at_window(display: str, server: Server, tenant: Tenant, tmp_path: Path) -> AtWindow:
    def run(script: str, **task: object) -> Run:
        whole = {"script": script, "server": server.url, "key": tenant.publishable, **task}
        return run_script(display, tmp_path, whole)

    return run


def test_a_call_is_noticed_and_proves_the_number(at_window: AtWindow) -> None:
    texts = at_window("flash").texts
    assert "Your number is confirmed" in texts
    assert "A call" in texts
    assert "From the first ring to the proof" in texts


def test_a_call_without_a_number_leads_to_a_message_and_its_code(at_window: AtWindow) -> None:
    texts = at_window("hidden").texts
    assert "Your number is confirmed" in texts
    assert "A text message" in texts


def test_a_refused_permission_leaves_the_digits(at_window: AtWindow) -> None:
    texts = at_window("denied").texts
    assert "Your number is confirmed" in texts
    assert "A call" in texts


def test_a_server_that_is_down_is_named_and_works_when_it_is_up(display: str, tmp_path: Path) -> None:
    server, up = Server(tmp_path / "server", settings=GENEROUS), tmp_path / "up"
    server.prepare()
    tenant = server.tenant()
    task = {"script": "down_then_up", "server": server.url, "key": tenant.publishable, "up": str(up)}

    def start() -> None:
        server.start()
        up.touch()

    # The phone's own patience with a dead server is longer than a server takes to start.
    starting = threading.Timer(12, start)
    starting.start()
    try:
        run = run_script(display, tmp_path, task)
    finally:
        starting.join()
        server.stop()
    assert any("does not answer" in text for text in run.fact("down"))
    assert "Your number is confirmed" in run.texts


def test_the_report_leaves_while_the_app_is_paused(at_window: AtWindow) -> None:
    """A call covers the app and stops its loop: the proof must not wait until somebody comes back to it."""
    run = at_window("paused")
    assert run.fact("drawn") == 0
    assert run.fact("proved") is True
    assert "Your number is confirmed" not in run.fact("on_screen")
    assert "Your number is confirmed" in run.texts


def test_everything_can_be_done_with_keys(at_window: AtWindow) -> None:
    run = at_window("keys_only")
    assert run.fact("shown") == "7700 900123"
    assert run.fact("tabbed")[-1] == "Go on without, I will type digits"
    assert "Confirm your phone number" in run.texts


def test_the_first_start_asks_for_the_server_and_checks_it(at_window: AtWindow) -> None:
    run = at_window("settings", given=False)
    assert "Einstellungen" in run.texts
    assert max(run.fact("ground")[:3]) < 0.2


def test_the_simulated_phone_stands_beside_the_app(at_window: AtWindow) -> None:
    texts = at_window("beside_the_app", panel=True, size=[900, 800]).texts
    assert "Your number is confirmed" in texts
    assert "A text message" in texts
    assert "Call without a number" in texts


@pytest.mark.parametrize(
    ("name", "task", "scale"),
    [
        ("light", {"appearance": "light", "language": "en"}, "1"),
        ("dark", {"appearance": "dark", "language": "de"}, "1"),
        ("narrow-and-large", {"language": "fr", "size": [320, 640]}, "1.6"),
    ],
)
def test_every_screen_can_be_read_and_touched(
    display: str, tmp_path: Path, name: str, task: dict[str, object], scale: str
) -> None:
    """Nothing to touch below 48 dp, no text below 16 sp, nothing wider than its place; pictures are left."""
    whole = {"script": "gallery", "server": "http://127.0.0.1:9", "key": "rp_pk_x", **task}
    shots = PICTURES / name
    run = run_script(display, tmp_path, {**whole, "shots": str(shots)}, {"KIVY_METRICS_FONTSCALE": scale})
    assert run.fact("faults") == []
    assert len(list(shots.glob("*.png"))) > 25
