"""Voice documents as XML: RCML and TwiML, whose verbs are the same."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from ringproof_rcml.dialect import Voice
from ringproof_rcml.steps import KEY_TIMEOUT_SECONDS, Ask, AskedKeys, HangUp, Pause, Reject, Say, Step

_LONGEST = 100_000
_KEYS = re.compile(r"[0-9]{1,2}")


def written(steps: Sequence[Step]) -> str:
    """The steps as a complete XML document."""
    response = ElementTree.Element("Response")
    for step in steps:
        _add(response, step)
    body = ElementTree.tostring(response, encoding="unicode", short_empty_elements=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def spoken(document: str) -> list[str]:
    """The sentences of such a document. Raises ValueError for anything else."""
    return _sentences(_read(document))


def asked(document: str) -> AskedKeys | None:
    """The keys that such a document asks for. Raises ValueError for anything else."""
    gather = _read(document).find("Gather")
    if gather is None:
        return None
    keys = gather.get("numDigits", "")
    if not _KEYS.fullmatch(keys):
        raise ValueError("not a voice document")
    return AskedKeys(" ".join(_sentences(gather)), gather.get("action", ""), int(keys))


def _read(document: str) -> ElementTree.Element:
    if "<!" in document or len(document) > _LONGEST:
        raise ValueError("not a voice document")
    try:
        # The documents made here declare no entities, and what does was turned away above.
        return ElementTree.fromstring(document.encode())  # noqa: S314
    except (ElementTree.ParseError, UnicodeEncodeError):
        raise ValueError("not a voice document") from None


def _sentences(root: ElementTree.Element) -> list[str]:
    return [say.text for say in root.iter("Say") if say.text]


def _add(response: ElementTree.Element, step: Step) -> None:
    match step:
        case Say(voice, sentence):
            _say(response, voice, sentence)
        case Pause():
            _pause(response)
        case Ask():
            _ask(response, step)
        case HangUp():
            ElementTree.SubElement(response, "Hangup")
        case Reject(reason):
            ElementTree.SubElement(response, "Reject", reason=reason)


def _ask(response: ElementTree.Element, ask: Ask) -> None:
    gather = ElementTree.SubElement(
        response,
        "Gather",
        action=ask.action,
        method="POST",
        numDigits=str(ask.keys),
        timeout=str(KEY_TIMEOUT_SECONDS),
    )
    _say(gather, ask.voice, ask.prompt)
    _pause(gather)
    _say(gather, ask.voice, ask.prompt)


def _say(parent: ElementTree.Element, voice: Voice, sentence: str) -> None:
    say = ElementTree.SubElement(parent, "Say", voice=voice.name, language=voice.language)
    say.text = sentence


def _pause(parent: ElementTree.Element) -> None:
    ElementTree.SubElement(parent, "Pause", length="1")
