"""Whether a desk is in its dark appearance, as far as its own command tells."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Final

PATIENCE: Final = 2.0
"""Seconds; a desktop that does not answer is taken for a light one."""

# What to ask on which system, and what of the answer means dark.
_QUESTIONS: Final = {
    "linux": (("gsettings", "get", "org.gnome.desktop.interface", "color-scheme"), "dark"),
    "darwin": (("defaults", "read", "-g", "AppleInterfaceStyle"), "Dark"),
    "win32": (
        (
            "reg",
            "query",
            r"HKCU\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize",
            "/v",
            "AppsUseLightTheme",
        ),
        "0x0",
    ),
}


def desk_is_dark(system: str = sys.platform) -> bool:
    """Asked once, when the app starts. False where nothing can be asked."""
    question, dark = _QUESTIONS.get(system, ((), ""))
    program = shutil.which(question[0]) if question else None
    if program is None:
        return False
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed command of the system
            [program, *question[1:]], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0 and dark in answer.stdout
