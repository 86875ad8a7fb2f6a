"""Language tags (BCP 47) and the lists of them that people and browsers send."""

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

# A header a browser sends has well under 200 characters; whatever is longer than these is cut, never refused.
_MAX_HEADER = 1000
_MAX_RANGES = 32
# RFC 5646, section 4.4.1, counts 35 characters for the longest tag without extensions.
_MAX_TAG = 35

# What the IANA registry of language subtags says of these: withdrawn codes with their successors ("iw", "in",
# "mo"), and members or collections of a language that are read as the one there are words for. Whoever reads
# Nynorsk reads Bokmal; Dari and Iranian Persian are written alike.
_SAME_LANGUAGE: Final = MappingProxyType(
    {
        "arb": "ar",
        "cmn": "zh",
        "in": "id",
        "iw": "he",
        "mo": "ro",
        "nn": "nb",
        "no": "nb",
        "pes": "fa",
        "prs": "fa",
        "yue": "zh-hant",
    }
)

# Chinese is the one language here with two scripts; without one in the tag, the region tells it.
_TRADITIONAL_CHINESE: Final = frozenset({"hant", "tw", "hk", "mo"})

_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_QUALITY = re.compile(r"[qQ][ \t]*=[ \t]*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def well_formed(tag: str) -> str | None:
    """The tag in lower case with hyphens, or None if it has not the form of a language tag.

    The underscore of operating systems ("de_AT") is taken for a hyphen.
    """
    if len(tag) > _MAX_TAG:
        return None
    hyphenated = tag.strip().replace("_", "-")
    return hyphenated.lower() if _TAG.fullmatch(hyphenated) else None


def from_narrow_to_wide(tag: str) -> Iterator[str]:
    """The tag, then the same with one subtag less each time (RFC 4647, section 3.4).

    "zh-hant-tw" gives "zh-hant-tw", "zh-hant", "zh". A single-letter subtag introduces the ones behind it,
    so it goes together with them.
    """
    subtags = tag.split("-")
    while subtags:
        yield "-".join(subtags)
        subtags.pop()
        if len(subtags) > 1 and len(subtags[-1]) == 1:
            subtags.pop()


def lookup_order(tag: str) -> Iterator[str]:
    """The names under which the words for a well-formed lower-case tag may be found, the best first.

    First the tag itself, narrow to wide; then the same under the code its language has today ("iw" is
    "he"), or under the one it is read as ("no" is "nb"); Chinese at last in the script that script or region
    ask for, simplified if neither does ("zh-tw" gives "zh-hant", "zh" gives "zh-hans").
    """
    yield from from_narrow_to_wide(tag)
    language, *rest = tag.split("-")
    today = _SAME_LANGUAGE.get(language)
    if today is not None:
        tag = "-".join([today, *rest])
        yield from from_narrow_to_wide(tag)
    language, *rest = tag.split("-")
    if language == "zh":
        before_extensions = rest[: next((i for i, subtag in enumerate(rest) if len(subtag) == 1), len(rest))]
        traditional = "hans" not in before_extensions and _TRADITIONAL_CHINESE.intersection(before_extensions)
        yield "zh-hant" if traditional else "zh-hans"


def parse_accept_language(header: str | None) -> tuple[str, ...]:
    """The language tags of an `Accept-Language` header (RFC 9110, section 12.5.4), the most wanted first.

    Tags come in lower case, each once; of equal quality, the one named first comes first. Left out are `*`,
    tags of quality 0 and every part that is not well formed. Any string is answered, at most 32 tags are
    looked at.
    """
    if not header:
        return ()
    parts = header[:_MAX_HEADER].split(",")
    if len(header) > _MAX_HEADER:
        # The last part may have been cut in the middle and would then name another language.
        parts.pop()
    wanted: dict[str, float] = {}
    for part in parts[:_MAX_RANGES]:
        name, _, parameter = part.partition(";")
        tag = well_formed(name)
        quality = _quality(parameter)
        if tag is not None and quality > wanted.get(tag, 0.0):
            wanted[tag] = quality
    return tuple(sorted(wanted, key=lambda tag: -wanted[tag]))


def _quality(parameter: str) -> float:
    """The weight of a part, 1 when it has none, 0 when it cannot be read."""
    if not parameter.strip():
        return 1.0
    match = _QUALITY.fullmatch(parameter.strip())
    return float(match.group(1)) if match else 0.0
