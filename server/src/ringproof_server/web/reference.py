"""The API reference: an OpenAPI 3.1 document as the page shows it, with every `$ref` followed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from ringproof_server.web.schemas import Field, Schemas, example_of, mapping, sequence, text

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_EVERYTHING_ELSE: Final = "Other"


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Body:
    """`example` is indented JSON, or an empty text where the schema gives none."""

    media_type: str
    fields: tuple[Field, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    phrase: str
    description: str
    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    bodies: tuple[Body, ...]
    answers: tuple[Answer, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    description: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    title: str
    version: str
    description: str
    sections: tuple[Section, ...]


def describe(document: Mapping[str, object]) -> Reference:
    """What the page shows of an OpenAPI 3.1 document; the curl samples go to the first server it names.

    Parts that are missing or of an unexpected type are left out rather than refused: the document is our
    own, and a page that shows most of it is better than none.
    """
    info = mapping(document.get("info"))
    servers = (text(server.get("url")) for server in _mappings(document.get("servers")))
    reader = _Reader(Schemas(document), next(servers, ""))
    descriptions = {
        text(tag.get("name")): text(tag.get("description")) for tag in _mappings(document.get("tags"))
    }
    grouped: dict[str, list[Operation]] = {name: [] for name in descriptions if name}
    for tag, operation in reader.operations(mapping(document.get("paths"))):
        grouped.setdefault(tag, []).append(operation)
    return Reference(
        title=text(info.get("title")) or "API",
        version=text(info.get("version")),
        description=text(info.get("description")),
        sections=tuple(
            Section(name, descriptions.get(name, ""), tuple(operations))
            for name, operations in grouped.items()
            if operations
        ),
    )


def _mappings(value: object) -> Iterator[Mapping[str, object]]:
    return (mapping(item) for item in sequence(value))


class _Reader:
    def __init__(self, schemas: Schemas, server: str) -> None:
        self._schemas = schemas
        self._server = server

    def operations(self, paths: Mapping[str, object]) -> Iterator[tuple[str, Operation]]:
        for path, described in paths.items():
            item = self._schemas.resolve(described)
            for method, described_operation in item.items():
                if method not in _METHODS:
                    continue
                operation = mapping(described_operation)
                tags = [text(tag) for tag in sequence(operation.get("tags"))]
                yield (tags[0] if tags else _EVERYTHING_ELSE), self._operation(method, path, item, operation)

    def _operation(
        self, method: str, path: str, item: Mapping[str, object], operation: Mapping[str, object]
    ) -> Operation:
        described = [*sequence(item.get("parameters")), *sequence(operation.get("parameters"))]
        parameters = tuple(self._parameter(self._schemas.resolve(one)) for one in described)
        request = self._schemas.resolve(operation.get("requestBody"))
        bodies = self._bodies(request)
        return Operation(
            anchor=re.sub(r"[^a-z0-9]+", "-", f"{method} {path}".lower()).strip("-"),
            method=method.upper(),
            path=path,
            summary=text(operation.get("summary")),
            description=text(operation.get("description")),
            parameters=parameters,
            bodies=bodies,
            answers=tuple(
                self._answer(status, self._schemas.resolve(answer))
                for status, answer in mapping(operation.get("responses")).items()
            ),
            curl=self._curl(method, path, bodies, protected=operation.get("security") != []),
        )

    def _parameter(self, parameter: Mapping[str, object]) -> Parameter:
        return Parameter(
            name=text(parameter.get("name")),
            place=text(parameter.get("in")),
            kind=self._schemas.kind(parameter.get("schema")),
            required=parameter.get("required") is True,
            description=text(parameter.get("description")),
        )

    def _bodies(self, described: Mapping[str, object]) -> tuple[Body, ...]:
        return tuple(
            self._body(media_type, mapping(media))
            for media_type, media in mapping(described.get("content")).items()
        )

    def _body(self, media_type: str, media: Mapping[str, object]) -> Body:
        schema = media.get("schema")
        example = example_of(media)
        if example is None:
            example = self._schemas.example(schema)
        shown = "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)
        return Body(media_type, tuple(self._schemas.fields(schema)), shown)

    def _answer(self, status: str, answer: Mapping[str, object]) -> Answer:
        phrase = HTTPStatus(int(status)).phrase if status in _KNOWN_STATUSES else ""
        return Answer(status, phrase, text(answer.get("description")), self._bodies(answer))

    def _curl(self, method: str, path: str, bodies: tuple[Body, ...], *, protected: bool) -> str:
        lines = [
            f"curl -X {method.upper()} '{self._server}{path}'"
            if method != "get"
            else f"curl '{self._server}{path}'"
        ]
        if protected:
            lines.append("-H 'Authorization: Bearer '\"$RINGPROOF_KEY\"")
        if bodies:
            lines.append(f"-H 'Content-Type: {bodies[0].media_type}'")
            lines.append(f"-d {_quoted(bodies[0].example or '{}')}")
        return " \\\n  ".join(lines)


_KNOWN_STATUSES: Final = frozenset(str(status.value) for status in HTTPStatus)


def _quoted(argument: str) -> str:
    """As one word for a POSIX shell."""
    return "'" + argument.replace("'", "'\\''") + "'"
