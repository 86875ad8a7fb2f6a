"""The verification page as plain forms, for browsers without scripts: what each of its pages shows."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response, request

from ringproof_server.domain.assurance import FlashOffer
from ringproof_server.domain.errors import RingproofError
from ringproof_server.domain.numbering_plan import split_country_code
from ringproof_server.domain.verification import Status
from ringproof_server.service.progress import Progress
from ringproof_server.web.page import PagesConfig, answer_page, language
from ringproof_server.web.pages import DEMO_NUMBER
from ringproof_server.web.sentences import Sentences, telephone

_ON_ITS_WAY = frozenset({"queued", "dialing", "accepted"})


class FormPages:
    """Every page of the flow in the language of the present request, never to be kept by any cache.

    `action` is where a page's forms go and `start_over` the address of the number page; `hidden` are the
    fields that each of its forms carries.
    """

    def __init__(self, config: PagesConfig) -> None:
        self._config = config

    def language(self) -> str:
        """The tag of the language that was asked for."""
        return language()[1]

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
        """The form with the number; `error` stands beside it, and what was `entered` stays."""
        words, _ = language()
        say = Sentences(words)
        complaint = "" if error is None else say.problem(error, reference)
        if error is not None and not entered.strip():
            complaint = say("number_missing")
        return self._answer(
            "form_number.html",
            status,
            say,
            action=action,
            hidden=hidden,
            entered=entered,
            complaint=complaint,
            example=telephone(DEMO_NUMBER),
        )

    def step(
        self,
        progress: Progress,
        *,
        action: str,
        hidden: Mapping[str, str],
        told: str | None = None,
        status: int = 200,
    ) -> Response:
        """Where a pending verification stands; `told` says what came of the request before."""
        words, _ = language()
        say = Sentences(words)
        shown = _Step(progress, say)
        complaint = say.complaint(progress, told)
        return self._answer(
            "form_step.html",
            status,
            say,
            action=action,
            hidden=hidden,
            step=shown,
            complaint=complaint,
            alert="" if complaint else say.alert(told),
            moved=told == "moved",
        )

    def end(
        self, status: Status, *, start_over: str, progress: Progress | None = None, token: str | None = None
    ) -> Response:
        """How it has ended; `token` is shown in the demo only."""
        words, _ = language()
        say = Sentences(words)
        number = "" if progress is None else progress.verification.number.masked
        heading, text = say.end(status, telephone(number))
        shown = token if self._config.demo and status is Status.VERIFIED else None
        return self._answer(
            "form_end.html",
            200,
            say,
            start_over=start_over,
            ended=status.value,
            heading=heading,
            text=text,
            proof=progress if status is Status.VERIFIED else None,
            token=shown,
            claims=None if shown is None else _claims(shown),
        )

    def problem(self, error: RingproofError, *, start_over: str, reference: str, status: int) -> Response:
        """A page for what there is no form to show it beside."""
        words, _ = language()
        say = Sentences(words)
        return self._answer(
            "form_end.html",
            status,
            say,
            start_over=start_over,
            ended="failed",
            heading=words.text("problem_title", error.slug),
            text=say.problem(error, reference),
        )

    def _answer(self, template: str, status: int, say: Sentences, **values: object) -> Response:
        here = request.script_root + request.path
        shared = {**values, "say": say, "here": here}
        return answer_page(self._config, template, say.words, shared, code=status, cached="no-store")


@dataclass(frozen=True, slots=True)
class _Step:
    """What the page of a pending verification shows of it."""

    progress: Progress
    say: Sentences

    @property
    def channel(self) -> str:
        return self.progress.verification.current.channel.value

    @property
    def flash(self) -> FlashOffer | None:
        return self.progress.verification.current.flash

    @property
    def call(self) -> int:
        """Which of the serial calls the person waits for; the next one as soon as one was reported."""
        attempt, flash = self.progress.attempt, self.flash
        if attempt is None or flash is None:
            return 1
        return min(flash.calls, attempt.call + (attempt.reported is not None))

    @property
    def dial(self) -> str:
        """How the picture of the phone looks."""
        state = "ended" if self.progress.attempt is None else self.progress.attempt.state.value
        if state == "ringing":
            return "ringing"
        return "waiting" if state in _ON_ITS_WAY else "ended"

    @property
    def number(self) -> str:
        return telephone(self.progress.verification.number.masked)

    @property
    def begins(self) -> str:
        """A sentence on how the number that calls begins; empty where it may be any."""
        known = len(self.prefix) > 1
        return self.say("caller_begins", prefix=telephone(self.prefix)) if known else ""

    @property
    def prefix(self) -> str:
        """How the number that calls begins, its country code apart."""
        if self.flash is None:
            return ""
        country, rest = split_country_code(self.flash.pattern.prefix)
        return f"+{country} {rest}".strip() if country else self.flash.pattern.prefix

    @property
    def dots(self) -> str:
        """A dot for each digit between the prefix and those to type; three where there may be any number."""
        if self.flash is None:
            return ""
        pattern = self.flash.pattern
        if pattern.length is None:
            return "…"
        return "•" * max(0, pattern.length - len(pattern.prefix) - self.flash.digits)

    @property
    def sent(self) -> str:
        """How the code has been sent."""
        return self.say.sent(self.channel, self.number)

    @property
    def length(self) -> int:
        """How many digits have to be typed."""
        return self.progress.code_digits if self.flash is None else self.flash.digits

    @property
    def left(self) -> str:
        """The time until it expires, as of now."""
        seconds = (self.progress.verification.expires_at - self.progress.now).total_seconds()
        return self.say.wait(seconds)

    @property
    def check(self) -> str:
        """What the button says that sends the answer."""
        wait = self.progress.next.check_in
        label = self.say("check")
        return f"{label} · {self.say('available_in', seconds=wait)}" if wait else label

    @property
    def automatic(self) -> str:
        """What will be done by itself; empty when nothing will."""
        coming = self.progress.next.automatic
        if coming is None:
            return ""
        key = "automatic_sms" if coming.channel.value == "sms" else "automatic_other"
        return self.say(key, seconds=coming.seconds)

    @property
    def ways(self) -> list[tuple[str, str]]:
        """The other channels with what their buttons say."""
        return [
            (channel.value, self.say.way(channel.value, seconds, self.channel))
            for channel, seconds in self.progress.next.channels.items()
            if self.say.has(f"use_{channel.value}")
        ]


def _claims(token: str) -> str:
    """What a token of this server says; its signature is for those who rely on it."""
    payload = token.split(".")[1]
    said = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return json.dumps(said, indent=2, ensure_ascii=False)
