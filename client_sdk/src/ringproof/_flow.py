"""`verify` from the first dialog to the token.

One thread does everything, the one that calls `result()`. Sources and other threads only leave messages.
Between two actions it waits for the next message or the next deadline, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ringproof._agenda import CALL_LOOKS, LAST_MOMENT, Agenda, HoldOff
from ringproof._calls import CallSources, CodeAsker
from ringproof._case import Case
from ringproof._ear import Awake, Heard, Prepared
from ringproof._errors import (
    AlreadyFinishedError,
    ChallengeExpiredError,
    NotVerifiedError,
    ProblemError,
    RateLimitedError,
    RingproofError,
    ServerUnreachableError,
    TooEarlyError,
    VerificationCancelledError,
    VerificationExpiredError,
    VerificationFailedError,
)
from ringproof._evidence import Inbox, Proof
from ringproof._listening import Listening, code_source_of, sources_of
from ringproof._models import Verification, Verified
from ringproof._post import Message, Post, Stop, StoppedError, Wanted
from ringproof._progress import Progress, StartOptions
from ringproof._screen import Screen
from ringproof._system import Clock
from ringproof._telemetry import CallReports

if TYPE_CHECKING:
    from ringproof._client import Ringproof

PERMISSION_TIMEOUT = 60.0
"""Seconds for the permission dialogs; a source that is ready later joins later."""
WITHHELD_LOOKS = (1.0, 3.0, 8.0)
"""Seconds after a withheld call at which the server is asked whether its own call has rung."""
CLOCK_SLACK_MS = 2_000
"""The phone's log is read from so long before the start, in case its clock was set meanwhile."""
LONGEST_NAP = 30.0


class VerificationRun:
    """One `verify`. `result` may be called once; `switch`, `wake` and `cancel` by any thread at any time."""

    def __init__(
        self,
        client: Ringproof,
        number: str,
        *,
        clock: Clock,
        calls: CallSources,
        codes: CodeAsker,
        on_progress: Callable[[Progress], None] | None,
        options: StartOptions,
    ) -> None:
        self._clock = clock
        self._options = options
        self._post = Post(clock)
        self._case = Case(client.patient(pause=self._post.pause), number)
        self._listening = Listening(sources_of(calls), code_source_of(codes, clock), self._post.put)
        self._inbox = Inbox()
        self._agenda = Agenda()
        self._screen = Screen(self._case, self._listening, self._agenda, clock, on_progress)
        self._reports = CallReports(client, clock)
        self._hold_off = HoldOff()
        self._wanted: list[Wanted] = []
        self._since_wall_ms = 0
        self._used = False

    def result(self) -> Verified:
        """Verify. See `Ringproof.verify` for what it returns and raises."""
        if self._used:
            raise RuntimeError("A verification can be run once; begin another one")
        self._used = True
        try:
            self._prepare()
            self._start()
            while not self._case.finished:
                self._note(self._post.take(self._nap()))
                self._act()
            return self._end()
        except StoppedError:
            self._give_up()
            raise VerificationCancelledError(
                "The verification was cancelled", verification=self._case.id
            ) from None
        except ChallengeExpiredError as problem:
            raise VerificationExpiredError("The time is over", verification=problem.verification) from problem
        except BaseException as error:
            if not isinstance(error, NotVerifiedError):
                self._give_up()
            raise
        finally:
            self._listening.stop()

    def cancel(self) -> None:
        """End it at the server too; `result` raises VerificationCancelledError soon after."""
        self._post.put(Stop())

    def switch(self, channel: str | None = None) -> None:
        """Ask for the next step now, or for a channel by name, as a person does who sees no call coming."""
        self._post.put(Wanted(channel))

    def wake(self) -> None:
        """The app is in the foreground again: read the phone's log and look at the server now."""
        self._post.put(Awake())

    # Beginning

    def _prepare(self) -> None:
        self._screen.tell("preparing")
        self._listening.prepare()
        deadline = self._clock.monotonic() + PERMISSION_TIMEOUT
        while self._listening.waiting and (left := deadline - self._clock.monotonic()) > 0:
            self._note(self._post.take(left))

    def _start(self) -> None:
        options = self._options
        capabilities = self._listening.capabilities()
        if options.sms_app_hash and self._listening.takes_codes:
            capabilities["sms_app_hash"] = options.sms_app_hash
        channels = options.channels
        if channels is None and not self._listening.takes_codes:
            channels = ("flashcall",)
        self._since_wall_ms = round(self._clock.wall() * 1000) - CLOCK_SLACK_MS
        self._listening.start()
        self._screen.tell("starting")
        view = self._case.open(options, channels, capabilities)
        if view is not None:
            self._adopt(view)

    # Waiting

    def _nap(self) -> float:
        """Seconds until something must be done without a message."""
        now = self._clock.monotonic()
        if now < self._hold_off.until:
            return self._hold_off.until - now
        times = [now + LONGEST_NAP]
        if self._case.view is not None:
            times += self._inbox.due(self._case.view, self._agenda, now)
        if self._wanted:
            times.append(now)
        if not self._call_rings():
            times.append(self._agenda.look_at)
        times += [time for time in (self._listening.log_due, self._reports.due) if time is not None]
        return max(0.0, min(times) - now)

    def _call_rings(self) -> bool:
        """While the expected call rings, the server need not be asked anything."""
        return self._case.flash is not None and self._inbox.ringing

    def _note(self, messages: Sequence[Message]) -> None:
        """Remember what messages say; nothing is sent here."""
        now = self._clock.monotonic()
        for message in messages:
            if isinstance(message, Prepared):
                self._listening.prepared(message)
            elif isinstance(message, Heard):
                self._hear(message, now)
            elif isinstance(message, Wanted):
                self._wanted.append(message)
            elif isinstance(message, Awake):
                self._listening.read_log_after(now, (0.0,))
                self._agenda.look_after(now, 0.0)
            elif isinstance(message, Stop) or message.code is None:
                raise StoppedError
            else:
                self._inbox.take_code(message)
                if self._case.view is not None and self._case.view.code is None:
                    # The message overtook the news that it was sent.
                    self._agenda.look_after(now, 0.0)

    def _hear(self, message: Heard, now: float) -> None:
        event = message.event
        self._inbox.hear(message.source, event, now, measured=self._listening.measures(message.source))
        if event.kind == "ended" and event.basis != "manual":
            self._listening.read_log_after(now)
        if event.kind != "ringing" and event.withheld and self._case.flash is not None:
            self._agenda.look_after(now, *WITHHELD_LOOKS)
        if self._call_rings():
            self._screen.rings()

    # Acting

    def _act(self) -> None:
        """Do what is due. A server that cannot answer is left alone for a while, and nothing is lost."""
        now = self._clock.monotonic()
        if now < self._hold_off.until:
            return
        try:
            self._act_now(now)
        except ServerUnreachableError as error:
            self._hold(now, None, error)
        except ProblemError as problem:
            waiting_helps = isinstance(problem, (TooEarlyError, RateLimitedError)) or problem.status >= 500
            if not waiting_helps:
                raise
            self._hold(now, problem.retry_after, problem)
        else:
            self._hold_off.over()

    def _hold(self, now: float, seconds: float | None, error: RingproofError) -> None:
        if self._agenda.is_over(now):
            raise VerificationExpiredError("The time is over", verification=self._case.id) from error
        self._hold_off.extend(self._clock.monotonic(), seconds, self._agenda.over_at)
        if isinstance(error, ServerUnreachableError):
            self._screen.tell("offline")

    def _act_now(self, now: float) -> None:
        due = self._listening.log_due
        if due is not None and due <= now:
            for source, rows in self._listening.log(now, self._since_wall_ms):
                self._inbox.recall(source, rows, now)
        if self._wanted:
            self._switch(self._wanted[0])
            del self._wanted[0]
        else:
            self._report_what_is_known(now)
        if not self._case.finished and self._agenda.look_at <= now and not self._call_rings():
            self._adopt(self._case.look())

    def _switch(self, wanted: Wanted) -> None:
        answer = self._case.move_on(wanted.channel)
        if isinstance(answer, ProblemError):
            self._screen.tell("refused", answer.retry_after)
            return
        self._adopt(answer)
        self._reports.found()

    def _report_what_is_known(self, now: float) -> None:
        view = self._case.view
        assert view is not None
        until = self._reports.due
        if until is not None:
            self._report_missed_call(now, until)
        if self._inbox.drop_known(view):
            self._screen.tell("wrong")
            self._screen.ask_again(self._agenda.step, wrong=True)
            return
        if self._inbox.drop_slip(view):
            self._screen.ask_again(self._agenda.step, wrong=True)
            return
        proof = self._inbox.proof(view, self._agenda, now)
        if proof is not None:
            self._confirm(proof)

    def _report_missed_call(self, now: float, until: float) -> None:
        call = self._inbox.late_call(now)
        if call is not None:
            self._reports.late(self._case.session, call)
        elif now >= until:
            self._reports.none(self._case.session)

    def _confirm(self, proof: Proof) -> None:
        step = self._agenda.step
        self._screen.tell("checking")
        try:
            answer = self._case.prove(proof.facts)
        except AlreadyFinishedError:
            self._inbox.sent(proof)
            self._adopt(self._case.look())
            return
        wrong = answer is None or answer.result == "mismatch"
        # Only now, so that evidence outlives a dead network.
        self._inbox.sent(proof, wrong=wrong)
        if answer is not None:
            self._adopt(answer.verification)
        if proof.call is not None:
            self._reports.found()
        if wrong:
            self._screen.tell("wrong")
        self._screen.ask_again(step, wrong=wrong)

    # Steps

    def _adopt(self, view: Verification) -> None:
        """Take over what the server says, and enter the step it is in."""
        now = self._clock.monotonic()
        awaited, intercept = self._case.flash, self._agenda.intercept_until
        self._case.adopt(view)
        fresh = self._agenda.update(view, now)
        if not view.finished and self._agenda.is_over(now):
            self._give_up()
            raise VerificationExpiredError("The time is over", verification=view.id)
        timed_out = self._case.flash is None and intercept is not None and now >= intercept
        if (
            timed_out
            and awaited is not None
            and self._listening.hears(awaited)
            and self._agenda.report_until is not None
        ):
            self._reports.missed(self._agenda.report_until)
        if fresh and not view.finished:
            self._enter(view, now)

    def _enter(self, view: Verification, now: float) -> None:
        flash = view.flashcall
        if flash is not None:
            self._reports.found()
            self._inbox.expect(flash)
            last = max(0.0, flash.interception_timeout - LAST_MOMENT)
            self._listening.read_log_after(now, (0.0, *(time for time in CALL_LOOKS if time < last), last))
        elif view.code is not None and not self._listening.takes_codes:
            self._give_up()
            raise VerificationFailedError(
                "A code was sent, and nobody is here to enter it", verification=view.id, reason="no_codes"
            )
        self._screen.enter(view)

    # Ending

    def _give_up(self) -> None:
        """Listen no more, and tell the server so, which may take a while."""
        self._listening.stop()
        self._case.close()

    def _end(self) -> Verified:
        if self._reports.due is not None:
            self._reports.none(self._case.session)
        verified = self._case.verified()
        self._screen.tell("verified")
        return verified
