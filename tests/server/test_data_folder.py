"""Where the data lies: phone numbers are nobody's business but the server's."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from ringproof_server.app import prepare_database
from ringproof_server.domain.errors import ServiceUnavailable
from ringproof_server.settings import Settings


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_new_database_and_its_folder_are_closed_to_other_users_of_the_machine(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = Settings.from_environ(
        {"RINGPROOF_DATA_DIR": str(folder), "RINGPROOF_SECRET_KEY": "a-secret-for-tests-that-is-long-enough"}
    )
    prepare_database(settings)
    assert _mode(folder) == 0o700
    assert {_mode(file) for file in folder.iterdir()} == {0o600}
    folder.chmod(0o750)
    prepare_database(settings)
    assert _mode(folder) == 0o750, "what an operator has decided stays"


def test_a_folder_that_cannot_be_made_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    settings = Settings.from_environ(
        {
            "RINGPROOF_DATA_DIR": str(tmp_path / "file" / "data"),
            "RINGPROOF_SECRET_KEY": "a-secret-for-tests-that-is-long-enough",
        }
    )
    with pytest.raises(ServiceUnavailable, match="cannot be made"):
        prepare_database(settings)
