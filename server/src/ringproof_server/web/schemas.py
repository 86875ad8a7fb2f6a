"""JSON Schema as people read it: flat tables of fields, short names of types, an example."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_DEEPEST: Final = 5
"""Levels of nesting a table shows; deeper ones, and schemas that contain themselves, end there."""

_BOUNDS: Final = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
    "default": "default {}",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One row: `path` with dots and `[]`, `depth` for its indent, `limits` such as “≤ 40”."""

    path: str
    depth: int
    kind: str
    required: bool
    description: str
    limits: tuple[str, ...]


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> Sequence[object]:
    """The value if it is an array, else an empty one."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def text(value: object) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def example_of(described: Mapping[str, object]) -> object:
    """The first example that a schema or a media type names itself, or None."""
    if "example" in described:
        return described["example"]
    examples = described.get("examples")
    if isinstance(examples, Mapping):
        return mapping(next(iter(examples.values()), None)).get("value")
    return next(iter(sequence(examples)), None)


class Schemas:
    """The schemas of one document, with their references."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self._document = document

    def resolve(self, value: object) -> Mapping[str, object]:
        """The object itself or what its `$ref` within the document leads to; empty if that leads nowhere."""
        found = mapping(value)
        for _ in range(_DEEPEST):
            reference = text(found.get("$ref"))
            if not reference:
                return found
            target: object = self._document if reference.startswith("#/") else None
            for part in reference.removeprefix("#/").split("/"):
                target = mapping(target).get(part.replace("~1", "/").replace("~0", "~"))
            beside = {key: kept for key, kept in found.items() if key != "$ref"}
            found = {**mapping(target), **beside}
        return {}

    def kind(self, value: object) -> str:
        """A short name of the type: `string`, `integer or null`, `"sms" | "voice"`, `array of object`."""
        return " | ".join(dict.fromkeys(self._kinds(value, 0))) or "any"

    def _kinds(self, value: object, depth: int) -> Iterator[str]:
        schema = self.resolve(value)
        if "const" in schema:
            yield _literal(schema["const"])
            return
        if "enum" in schema:
            yield from map(_literal, sequence(schema["enum"]))
            return
        alternatives = [*sequence(schema.get("anyOf")), *sequence(schema.get("oneOf"))]
        if alternatives and depth < _DEEPEST:
            for alternative in alternatives:
                yield from self._kinds(alternative, depth + 1)
            return
        types = schema.get("type")
        for name in [types] if isinstance(types, str) else sequence(types):
            if name == "array" and depth < _DEEPEST:
                inner = " | ".join(dict.fromkeys(self._kinds(schema.get("items"), depth + 1)))
                yield f"array of {inner}" if inner else "array"
            else:
                yield f"{name} ({schema['format']})" if "format" in schema and name != "null" else text(name)

    def fields(self, value: object) -> Iterator[Field]:
        """One row for every member of an object, of the objects in it, and of its alternatives."""
        yield from self._members(value, "", 0)

    def _members(self, value: object, prefix: str, depth: int) -> Iterator[Field]:
        if depth >= _DEEPEST:
            return
        for schema in self._objects(value, 0):
            required = set(map(text, sequence(schema.get("required"))))
            for name, member in mapping(schema.get("properties")).items():
                known = self._meant(member)
                path = f"{prefix}{name}"
                yield Field(
                    path=path,
                    depth=depth,
                    kind=self.kind(member),
                    required=name in required,
                    description=text(known.get("description")),
                    limits=tuple(_limits(known)),
                )
                yield from self._members(member, f"{path}.", depth + 1)
                if "items" in known:
                    yield from self._members(known["items"], f"{path}[].", depth + 1)

    def _meant(self, member: object) -> Mapping[str, object]:
        """The schema of a member; of one that may be null, with the bounds of what it is otherwise."""
        known = self.resolve(member)
        kinds = [self.resolve(kind) for kind in sequence(known.get("anyOf"))]
        values = [kind for kind in kinds if kind.get("type") != "null"]
        return {**values[0], **known} if len(kinds) == 2 and len(values) == 1 else known

    def _objects(self, value: object, depth: int) -> Iterator[Mapping[str, object]]:
        """The schema itself and its alternatives and parts, as far as they are objects with properties."""
        schema = self.resolve(value)
        if "properties" in schema:
            yield schema
        if depth < _DEEPEST:
            for key in ("allOf", "anyOf", "oneOf"):
                for part in sequence(schema.get(key)):
                    yield from self._objects(part, depth + 1)

    def example(self, value: object, depth: int = 0) -> object:
        """An instance made of the examples that the schema and its members name; None if none do."""
        schema = self.resolve(value)
        named = example_of(schema)
        if named is not None or depth >= _DEEPEST:
            return named
        for part in self._objects(schema, 0):
            members = {
                name: self.example(member, depth + 1)
                for name, member in mapping(part.get("properties")).items()
            }
            given = {name: member for name, member in members.items() if member is not None}
            if given:
                return given
        return None


def _literal(value: object) -> str:
    return f"“{value}”" if isinstance(value, str) else str(value)


def _limits(schema: Mapping[str, object]) -> Iterator[str]:
    for key, phrase in _BOUNDS.items():
        if schema.get(key) is not None:
            value = schema[key]
            yield phrase.format(value if isinstance(value, str) else json.dumps(value))
