"""The log of an agent that runs for months."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ringproof_server.sip_agent import LONGEST_LOG, LogFile

LINE = "x" * 999 + "\n"


def test_the_log_never_grows_beyond_two_files(tmp_path: Path) -> None:
    """The last one is kept, the one before goes, and both are this user's."""
    log = LogFile(tmp_path / "agent.log")
    for _ in range(3 * LONGEST_LOG // len(LINE)):
        log.write(LINE)
    log.write("the newest line\n")
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["agent.log", "agent.log.1"]
    assert all(file.stat().st_size <= LONGEST_LOG + len(LINE) for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert files[0].read_text().endswith("the newest line\n")


def test_lines_of_several_threads_stay_whole(tmp_path: Path) -> None:
    """Also those that are written while a new file begins."""
    log = LogFile(tmp_path / "agent.log")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(log.write, [LINE] * (3 * LONGEST_LOG // len(LINE) // 2)))
    written = "".join(file.read_text() for file in tmp_path.iterdir())
    assert set(written.splitlines(keepends=True)) == {LINE}
    assert len(written) == 3 * LONGEST_LOG // len(LINE) // 2 * len(LINE)


def test_what_cannot_be_written_stops_nobody() -> None:
    """A full disk costs lines, not calls."""
    log = LogFile(Path("/dev/full"))
    assert log.write("lost") == 4
