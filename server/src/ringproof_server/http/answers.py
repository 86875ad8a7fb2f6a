"""Answers of ours, which are ready when they are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from flask import Response

from ringproof_server.http.bodies import encode

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

JSON: Final = "application/json"


class Answer(Response):
    """An answer whose headers are complete: Werkzeug has nothing to correct in them."""

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        *,
        content_type: str = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(body, status=status, content_type=content_type)
        for name, value in (headers or {}).items():
            self.headers[name] = value

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, self.headers.to_wsgi_list())
        return () if environ["REQUEST_METHOD"] == "HEAD" else self.response  # type: ignore[return-value]


def json_answer(view: msgspec.Struct, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """The view as JSON."""
    return Answer(encode(view), status, headers=headers)
