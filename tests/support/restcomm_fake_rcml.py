"""How Restcomm reads RCML, with a complaint wherever it would silently do something else than was meant."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

_DOCUMENTED: Final = "bf bp en en-gb cf cs dan fi es fr de el it nl no pl pt ru ar ca sv tr"
_DEFAULT_ENGINE: Final = (
    "ca zh-cn zh-hk zh-tw da nl en-au en-ca en-gb en-in en fi fr-ca fr de ja ko nb pl pt-br pt ru es-mx es sv"
)
LANGUAGES: Final = frozenset(_DOCUMENTED.split()) & frozenset(_DEFAULT_ENGINE.split())
"""The codes that the documentation and the default speech engine both know; Italian is misspelt in the
engine's configuration. Everything else is spoken in English without an error."""

_VERBS: Final = {
    "Say": {"voice", "language", "loop"},
    "Gather": {"action", "method", "timeout", "finishOnKey", "numDigits", "input", "language", "hints"},
    "Pause": {"length"},
    "Play": {"loop"},
    "Redirect": {"method"},
    "Reject": {"reason"},
    "Hangup": set[str](),
}
_NESTED: Final = frozenset({"Say", "Play", "Pause"})


def listen(document: str) -> tuple[list[str], list[str]]:
    """What a silent person hears, and what Restcomm would take otherwise than it was meant."""
    root = ElementTree.fromstring(document)
    complaints = [] if root.tag == "Response" else [f"the root is {root.tag}"]
    heard: list[str] = []
    for verb in root:
        complaints += _complaints(verb)
        spoken = [verb] if verb.tag == "Say" else [item for item in verb if item.tag == "Say"]
        heard += [f"{say.get('voice')} {say.get('language')}: {say.text or ''}" for say in spoken]
        for nested in verb:
            if nested.tag not in _NESTED:
                complaints.append(f"{nested.tag} inside {verb.tag}")
            complaints += _complaints(nested)
        if verb.tag in {"Hangup", "Reject", "Redirect"}:
            break
    else:
        complaints.append("the call goes on in silence at the end")
    return heard, complaints


def question(document: str) -> tuple[str, int] | None:
    """Where the keys of a document's question go, and how many are waited for."""
    gather = ElementTree.fromstring(document).find("Gather")
    return None if gather is None else (gather.attrib["action"], int(gather.get("numDigits", "99")))


def _complaints(verb: ElementTree.Element) -> list[str]:
    if verb.tag not in _VERBS:
        return [f"there is no verb {verb.tag}"]
    found = [f"{verb.tag} has no attribute {name}" for name in set(verb.keys()) - _VERBS[verb.tag]]
    if verb.tag == "Say":
        if verb.get("voice") not in {"man", "woman"}:
            found.append("a voice is man or woman")
        if verb.get("language") not in LANGUAGES:
            found.append(f"the language {verb.get('language')} becomes English")
        if re.search(r"[0-9]{4,}", verb.text or ""):
            found.append("digits in a row are read as one number")
    if verb.tag == "Pause" and not re.fullmatch(r"[0-9]+", verb.get("length", "1")):
        found.append("a pause is whole seconds")
    return found
