"""The verification page without scripts: plain forms, each answered with a redirect (POST, redirect, GET).

It is a client of the services like any page with a publishable key, under the same policy, limits and
budgets. These routes are for people, so the API reference does not name them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, redirect, request

from ringproof_server.domain.application import Caller
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    AlreadyFinished,
    ChallengeExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    RingproofError,
    VerifierMismatch,
)
from ringproof_server.domain.evidence import Verdict
from ringproof_server.domain.verification import Status
from ringproof_server.http.auth import UNTOLD, client_address
from ringproof_server.http.cors import own_origins
from ringproof_server.http.exchange import current_exchange
from ringproof_server.http.form_cookies import AFTER_THE_END, FormCookies, Kept
from ringproof_server.http.form_fields import Fields, evidence_in, read_fields, start_request
from ringproof_server.http.form_parts import FormParts, ShownForms
from ringproof_server.http.parts import HttpParts
from ringproof_server.http.problems import MEDIA_TYPE, PROBLEM_STATUS, Page
from ringproof_server.service.progress import Progress
from ringproof_server.service.requests import ClientReport, IdempotencyKey

_ONE: Final = "/verify/<verification:verification_id>"
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9-]{1,35}")

View = Callable[..., Response]


def problem_page(pages: ShownForms) -> Page:
    """Pages for all that goes wrong below `/verify`, also where nothing of ours is: there people read.

    Whoever asks for JSON gets it, there as everywhere.
    """

    def page(error: RingproofError, status: int) -> Response | None:
        below = request.path == "/verify" or request.path.startswith("/verify/")
        kinds = ("text/html", MEDIA_TYPE, "application/json")
        if not below or request.accept_mimetypes.best_match(kinds, "text/html") != "text/html":
            return None
        reference = current_exchange().request_id
        shown = pages.problem(error, start_over=_address("/verify"), reference=reference, status=status)
        return _with_wait(shown, error)

    return page


def create_forms(forms: FormParts, parts: HttpParts) -> Blueprint:
    """The routes below `/verify`."""
    views = _Views(forms, parts)
    blueprint = Blueprint("forms", __name__)
    for rule, method, view in (
        ("/verify", "GET", views.number),
        ("/verify", "POST", views.start),
        (_ONE, "GET", views.step),
        (_ONE, "POST", views.act),
        (f"{_ONE}/ok", "GET", views.verified),
        (f"{_ONE}/not-ok", "GET", views.not_verified),
    ):
        blueprint.add_url_rule(rule, f"{view.__name__}", views.guarded(view), methods=[method])
    return blueprint


class _Views:
    def __init__(self, forms: FormParts, parts: HttpParts) -> None:
        self._pages = forms.pages
        self._key = forms.key
        self._service = parts.verifications
        self._access = parts.access
        self._refused = parts.metrics.refused
        self._public_url = parts.public_url
        self._own = own_origins(parts.public_url)
        self._cookies = FormCookies(forms.seals, parts.random, parts.public_url)

    def guarded(self, view: View) -> View:
        """The view, refusing other sites what changes anything; what it raises gets a page like all else."""

        @wraps(view)
        def guarded(**arguments: Any) -> Response:
            if request.method == "POST" and not self._comes_from_here():
                raise Forbidden("This form belongs to another site")
            return view(**arguments)

        return guarded

    # --- the number

    def number(self) -> Response:
        browser = self._cookies.browser() or self._cookies.new_browser()
        response = self._pages.number(action=_address("/verify"), hidden=self._cookies.fields(browser))
        self._cookies.name_browser(response, browser)
        return response

    def start(self) -> Response:
        fields = read_fields("number", "way", "once", "token")
        browser = self._cookies.browser()
        entered = fields.get("number", "")
        if browser is None or not self._cookies.belongs(fields, browser):
            return self._number_again(browser, entered, InvalidRequest("The form is too old"), 403)
        try:
            proofs = self._cookies.proofs(fields, browser)
            started = self._service.start(
                self._caller(),
                start_request(
                    fields,
                    code_challenge=proofs.challenge,
                    language=self._pages.language(),
                    origin=self._public_url,
                ),
                self._cookies.idempotency(fields, browser),
            )
        except RingproofError as error:
            return self._number_again(browser, entered, error, self._note(error))
        verification = started.verification
        current_exchange().verification = verification.id
        assert started.challenge is not None
        response = _see_other(f"/verify/{verification.id}")
        kept = Kept(id=verification.id, verifier=proofs.verifier, challenge=started.challenge)
        self._cookies.keep(response, kept, _seconds_left(started) + AFTER_THE_END)
        return response

    def _number_again(
        self, browser: str | None, entered: str, error: RingproofError, status: int
    ) -> Response:
        browser = browser or self._cookies.new_browser()
        response = self._pages.number(
            action=_address("/verify"),
            hidden=self._cookies.fields(browser),
            entered=entered[:64],
            error=error,
            reference=current_exchange().request_id,
            status=status,
        )
        self._cookies.name_browser(response, browser)
        return _with_wait(response, error)

    # --- the steps

    def step(self, verification_id: str) -> Response:
        kept = self._kept(verification_id)
        progress = self._progress(kept)
        if progress is None or progress.status is not Status.PENDING:
            return _moved_on(kept, progress)
        return self._shown(kept, progress, told=request.args.get("told"))

    def act(self, verification_id: str) -> Response:
        kept = self._kept(verification_id)
        fields = read_fields("do", "channel", "answer", "length", "once", "token")
        if not self._cookies.belongs(fields, kept.holder):
            progress = self._progress(kept)
            if progress is None or progress.status is not Status.PENDING:
                return _moved_on(kept, progress)
            self._note(InvalidRequest("The form is too old"))
            return self._shown(kept, progress, told=InvalidRequest.slug, status=403)
        idempotency = self._cookies.idempotency(fields, kept.holder)
        actions = {
            "confirm": self._confirm,
            "next": self._next,
            "no_call": self._no_call,
            "cancel": self._cancel,
            "change": self._change,
        }
        try:
            action = actions.get(fields.get("do", ""))
            if action is None:
                raise InvalidRequest("The form is not one of ours")
            return action(kept, fields, idempotency)
        except (AlreadyFinished, ChallengeExpired):
            return _see_other(f"/verify/{kept.id}")
        except RingproofError as error:
            self._note(error)
            return _see_other(f"/verify/{kept.id}", told=error.slug)

    def _confirm(self, kept: Kept, fields: Fields, idempotency: IdempotencyKey) -> Response:
        asked = evidence_in(kept, fields)
        if asked is None:
            return _see_other(f"/verify/{kept.id}", told="incomplete")
        progress = self._service.confirm(self._caller(), kept.id, asked, idempotency)
        if progress.status is not Status.PENDING:
            response = _moved_on(kept, progress)
            if progress.token is not None:
                proved = msgspec.structs.replace(kept, token=progress.token)
                self._cookies.keep(response, proved, max(1, _seconds_left(progress)))
            return response
        if progress.result is Verdict.MORE_EVIDENCE:
            return _see_other(f"/verify/{kept.id}")
        stays = progress.verification.current.channel == fields.get("channel")
        return _see_other(f"/verify/{kept.id}", told="mismatch" if stays else "moved")

    def _next(self, kept: Kept, fields: Fields, idempotency: IdempotencyKey) -> Response:
        try:
            channel = Channel(fields.get("channel", ""))
        except ValueError:
            raise InvalidRequest("There is no such channel") from None
        self._advance(kept, channel, idempotency)
        return _see_other(f"/verify/{kept.id}")

    def _no_call(self, kept: Kept, _fields: Fields, idempotency: IdempotencyKey) -> Response:
        """What the person says goes into the trace, and the next way starts if it may already."""
        progress = self._service.report(
            self._caller(),
            kept.id,
            challenge=kept.challenge,
            report=ClientReport(kind="no_call"),
            idempotency=None,
        )
        if any(wait == 0 for wait in progress.next.channels.values()):
            self._advance(kept, None, idempotency)
        return _see_other(f"/verify/{kept.id}")

    def _advance(self, kept: Kept, channel: Channel | None, idempotency: IdempotencyKey) -> None:
        self._service.advance(
            self._caller(), kept.id, challenge=kept.challenge, channel=channel, idempotency=idempotency
        )

    def _cancel(self, kept: Kept, _fields: Fields, _idempotency: IdempotencyKey) -> Response:
        progress = self._service.cancel(self._caller(), kept.id, challenge=kept.challenge)
        return _moved_on(kept, progress)

    def _change(self, kept: Kept, fields: Fields, idempotency: IdempotencyKey) -> Response:
        self._cancel(kept, fields, idempotency)
        return _see_other("/verify")

    # --- the ends

    def verified(self, verification_id: str) -> Response:
        kept = self._kept(verification_id)
        progress = self._progress(kept)
        if progress is None:
            raise NotFound("What was proved is no longer shown")
        if progress.status is not Status.VERIFIED:
            return _see_other(f"/verify/{kept.id}")
        return self._pages.end(
            Status.VERIFIED, start_over=_address("/verify"), progress=progress, token=kept.token
        )

    def not_verified(self, verification_id: str) -> Response:
        kept = self._kept(verification_id)
        progress = self._progress(kept)
        if progress is None:
            return self._pages.end(Status.EXPIRED, start_over=_address("/verify"))
        if progress.status in {Status.PENDING, Status.VERIFIED}:
            return _see_other(f"/verify/{kept.id}")
        return self._pages.end(progress.status, start_over=_address("/verify"), progress=progress)

    # --- what they share

    def _kept(self, verification_id: str) -> Kept:
        """What this browser keeps of the verification. Raises `VerifierMismatch` for any other browser."""
        kept = self._cookies.verification(verification_id)
        if kept is None:
            raise VerifierMismatch("This browser did not start the verification")
        current_exchange().verification = kept.id
        return kept

    def _progress(self, kept: Kept) -> Progress | None:
        """Where it stands; None when its challenge has expired, after which nobody is told."""
        try:
            return self._service.get(self._caller(), kept.id, challenge=kept.challenge)
        except ChallengeExpired:
            return None

    def _shown(self, kept: Kept, progress: Progress, *, told: str | None, status: int = 200) -> Response:
        return self._pages.step(
            progress,
            action=_address(f"/verify/{kept.id}"),
            hidden=self._cookies.fields(kept.holder),
            told=told,
            status=status,
        )

    def _caller(self) -> Caller:
        address = client_address(request.environ.get("REMOTE_ADDR")) or UNTOLD
        caller = self._access.caller(self._key, address)
        current_exchange().caller = caller
        return caller

    def _comes_from_here(self) -> bool:
        """Whether one of our own pages sent the form, as far as the browser says (Fetch Metadata, Origin).

        Our pages send no referrer, so the origin of their forms is `null` by the Fetch standard; a browser
        that tells no more than that is known by the token in the form.
        """
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = request.headers.get("Origin", "null")
        return origin == "null" or origin in self._own

    def _note(self, error: RingproofError) -> int:
        """Leave the problem for the log and the counts; answers its HTTP status."""
        current_exchange().problem = error.slug
        self._refused(error.slug)
        return PROBLEM_STATUS.get(error.slug, 500)


def _moved_on(kept: Kept, progress: Progress | None) -> Response:
    """To the page of the end; without `progress` it has expired."""
    good = progress is not None and progress.status is Status.VERIFIED
    return _see_other(f"/verify/{kept.id}/{'ok' if good else 'not-ok'}")


def _seconds_left(progress: Progress) -> int:
    return int((progress.verification.expires_at - progress.now).total_seconds())


def _see_other(path: str, **query: str) -> Response:
    response = redirect(_address(path, **query), 303)
    assert isinstance(response, Response)
    return response


def _address(path: str, **query: str) -> str:
    """An address of ours, with the language that the person has chosen."""
    chosen = request.args.get("lang", "")
    if _LANGUAGE.fullmatch(chosen):
        query = {**query, "lang": chosen}
    return request.script_root + path + (f"?{urlencode(query)}" if query else "")


def _with_wait(response: Response, error: RingproofError) -> Response:
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(0, math.ceil(error.retry_after)))
    return response
