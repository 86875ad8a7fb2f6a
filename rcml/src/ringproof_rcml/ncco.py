"""Voice documents as JSON: the call control objects of Vonage.

https://developer.vonage.com/en/voice/voice-api/ncco-reference. The call ends when the last action is done, so
hanging up needs none; there is no way to turn a call away that has not been answered.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ringproof_rcml.dialect import Voice
from ringproof_rcml.steps import KEY_TIMEOUT_SECONDS, Ask, AskedKeys, Pause, Say, Step

_LONGEST = 100_000
_PAUSE_SECONDS = 1

# A text that stands between these marks is read as SSML, a markup of its own. Nobody can hear them.
_SSML_MARKS = str.maketrans("<>", "  ")

# Vonage does not know where a document came from when it sends the keys.
_ABSOLUTE = re.compile(r"https?://.+")


def written(steps: Sequence[Step]) -> str:
    """The steps as a JSON array of actions. Raises ValueError for an action that is no absolute URL."""
    actions = [action for step in steps for action in _actions(step)]
    return json.dumps(actions, ensure_ascii=False, separators=(",", ":")) + "\n"


def spoken(document: str) -> list[str]:
    """The sentences of such a document. Raises ValueError for anything else."""
    return _sentences(_read(document))


def asked(document: str) -> AskedKeys | None:
    """The keys that such a document asks for. Raises ValueError for anything else."""
    actions = _read(document)
    place = next((index for index, action in enumerate(actions) if action.get("action") == "input"), None)
    if place is None:
        return None
    match actions[place]:
        case {"eventUrl": [str(action)], "dtmf": {"maxDigits": int(keys)}}:
            return AskedKeys(" ".join(_sentences(actions[:place])), action, keys)
        case _:
            raise ValueError("not a voice document")


def _read(document: str) -> list[dict[str, Any]]:
    try:
        actions = json.loads(document) if len(document) <= _LONGEST else None
    except (ValueError, RecursionError):
        actions = None
    if not isinstance(actions, list) or not all(isinstance(action, dict) for action in actions):
        raise ValueError("not a voice document")
    return actions


def _sentences(actions: list[dict[str, Any]]) -> list[str]:
    texts = [action.get("text") for action in actions if action.get("action") == "talk"]
    return [text for text in texts if isinstance(text, str) and text]


def _actions(step: Step) -> Iterator[dict[str, Any]]:
    match step:
        case Say(voice, sentence):
            yield _talk(voice, sentence)
        case Pause():
            yield {"action": "wait", "timeout": _PAUSE_SECONDS}
        case Ask():
            yield from _ask(step)
        case _:
            # The end of the document is the end of the call.
            return


def _ask(ask: Ask) -> Iterator[dict[str, Any]]:
    if not _ABSOLUTE.fullmatch(ask.action):
        raise ValueError("the action is not an http(s) URL")
    # After a talk that keys may interrupt nothing but talks may stand before the input: no pause here.
    yield {**_talk(ask.voice, ask.prompt), "bargeIn": True}
    yield {**_talk(ask.voice, ask.prompt), "bargeIn": True}
    yield {
        "action": "input",
        "type": ["dtmf"],
        "dtmf": {"maxDigits": ask.keys, "timeOut": KEY_TIMEOUT_SECONDS, "submitOnHash": True},
        "eventUrl": [ask.action],
        "eventMethod": "POST",
    }


def _talk(voice: Voice, sentence: str) -> dict[str, Any]:
    text = " ".join(sentence.translate(_SSML_MARKS).split())
    return {"action": "talk", "text": text, "language": voice.language, "style": int(voice.name)}
