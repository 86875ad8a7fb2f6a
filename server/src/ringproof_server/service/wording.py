"""An application's own wording of the few sentences that may be put otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ringproof_rcml import OverrideError, Words, load_words, locales, with_overrides
from ringproof_rcml.overrides import LONGEST
from ringproof_server.domain.application import Application
from ringproof_server.domain.errors import InvalidRequest, NotFound
from ringproof_server.ports import Session, Storage

WORDABLE: Final = tuple(name for name in LONGEST if name.startswith(("message.", "voice.")))
"""Pages stand for a whole server, not for an application, so their sentences are not among these."""

Texts = dict[str, dict[str, str]]


class Wording:
    """Every method raises `InvalidRequest` or `NotFound` with one clear sentence.

    Processes that have just seen an application may use its old wording for a few seconds more.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def set_text(self, application_id: str, locale: str, name: str, text: str) -> None:
        """Use this text for the sentence `name` in the locale, whose tag is one of the catalogue's."""
        words = _words(locale)
        if name not in WORDABLE:
            raise InvalidRequest(f"{name[:40]!r} cannot be changed; there are {', '.join(WORDABLE)}")
        try:
            with_overrides(words, {name: text})
        except OverrideError as fault:
            raise InvalidRequest(str(fault)) from None

        def change(texts: Texts) -> None:
            texts.setdefault(words.tag, {})[name] = text

        self._change(application_id, change)

    def remove_text(self, application_id: str, locale: str, name: str) -> None:
        """Use our own text for that sentence again."""
        tag = _words(locale).tag

        def change(texts: Texts) -> None:
            if texts.get(tag, {}).pop(name, None) is None:
                raise NotFound(f"the application has no text of its own for {name[:40]!r} in {tag}")

        self._change(application_id, change)

    def _change(self, application_id: str, change: Callable[[Texts], None]) -> None:
        def work(session: Session) -> None:
            application = session.applications.get_to_change(application_id)
            if application is None:
                raise NotFound(f"there is no application {application_id!r}")
            session.applications.update(_changed(application, change))

        self._storage.write(work)


def _changed(application: Application, change: Callable[[Texts], None]) -> Application:
    texts = {locale: dict(own) for locale, own in application.texts.items()}
    change(texts)
    kept: Mapping[str, Mapping[str, str]] = {locale: own for locale, own in texts.items() if own}
    return replace(application, texts=kept)


def _words(locale: str) -> Words:
    tag = locale.lower()
    if tag not in locales():
        raise InvalidRequest(f"no words for {locale[:40]!r}; there are {', '.join(locales())}")
    return load_words(tag)
