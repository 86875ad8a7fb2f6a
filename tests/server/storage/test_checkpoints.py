"""SQLite's log is moved into the database while nobody waits for it."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from ringproof_server.storage import migrations, open_storage
from ringproof_server.testing.storage_contract.samples import store, verification
from tests.support.databases import hasher


def test_the_log_is_moved_in_the_background_long_before_a_commit_has_to(tmp_path: Path) -> None:
    """Some hundred commits are far below the size at which a commit would do it."""
    path = tmp_path / "ringproof.sqlite3"
    migrations.upgrade(f"sqlite:///{path}")
    before = path.stat().st_size
    with contextlib.closing(open_storage(f"sqlite:///{path}", hasher=hasher)) as storage:
        for number in range(150):
            store(storage, verification(f"vrf_{number}"))
        for _ in range(3000):
            if path.stat().st_size > before:
                break
            threading.Event().wait(0.01)
        assert path.stat().st_size > before


def test_a_closed_storage_leaves_no_thread_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ringproof.sqlite3'}"
    migrations.upgrade(url)
    threads = threading.active_count()
    with contextlib.closing(open_storage(url, hasher=hasher)) as storage:
        for number in range(150):
            store(storage, verification(f"vrf_{number}"))
    assert threading.active_count() == threads
