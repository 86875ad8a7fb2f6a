"""What the verification page without scripts is built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from flask import Response

from ringproof_server.domain.errors import RingproofError
from ringproof_server.domain.verification import Status
from ringproof_server.ports import Seals
from ringproof_server.service.progress import Progress


class ShownForms(Protocol):
    """The pages as people see them, each in the language of the present request.

    `action` is where a page's forms go, `start_over` the address of the number page; `hidden` are the fields
    that each of its forms carries. `reference` names the request to whoever asks for help.
    """

    def language(self) -> str:
        """The tag of the language that was asked for."""
        ...

    def number(
        self,
        *,
        action: str,
        hidden: Mapping[str, str],
        entered: str = "",
        error: RingproofError | None = None,
        reference: str = "",
        status: int = 200,
    ) -> Response:
        """The form with the number, with what was `entered` and what is wrong with it."""
        ...

    def step(
        self,
        progress: Progress,
        *,
        action: str,
        hidden: Mapping[str, str],
        told: str | None = None,
        status: int = 200,
    ) -> Response:
        """Where a pending verification stands; `told` is `mismatch`, `incomplete`, `moved`, the slug of a
        problem, or anything else, which is passed over.
        """
        ...

    def end(
        self, status: Status, *, start_over: str, progress: Progress | None = None, token: str | None = None
    ) -> Response:
        """How it has ended; without `progress` nothing is known but that."""
        ...

    def problem(self, error: RingproofError, *, start_over: str, reference: str, status: int) -> Response:
        """A page for what there is no form to show it beside."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FormParts:
    """`key` is the publishable key of the application that the page works for."""

    pages: ShownForms
    seals: Seals
    key: str = field(repr=False)
