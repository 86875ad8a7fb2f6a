"""docs/languages.md says what the catalogue and the dialects have."""

from __future__ import annotations

import re
from pathlib import Path

from ringproof_rcml import Dialect, load_words, locales, speech
from ringproof_server.service.wording import WORDABLE

PAGE = (Path(__file__).parents[2] / "docs" / "languages.md").read_text(encoding="utf-8")


def row(tag: str) -> str:
    spoken = [speech(dialect, tag) for dialect in Dialect]
    voices = [
        f"`{voice.language}`" if dialect is not Dialect.TWIML else f"{voice.name} `{voice.language}`"
        for dialect, (_, voice) in zip(Dialect, spoken, strict=True)
    ]
    cells = [voice if words.tag == tag else "–" for voice, (words, _) in zip(voices, spoken, strict=True)]
    return f"| `{tag}` | {load_words(tag).name} | {' | '.join(cells)} |"


def test_the_table_of_locales_is_the_one_that_the_code_makes() -> None:
    between = PAGE.partition("<!-- locales: begin -->\n")[2].partition("<!-- locales: end -->")[0]
    assert between.splitlines()[2:] == [row(tag) for tag in locales()]


def test_the_page_counts_the_locales() -> None:
    assert f"in {len(locales())} locales" in PAGE


def test_the_page_names_every_sentence_that_can_be_replaced() -> None:
    section = PAGE.partition("## Your own words")[2]
    assert set(re.findall(r"`((?:message|voice)\.[a-z_]+)`", section)) == set(WORDABLE)
