"""What the person is shown and asked for, step by step."""

from __future__ import annotations

from collections.abc import Callable

from ringproof._agenda import Agenda
from ringproof._calls import CodeRequest, ExpectedCall
from ringproof._case import Case
from ringproof._listening import Listening
from ringproof._models import FlashCall, Verification
from ringproof._progress import Progress, ProgressKind
from ringproof._system import Clock


class Screen:
    """Tells the app how it stands, and has sources ask people. Everything is said on the flow's thread."""

    def __init__(
        self,
        case: Case,
        listening: Listening,
        agenda: Agenda,
        clock: Clock,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._case = case
        self._listening = listening
        self._agenda = agenda
        self._clock = clock
        self._on_progress = on_progress
        self._rang: object = None

    def tell(self, kind: ProgressKind, seconds: float | None = None) -> None:
        """Something to show."""
        if self._on_progress is not None:
            listening = self._listening
            self._on_progress(
                Progress(
                    kind,
                    self._case.view,
                    seconds,
                    automatic=listening.hears(self._case.flash),
                    ways=() if listening.waiting else listening.ways(),
                )
            )

    def rings(self) -> None:
        """The expected call rings; told once for each call that is expected."""
        if self._rang != self._agenda.step:
            self._rang = self._agenda.step
            self.tell("ringing")

    def enter(self, view: Verification) -> None:
        """A new step: ask, then tell, so that a field is there when the screen is told of it."""
        if view.flashcall is None:
            self._listening.expect(None)
        self._ask(view, wrong=False)
        if view.flashcall is not None:
            self.tell("calling")
        elif view.code is not None:
            self.tell("code")
        else:
            self.tell("keypad" if view.keypad is not None else "waiting")

    def ask_again(self, step: object, *, wrong: bool) -> None:
        """After an answer that did not do, ask the person once more, if that step goes on."""
        view = self._case.view
        if view is not None and not view.finished and self._agenda.step == step:
            self._ask(view, wrong=wrong)

    def _ask(self, view: Verification, *, wrong: bool) -> None:
        if view.flashcall is not None:
            self._listening.expect(_expected(view.flashcall, wrong=wrong))
        elif view.code is not None:
            self._listening.ask(
                CodeRequest(
                    channel=view.channel or "sms",
                    length=view.code.length,
                    wrong=wrong,
                    checks_left=view.checks_left,
                    wait=max(0.0, self._agenda.check_at - self._clock.monotonic()),
                )
            )


def _expected(flash: FlashCall, *, wrong: bool) -> ExpectedCall:
    pattern = flash.caller_id_pattern
    return ExpectedCall(
        pattern.prefix, flash.digits_to_type, flash.call, flash.calls, wrong, length=pattern.length
    )
