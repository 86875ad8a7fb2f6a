"""Several workers behind one address answer as one server."""

from __future__ import annotations

import http.client
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.servers import Server, running

AT_ONCE = 8
COUNT = re.compile(r'^ringproof_http_request_seconds_count\{.*route="/livez".*\} ([0-9.]+)$', re.MULTILINE)


def test_every_scrape_counts_the_requests_of_all_workers(tmp_path: Path) -> None:
    """And nothing is left on the disk when the server has ended."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    settings = {"RINGPROOF_WORKERS": "2", "TMPDIR": str(scratch)}
    with running(Server(tmp_path / "server", settings=settings)) as server:
        sent = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while len(counting(scratch)) < 2:
                sent += sum(pool.map(lambda _: asked(server, "/livez") != "", range(AT_ONCE)))
                assert sent < 5_000, "one worker took everything"
        scrapes = [asked(server, "/metrics") for _ in range(20)]
    assert [[float(count) for count in COUNT.findall(text)] for text in scrapes] == [[sent]] * 20
    assert list(scratch.iterdir()) == []


def test_many_threads_are_nothing_to_warn_of(tmp_path: Path) -> None:
    """They wait for disks and other servers most of the time; nobody is told to mend what is right."""
    with running(Server(tmp_path, settings={"RINGPROOF_THREADS": "256"})) as server:
        asked(server, "/livez")
        assert "WARNING" not in server.log


def test_a_page_key_that_opens_nothing_is_told_at_the_start(tmp_path: Path) -> None:
    """The pages would tell everybody else, one by one; the rest of the server serves as ever."""
    settings = {"RINGPROOF_PAGE_KEY": "rp_pk_" + "unknown" * 6}
    with running(Server(tmp_path, settings=settings)) as server:
        asked(server, "/livez")
        assert "RINGPROOF_PAGE_KEY is no key in use here" in server.log
        assert "unknownunknown" not in server.log


def counting(scratch: Path) -> set[str]:
    """The workers that have counted a request, by their files of durations."""
    return {file.stem for file in scratch.glob("ringproof-counts-*/histogram_*.db")}


def asked(server: Server, path: str) -> str:
    """The answer to a GET on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read().decode()
    finally:
        connection.close()
