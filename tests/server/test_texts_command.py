"""`ringproof-server apps texts`: an application's own wording, from the command to what people get."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringproof_rcml import Dialect
from ringproof_server.app import compose
from ringproof_server.domain.application import Application
from ringproof_server.http.voice_documents import voice_document
from ringproof_server.service.spoken import DocumentKind, SpokenDocument
from ringproof_server.settings import Settings
from tests.support import leaks
from tests.support.command_line import Run, command_line, environment_in

GERMAN = "Willkommen! Ihr {brand}-Code: {code}."


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return environment_in(tmp_path)


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    return command_line(environment, application="shop")


def shop(environment: dict[str, str]) -> Application:
    return compose(Settings.from_environ(environment)).administration.application("shop")


def shown(run: Run) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads(run("apps", "texts", "show", "shop", "--json").stdout)
    return texts


def test_a_text_is_kept_shown_and_removed(run: Run) -> None:
    assert shown(run) == {}
    assert run("apps", "texts", "set", "shop", "de", "message.code", GERMAN).exit_code == 0
    assert run("apps", "texts", "set", "shop", "EN", "voice.goodbye", "See you soon.").exit_code == 0
    assert shown(run) == {"de": {"message.code": GERMAN}, "en": {"voice.goodbye": "See you soon."}}
    assert "See you soon." in run("apps", "texts", "show", "shop").stdout
    assert run("apps", "texts", "remove", "shop", "de", "message.code").exit_code == 0
    assert shown(run) == {"en": {"voice.goodbye": "See you soon."}}


def test_a_call_says_it_in_that_language_and_no_other(run: Run, environment: dict[str, str]) -> None:
    run("apps", "texts", "set", "shop", "de", "voice.confirming", "Wir prüfen nur kurz. Legen Sie auf.")
    texts = shop(environment).texts
    said = {
        language: voice_document(
            SpokenDocument(DocumentKind.CONFIRMING, Dialect.TWIML, language, "shop", texts=texts)
        )
        for language in ("de-AT", "en")
    }
    assert "Wir prüfen nur kurz. Legen Sie auf." in said["de-AT"]
    assert "Your phone number is being confirmed." in said["en"]


def test_a_spoken_code_still_warns(run: Run, environment: dict[str, str]) -> None:
    run("apps", "texts", "set", "shop", "en", "voice.goodbye", "See you soon.")
    code = "604812"
    leaks.secrets([code], "code")
    document = voice_document(
        SpokenDocument(
            DocumentKind.SPOKEN_CODE, Dialect.NCCO, "en", "shop", code=code, texts=shop(environment).texts
        )
    )
    assert "Never share this code" in document
    assert document.rstrip().endswith('See you soon.","language":"en-US","style":0}]')


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("set", "shop", "de", "message.code", "Ihr Code"), "each of these once: {brand} {code}"),
        (("set", "shop", "de", "message.never_share", "Weitersagen!"), "cannot be changed"),
        (("set", "shop", "de", "page.intro", "Es klingelt."), "cannot be changed"),
        (("set", "shop", "de", "voice.goodbye", "Mehr auf shop.example"), "no web address"),
        (("set", "shop", "tlh", "voice.goodbye", "Qapla"), "no words for 'tlh'"),
        (("set", "nobody", "de", "voice.goodbye", "Tschüss."), "no application 'nobody'"),
        (("remove", "shop", "de", "voice.goodbye"), "no text of its own for 'voice.goodbye' in de"),
        (("show", "nobody"), "no application 'nobody'"),
    ],
)
def test_what_is_not_allowed_is_refused_in_one_line(run: Run, words: tuple[str, ...], reason: str) -> None:
    refused = run("apps", "texts", *words)
    assert refused.exit_code == 2
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert shown(run) == {}
