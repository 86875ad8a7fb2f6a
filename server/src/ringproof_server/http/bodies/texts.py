"""The kinds of text the contract knows, each with its bounds; what they mean stands at the fields."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from ringproof_server.domain.stage import LONGEST_TIMEOUT, SHORTEST_TIMEOUT

END: Final = r"$(?!\n)"
"""Python's `$` also matches before a line feed at the end, JSON Schema's does not; this makes them agree."""

_NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f]*" + END

TAG_MEANINGS: Final = {"channel": "How the proof reached the person.", "kind": "What it was."}
"""What the fields say that tell alternatives apart; msgspec makes them, so nothing can be written there."""


def means(sentence: str) -> Meta:
    """What a field says, for the API reference."""
    return Meta(description=sentence)


PhoneNumberText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=_NO_CONTROLS,
        examples=["+447700900123"],
    ),
]
CodeChallenge = Annotated[
    str,
    Meta(
        min_length=43,
        max_length=43,
        pattern="^[A-Za-z0-9_-]{43}" + END,
        examples=["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
    ),
]
CodeVerifier = Annotated[
    str,
    Meta(
        min_length=43,
        max_length=128,
        pattern="^[A-Za-z0-9._~-]{43,128}" + END,
        examples=["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"],
    ),
]
Jwt = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        pattern="^[A-Za-z0-9._-]{1,2048}" + END,
        examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"],
    ),
]
LanguageTag = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=35,
        pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*" + END,
        examples=["de-DE"],
    ),
]
Label = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=_NO_CONTROLS,
        examples=["signup-42"],
    ),
]
AppHash = Annotated[
    str,
    Meta(
        min_length=11,
        max_length=11,
        pattern="^[A-Za-z0-9+/]{11}" + END,
        examples=["FA+9qCX9VSu"],
    ),
]
WebOrigin = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=255,
        pattern="^https?://[A-Za-z0-9.-]{1,240}(:[0-9]{1,5})?" + END,
        examples=["https://shop.example"],
    ),
]
Amount = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=20,
        pattern=r"^[0-9]{1,15}(\.[0-9]{1,4})?" + END,
        examples=["12.30"],
    ),
]
Currency = Annotated[
    str,
    Meta(min_length=3, max_length=3, pattern="^[A-Z]{3}" + END, examples=["EUR"]),
]
Payee = Annotated[
    str,
    Meta(min_length=1, max_length=140, pattern=_NO_CONTROLS, examples=["ACME"]),
]
RecipientId = Annotated[
    str,
    Meta(
        min_length=1, max_length=128, pattern="^[A-Za-z0-9_.:-]{1,128}" + END, examples=["1234567890123456"]
    ),
]
CallerIdText = Annotated[
    str,
    Meta(
        max_length=128,
        pattern=_NO_CONTROLS,
        examples=["020 7946 0018"],
    ),
]
LastDigits = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=32,
        pattern=_NO_CONTROLS,
        examples=["0018"],
    ),
]
CodeText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=_NO_CONTROLS,
        examples=["123456"],
    ),
]
StageSeconds = Annotated[int, Meta(ge=SHORTEST_TIMEOUT, le=LONGEST_TIMEOUT, examples=[120])]
RingMilliseconds = Annotated[int, Meta(ge=0, le=600_000, examples=[5120])]
KeyPresses = Annotated[str, Meta(min_length=1, max_length=32, pattern="^[0-9*#]{1,32}" + END, examples=["1"])]
BehaviourName = Annotated[
    str, Meta(min_length=1, max_length=32, pattern="^[a-z_]{1,32}" + END, examples=["answer"])
]
DelayMilliseconds = Annotated[int, Meta(ge=0, le=600_000, examples=[0])]
Base64Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern="^[A-Za-z0-9_-]{1,126}={0,2}" + END,
        examples=["BTBZMqHH6r4Tts7J_aSIgg"],
    ),
]
PushEndpoint = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=2000,
        pattern="^https?://[!-~]{1,1990}" + END,
        examples=["https://push.example/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"],
    ),
]
