"""Members of Java classes, read from compiled classes and from a published description of Android.

The description is TypeScript (`@nativescript/types-android`, made from Google's android.jar): numbers have
one type there, strings too, generics are written differently. Both sides are brought to the same words.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

SECONDS: Final = 60

_NUMBERS: Final = {"int", "long", "short", "byte", "float", "double", "char"}
_TEXTS: Final = {"java.lang.String", "java.lang.CharSequence"}
_TYPE_VARIABLE: Final = re.compile(r"^[A-Z]\w?$")


@dataclass(frozen=True)
class Member:
    """A method with the types of its parameters, or a field; `value` of a constant, as it is written."""

    name: str
    parameters: tuple[str, ...] | None
    static: bool
    type: str
    value: str | None = field(default=None, compare=False)
    since: int = field(default=0, compare=False)

    def __str__(self) -> str:
        arguments = "" if self.parameters is None else f"({', '.join(self.parameters)})"
        return f"{self.name}{arguments}"


# --- compiled classes


_JAVA_CLASS: Final = re.compile(r"(?:class|interface) ([\w.$]+)")
_JAVA_MEMBER: Final = re.compile(
    r"^  (?P<words>(?:public|protected|static|final|abstract|synchronized|native|default|volatile|\s)+)"
    r"(?:<(?P<variable>\w+)(?: extends (?P<bound>[\w.$]+))?> )?"
    r"(?:(?P<type>[\w.$]+(?:<[^()]*>)?(?:\[\])*) )?(?P<name>[\w.$]+)"
    r"(?P<parameters>\([^)]*\))?(?: throws [\w.$, ]+)?(?: = (?P<value>.*))?;$"
)


def compiled(folder: Path, package: str) -> dict[str, list[Member]]:
    """What others may use of the compiled classes below a package, by class."""
    files = [
        path for path in sorted((folder / package).rglob("*.class")) if not re.search(r"\$\d", path.name)
    ]
    javap = shutil.which("javap")
    assert javap is not None, "javac comes with javap"
    done = subprocess.run(
        [javap, "-protected", "-constants", *map(str, files)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    found: dict[str, list[Member]] = {}
    members: list[Member] = []
    for line in done.stdout.splitlines():
        if not line.startswith(" ") and (head := _JAVA_CLASS.search(line)):
            members = found.setdefault(head[1].replace("$", "."), [])
        elif match := _JAVA_MEMBER.match(line):
            members.append(_from_java(match))
        else:
            assert line.startswith(("Compiled from", "}")), f"not understood: {line}"
    return found


def _from_java(match: re.Match[str]) -> Member:
    parameters, type_ = match["parameters"], match["type"]
    if type_ is not None and type_ == match["variable"]:
        type_ = match["bound"] or type_
    return Member(
        # A constructor has the name of its class and no type.
        name=match["name"] if match["type"] else "constructor",
        parameters=None if parameters is None else tuple(map(_java_type, _split(parameters[1:-1]))),
        static="static" in match["words"].split(),
        type=_java_type(type_ or "void"),
        value=match["value"],
    )


def _java_type(text: str) -> str:
    text = re.sub(r"<.*>", "", text.strip())
    if text.endswith("[]"):
        return _java_type(text[:-2]) + "[]"
    if text.endswith("..."):
        return _java_type(text[:-3]) + "[]"
    if text in _NUMBERS:
        return "number"
    if text in _TEXTS:
        return "string"
    if text == "java.lang.Object" or _TYPE_VARIABLE.match(text):
        return "any"
    return text.replace("$", ".")


def _split(text: str) -> list[str]:
    """A list at its outer commas."""
    parts, depth = [""], 0
    for character in text:
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in map(str.strip, parts) if part]


# --- the description


_OPENS: Final = re.compile(r"^(?:declare |export )?(?:abstract )?(module|class|interface) ([\w.$]+)(.*)\{$")
_TS_MEMBER: Final = re.compile(
    r"^(?:public |protected )(?P<static>static )?(?P<name>\w+)(?:<.*?>(?=\())?"
    r"(?P<parameters>\(.*\))?: (?P<type>.*);$"
)
_TS_CONSTRUCTOR: Final = re.compile(r"^public constructor(?P<parameters>\(.*\));$")
_BASES: Final = re.compile(r"(?:extends|implements|,)\s+([\w.]+)")


@dataclass
class _Described:
    bases: tuple[str, ...]
    lines: list[str] = field(default_factory=list)
    since: int = 0

    @cached_property
    def members(self) -> list[Member]:
        return list(_described(self.lines))


class Description:
    """The classes of one version of Android."""

    def __init__(self, text: str) -> None:
        self._classes: dict[str, _Described] = {}
        open_names: list[str | None] = []
        inside: list[_Described | None] = []
        since = 0
        for raw in text.splitlines():
            line = raw.strip()
            if line.startswith("}"):
                open_names.pop()
                inside.pop()
            elif line.endswith("{"):
                head = _OPENS.match(line)
                open_names.append(head[2] if head else None)
                described = None
                if head and head[1] != "module":
                    described = _Described(tuple(_BASES.findall(head[3])), since=since)
                    # Interfaces come a second time, for their static members.
                    name = ".".join(each for each in open_names if each)
                    described = self._classes.setdefault(name, described)
                inside.append(described)
            elif inside and inside[-1] is not None:
                inside[-1].lines.append(line)
            since = _since(line, since)

    def __contains__(self, name: str) -> bool:
        return name in self._classes

    def since(self, name: str) -> int:
        """The API level in which a class appeared; 0: before 21."""
        return self._classes[name].since

    def members(self, name: str) -> Iterator[Member]:
        """The members of a class and of all that it is made from."""
        described = self._classes.get(name)
        if described is not None:
            yield from described.members
            for base in described.bases:
                yield from self.members(base)


def _since(line: str, before: int) -> int:
    found = re.search(r"@since (\d+)", line)
    if found:
        return int(found[1])
    return before if line.startswith(("/*", "*", "@")) else 0


def _described(lines: Sequence[str]) -> Iterator[Member]:
    since = 0
    for line in lines:
        constructor, member = _TS_CONSTRUCTOR.match(line), _TS_MEMBER.match(line)
        if constructor:
            yield Member("constructor", _ts_parameters(constructor["parameters"]), False, "void", since=since)
        elif member:
            parameters = member["parameters"]
            yield Member(
                name=member["name"],
                parameters=None if parameters is None else _ts_parameters(parameters),
                static=bool(member["static"]),
                type=_ts_type(member["type"]),
                value=member["type"],
                since=since,
            )
        since = _since(line, since)


def _ts_parameters(text: str) -> tuple[str, ...]:
    return tuple(_ts_type(part.partition(": ")[2]) for part in _split(text[1:-1]))


def _ts_type(text: str) -> str:
    text = text.strip().removesuffix(" | null")
    array = re.fullmatch(r"androidNative\.Array<(.*)>", text)
    if array:
        return _ts_type(array[1]) + "[]"
    text = re.sub(r"<.*>", "", text)
    if re.fullmatch(r"-?[\d.e+]+", text):
        return "number"
    if text.startswith('"'):
        return "string"
    return "any" if text == "java.lang.Object" or _TYPE_VARIABLE.match(text) else text
