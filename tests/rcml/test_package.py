"""What other distributions may rely on."""

import subprocess
import sys
import tomllib
from pathlib import Path

import ringproof_rcml

PROJECT = Path(__file__).parents[2] / "rcml"


def test_the_public_names_are_these() -> None:
    assert ringproof_rcml.__all__ == [
        "NO_OVERRIDES",
        "AskedKeys",
        "Dialect",
        "Encoding",
        "Locale",
        "OverrideError",
        "Overrides",
        "Segments",
        "Transaction",
        "UnknownLocaleError",
        "Voice",
        "Words",
        "WordsError",
        "asked_keys",
        "confirmed",
        "confirming",
        "goodbye",
        "hang_up",
        "is_app_hash",
        "is_host",
        "keypad",
        "load_words",
        "locales",
        "negotiate",
        "parse_accept_language",
        "press_to_hear",
        "reject",
        "segments",
        "sms",
        "speech",
        "spoken_code",
        "spoken_text",
        "with_overrides",
        "worded",
    ]


def test_the_distribution_needs_nothing_but_python() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == []
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import ringproof_rcml, ringproof_rcml.__main__\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "sys.stdout.write(' '.join(sorted(loaded - sys.stdlib_module_names)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=60
    )
    assert done.stdout == "ringproof_rcml"
