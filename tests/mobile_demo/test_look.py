"""What can be known of the looks without a screen: contrast, sizes, words, and who may draw."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ringproof_demo
from ringproof_demo.theme import (
    BODY,
    DARK,
    DRAWN_ON,
    LIGHT,
    TEXT_ON,
    TOUCH,
    Palette,
    channels,
    contrast,
)
from ringproof_demo.words import APP_LOCALES, app_words
from ringproof_rcml import load_words, locales

SOURCE = Path(ringproof_demo.__file__).parent
PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def _modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_contrast_is_that_of_the_guidelines() -> None:
    """WCAG 2.2 names these two ends of the scale."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@PALETTES
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_every_text_stands_out_from_its_ground(palette: Palette, text: str, ground: str) -> None:
    assert contrast(getattr(palette, text), getattr(palette, ground)) >= 4.5


@PALETTES
@pytest.mark.parametrize(("drawing", "ground"), DRAWN_ON)
def test_every_edge_and_drawing_can_be_made_out(palette: Palette, drawing: str, ground: str) -> None:
    assert contrast(getattr(palette, drawing), getattr(palette, ground)) >= 3


@PALETTES
def test_every_colour_is_used_and_well_formed(palette: Palette) -> None:
    used = "".join(path.read_text() for path in _modules())
    for name in Palette.__dataclass_fields__:
        assert len(channels(getattr(palette, name))) == 3
        assert f".{name}" in used or f'"{name}"' in used or f'"{name.removesuffix("_soft")}"' in used, name


def test_what_is_touched_and_read_is_large_enough() -> None:
    assert TOUCH >= 48
    assert BODY >= 16


def test_only_widgets_screens_and_the_app_know_kivy() -> None:
    """So that the app's behaviour can be tested, and understood, without a window."""
    knowing = {path.relative_to(SOURCE).parts[0] for path in _modules() if "kivy" in _imports(path)}
    assert knowing == {"app.py", "screens", "widgets"}


def test_only_one_module_speaks_with_java() -> None:
    knowing = [path.relative_to(SOURCE).as_posix() for path in _modules() if "jnius" in _imports(path)]
    assert knowing == ["phone/_java.py"]


def test_the_behaviour_is_loaded_without_a_window_and_without_java() -> None:
    script = (
        "import sys, ringproof_demo.presenter, ringproof_demo.handset, ringproof_demo.command\n"
        "print(sorted({'kivy', 'jnius', 'android', 'ringproof_server'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(SOURCE.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_every_sentence_of_the_app_is_said_somewhere() -> None:
    """Nobody translates what nobody reads."""
    used = "".join(path.read_text() for path in _modules())
    by_their_names = {f"sim_{name}" for name in ("ring", "answer", "reject", "busy", "withheld", "altered")}
    by_their_names |= {"sim_late", "sim_voicemail", "sim_off"}
    by_their_names |= {"server_label", "server_help", "key_label", "key_help"}
    unsaid = {
        key
        for key in load_words("en").section("app")
        if f'"{key}"' not in used and f"'{key}'" not in used and key not in by_their_names
    }
    assert unsaid == set()


@pytest.mark.parametrize("tag", APP_LOCALES)
def test_each_language_of_the_app_is_found_by_its_own_name(tag: str) -> None:
    assert app_words([tag]).tag == tag
    assert app_words([f"{tag.upper()}-XX"]).tag == tag


@pytest.mark.parametrize("tag", sorted(set(locales()) - set(APP_LOCALES) - {"pt-br"}))
def test_other_languages_get_the_whole_app_in_english(tag: str) -> None:
    assert app_words([tag]).tag == "en"
    assert app_words([tag, "it"]).tag == "it"
