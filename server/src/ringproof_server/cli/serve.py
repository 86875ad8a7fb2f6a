"""`serve`: the production server."""

from __future__ import annotations

import logging
import os
import socket
from tempfile import TemporaryDirectory

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from ringproof_server.app import Node, compose
from ringproof_server.cli.terminal import notes, read_settings, refuse, refusing, require_database
from ringproof_server.domain.errors import Unauthorized
from ringproof_server.http import FOLDER_VARIABLE
from ringproof_server.settings import Secret, Settings


@click.command()
@click.option("--host", help="Address to listen on; RINGPROOF_HOST by default.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; RINGPROOF_PORT by default.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; RINGPROOF_WORKERS by default.")
@refusing
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve Ringproof; everything else comes from RINGPROOF_… in the environment."""
    for name, value in (("HOST", host), ("PORT", port), ("WORKERS", workers)):
        if value is not None:
            # The workers read the environment again, so that they and this process agree.
            os.environ[f"RINGPROOF_{name}"] = str(value)
    settings = read_settings()
    require_database(settings)
    require_free_port(settings.host, settings.port)
    node = compose(settings)
    real = any(not carrier.capabilities.serves_fictitious for carrier in node.parts.carriers.values())
    knows_page_key = settings.page_key is None or _is_in_use(node, settings.page_key)
    node.storage.close()
    if not knows_page_key:
        notes.print("RINGPROOF_PAGE_KEY is no key in use here: the pages / and /verify can verify nobody.")
    if not real and not settings.demo:
        notes.print("No real carrier is configured: only virtual phones will ring (RINGPROOF_CARRIERS).")
    notes.print(f"Serving on http://{settings.host}:{settings.port} as {settings.public_url}; Ctrl-C stops.")
    with TemporaryDirectory(prefix="ringproof-counts-") as folder:
        if settings.workers > 1:
            # A scrape of /metrics meets one worker, which then answers for all of them.
            os.environ[FOLDER_VARIABLE] = folder
        _serve(settings)


def _is_in_use(node: Node, key: Secret) -> bool:
    try:
        node.access.caller(key.reveal(), None)
    except Unauthorized:
        return False
    return True


def require_free_port(host: str, port: int) -> None:
    """Refuse when something else listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            refuse(f"cannot listen on {host}:{port}: {fault.strerror}; choose another one with --port")


def _serve(settings: Settings) -> None:
    server = Granian(
        "ringproof_server.wsgi:application",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        blocking_threads=settings.threads,
        websockets=False,
        respawn_failed_workers=True,
        # Only what it says of its workers: requests are logged by the application.
        log_level=LogLevels.warning,
    )
    logging.getLogger("_granian").addFilter(_is_news)
    server.serve()


def _is_news(record: logging.LogRecord) -> bool:
    """Most threads wait for a disk or for another server, so more of them than processors are no fault."""
    return "Python threads" not in record.getMessage()
