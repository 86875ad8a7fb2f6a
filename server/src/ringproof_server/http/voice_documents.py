"""What a call says, written in the dialect of the carrier that asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import ringproof_rcml as rcml
from ringproof_server.service.spoken import KEY_FOR_CODE, DocumentKind, SpokenDocument

Writer = Callable[[SpokenDocument], str]


def voice_document(document: SpokenDocument) -> str:
    """The document in the dialect of the carrier that asks, in the language of the person who answered."""
    return _WRITERS[document.kind](document)


def _press_to_hear(said: SpokenDocument) -> str:
    return rcml.press_to_hear(
        said.dialect,
        said.language,
        brand=said.brand,
        action=said.action,
        digit=KEY_FOR_CODE,
        overrides=said.texts,
    )


def _keypad(said: SpokenDocument) -> str:
    return rcml.keypad(
        said.dialect,
        said.language,
        brand=said.brand,
        action=said.action,
        digits=said.digits,
        overrides=said.texts,
    )


_WRITERS: Final[Mapping[DocumentKind, Writer]] = {
    DocumentKind.CONFIRMING: lambda said: rcml.confirming(said.dialect, said.language, overrides=said.texts),
    DocumentKind.CONFIRMED: lambda said: rcml.confirmed(said.dialect, said.language, overrides=said.texts),
    DocumentKind.PRESS_TO_HEAR: _press_to_hear,
    DocumentKind.SPOKEN_CODE: lambda said: rcml.spoken_code(
        said.dialect, said.language, code=said.code, overrides=said.texts
    ),
    DocumentKind.KEYPAD: _keypad,
    DocumentKind.NO_KEY: lambda said: rcml.goodbye(
        said.dialect, said.language, no_key=True, overrides=said.texts
    ),
    DocumentKind.GOODBYE: lambda said: rcml.goodbye(said.dialect, said.language, overrides=said.texts),
    DocumentKind.HANG_UP: lambda said: rcml.hang_up(said.dialect),
}
