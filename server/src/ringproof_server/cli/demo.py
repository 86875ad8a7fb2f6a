"""`demo`: a whole Ringproof on this machine, and a number verified before your eyes."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.markup import escape
from rich.progress import Progress

from ringproof_server.app import compose, prepare_database
from ringproof_server.cli.demo_run import DemoClient, DemoFault, show_token, verify
from ringproof_server.cli.serve import require_free_port
from ringproof_server.cli.terminal import console, refuse, refusing
from ringproof_server.settings import Settings

NUMBER = "+447700900123"
"""One of Ofcom's numbers for drama use: it can never be anybody's."""
POOL = "+442079460000-+442079469999"
START_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything the demo has set up before the server runs."""

    environment: Mapping[str, str]
    publishable_key: str
    secret_key: str


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--once", is_flag=True, help="Exit after the verification; the last line is the token.")
@click.option("--seed", type=click.IntRange(0), help="Make the virtual network's behaviour repeatable.")
@refusing
def demo(port: int, *, once: bool, seed: int | None) -> None:
    """Verify a virtual phone's number on a server of its own, then keep serving the pages."""
    require_free_port("127.0.0.1", port)
    # A plain SIGTERM would leave the server behind; this way everything below is left in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="ringproof-demo-") as folder:
        stage = _prepare(Path(folder), port, seed)
        with _server(stage, Path(folder), port):
            try:
                token = verify(DemoClient(f"http://127.0.0.1:{port}", stage.publishable_key), NUMBER)
            except DemoFault as fault:
                refuse(str(fault))
            if once:
                click.echo(token)
                return
            show_token(token)
            _invite(stage, port)
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(3600)
    console.print("\nThe demo is over; its temporary folder is gone.")


def _prepare(folder: Path, port: int, seed: int | None) -> Stage:
    environment = {
        "RINGPROOF_DATA_DIR": str(folder),
        "RINGPROOF_SECRET_KEY": secrets.token_urlsafe(48),
        "RINGPROOF_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "RINGPROOF_PORT": str(port),
        "RINGPROOF_DEMO": "on",
        "RINGPROOF_FICTITIOUS_NUMBERS": (datetime.now(UTC) + timedelta(days=30)).date().isoformat(),
        "RINGPROOF_LOG_LEVEL": "warning",
    }
    if seed is not None:
        environment["RINGPROOF_SIMULATED_SEED"] = str(seed)
    settings = Settings.from_environ(environment)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Preparing the database", total=10_000)
        prepare_database(settings)
        node = compose(settings)
        made = node.administration.create_application("Demo", brand="Ringproof Demo")
        progress.update(task, description="Filling the caller-ID pool")
        for count in node.administration.add_numbers(made.application.id, [POOL]):
            progress.update(task, advance=count)
        node.storage.close()
    console.print(
        "[green]✓[/] A database in a temporary folder, one application, a pool of 10 000 caller IDs"
    )
    environment["RINGPROOF_PAGE_KEY"] = made.publishable_key
    return Stage(environment, made.publishable_key, made.secret_key)


@contextlib.contextmanager
def _server(stage: Stage, folder: Path, port: int) -> Iterator[None]:
    """The server as its own process, with its log in the demo's folder; ended when the demo ends."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RINGPROOF_")}
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ringproof_server", "serve"],
            env={**inherited, **stage.environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        with console.status("Starting the server"):
            _wait_until_ready(process, log, DemoClient(f"http://127.0.0.1:{port}", stage.publishable_key))
        console.print(f"[green]✓[/] A server on http://127.0.0.1:{port}, with a simulated telephone network")
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path, client: DemoClient) -> None:
    give_up = time.monotonic() + START_TIMEOUT
    while not client.is_ready():
        if process.poll() is not None or time.monotonic() > give_up:
            lines = log.read_text(errors="replace").strip().splitlines()
            refuse(f"the server did not start: {lines[-1] if lines else 'it said nothing'}")
        time.sleep(0.1)


def _invite(stage: Stage, port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    console.print("\n[bold]Now you:[/]")
    console.print(f"  verify a number      {base}/", soft_wrap=True)
    console.print(
        f"  look at its phone    {base}/handset?number={NUMBER.replace('+', '%2B')}", soft_wrap=True
    )
    console.print(f"  read the API         {base}/docs", soft_wrap=True)
    console.print(f"  publishable key      {escape(stage.publishable_key)}", soft_wrap=True)
    console.print(f"  secret key           {escape(stage.secret_key)}", soft_wrap=True)
    console.print("\nPress Ctrl-C to stop.")
