"""`verify` from the first dialog to the token.

One thread does everything, the one that calls `result()`. Sources and other threads only leave messages.
Between two actions it waits for the next message or the next deadline, whichever comes first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ringproof._agenda import CALL_LOOKS, GRACE, LAST_MOMENT, Agenda, HoldOff
from ringproof._calls import CallSources, CodeAsker, CodeRequest, ExpectedCall
from ringproof._errors import (
    AlreadyFinishedError,
    ChallengeExpiredError,
    InvalidRequestError,
    NotVerifiedError,
    ProblemError,
    RateLimitedError,
    RingproofError,
    ServerUnreachableError,
    TooEarlyError,
    VerificationCancelledError,
    VerificationExpiredError,
    VerificationFailedError,
    not_verified,
)
from ringproof._evidence import Inbox, Proof
from ringproof._listening import Awake, Heard, Listening, Prepared, code_source_of, sources_of
from ringproof._models import Confirmation, FlashCall, Session, Verification, Verified, number_in
from ringproof._post import Message, Post, Stop, StoppedError, Wanted
from ringproof._progress import Progress, ProgressKind, StartOptions
from ringproof._retry import NEVER
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
FAREWELL_TIMEOUT = 5.0


class VerificationRun:
    """One `verify`. `result` may be called once; `switch` and `cancel` from any thread at any time."""

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
        self._post = Post(clock)
        self._client = client.patient(pause=self._post.pause)
        self._number = number
        self._clock = clock
        self._options = options
        self._on_progress = on_progress
        self._listening = Listening(sources_of(calls), code_source_of(codes, clock), self._post.put)
        self._inbox = Inbox()
        self._agenda = Agenda()
        self._reports = CallReports(client, clock)
        self._used = False
        self._session: Session | None = None
        self._view: Verification | None = None
        self._confirmation: Confirmation | None = None
        self._evidence: Mapping[str, object] | None = None
        self._once: str | None = None
        self._wanted: list[Wanted] = []
        self._since_wall_ms = 0
        self._hold_off = HoldOff()
        self._rang: object = None

    def result(self) -> Verified:
        """Verify. See `Ringproof.verify` for what it returns and raises."""
        if self._used:
            raise RuntimeError("A verification can be run once; begin another one")
        self._used = True
        try:
            self._prepare()
            self._start()
            while self._view is not None and not self._view.finished:
                self._note(self._post.take(self._nap()))
                self._act()
            return self._end()
        except StoppedError:
            self._cancel_at_server()
            session = self._session.id if self._session else None
            raise VerificationCancelledError("The verification was cancelled", verification=session) from None
        except ChallengeExpiredError as problem:
            raise VerificationExpiredError("The time is over", verification=problem.verification) from problem
        except BaseException as error:
            if not isinstance(error, NotVerifiedError):
                self._cancel_at_server()
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
        self._tell("preparing")
        self._listening.prepare()
        deadline = self._clock.monotonic() + PERMISSION_TIMEOUT
        while self._listening.waiting and (left := deadline - self._clock.monotonic()) > 0:
            self._note(self._post.take(left))

    def _start(self) -> None:
        options = self._options
        capabilities = self._listening.capabilities()
        if options.sms_app_hash:
            capabilities["sms_app_hash"] = options.sms_app_hash
        channels = options.channels
        if channels is None and not self._listening.takes_codes:
            channels = ("flashcall",)
        self._since_wall_ms = round(self._clock.wall() * 1000) - CLOCK_SLACK_MS
        self._listening.start()
        self._tell("starting")
        self._session = self._client.start(
            self._number,
            channels=channels,
            language=options.language,
            reference=options.reference,
            nonce=options.nonce,
            capabilities=capabilities,
            transaction=options.transaction,
        )
        if self._session.verification is not None:
            self._adopt(self._session.verification)

    # Waiting

    def _nap(self) -> float:
        """Seconds until something must be done without a message."""
        now = self._clock.monotonic()
        if now < self._hold_off.until:
            return self._hold_off.until - now
        times = [now + LONGEST_NAP]
        if self._view is not None:
            times += self._inbox.due(self._view, self._agenda, now)
        if self._wanted:
            times.append(now)
        if not self._call_rings():
            times.append(self._agenda.look_at)
        times += [time for time in (self._listening.log_due, self._reports.due) if time is not None]
        return max(0.0, min(times) - now)

    def _call_rings(self) -> bool:
        """While the expected call rings, the server need not be asked anything."""
        return self._flash is not None and self._inbox.ringing

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
                if self._view is not None and self._view.code is None:
                    # The message overtook the news that it was sent.
                    self._agenda.look_after(now, 0.0)

    def _hear(self, message: Heard, now: float) -> None:
        event = message.event
        self._inbox.hear(message.source, event, now)
        if event.kind == "ended" and event.basis != "manual":
            self._listening.read_log_after(now)
        if event.kind != "ringing" and event.withheld and self._flash is not None:
            self._agenda.look_after(now, *WITHHELD_LOOKS)
        if self._call_rings() and self._rang != self._agenda.step:
            self._rang = self._agenda.step
            self._tell("ringing")

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
        expires = self._agenda.expires_at
        if expires is not None and now > expires + GRACE:
            raise VerificationExpiredError("The time is over", verification=self._ours().id) from error
        self._hold_off.extend(self._clock.monotonic(), seconds, expires)
        if isinstance(error, ServerUnreachableError):
            self._tell("offline")

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
        finished = self._view is None or self._view.finished
        if not finished and self._agenda.look_at <= now and not self._call_rings():
            self._adopt(self._client.get(self._ours()))

    def _switch(self, wanted: Wanted) -> None:
        try:
            view = self._client.next(self._ours(), wanted.channel)
        except AlreadyFinishedError:
            view = self._client.get(self._ours())
        except ChallengeExpiredError:
            raise
        except ProblemError as problem:
            if problem.status >= 500:
                raise
            self._tell("refused", problem.retry_after)
            return
        self._adopt(view)
        self._reports.found()

    def _report_what_is_known(self, now: float) -> None:
        view = self._view
        assert view is not None
        until = self._reports.due
        if until is not None:
            self._report_missed_call(now, until)
        if self._inbox.drop_slip(view):
            self._ask_again(self._agenda.step, wrong=True)
            return
        proof = self._inbox.proof(view, self._agenda, now)
        if proof is not None:
            self._confirm(proof)

    def _report_missed_call(self, now: float, until: float) -> None:
        call = self._inbox.late_call(now)
        if call is not None:
            self._reports.late(self._ours(), call)
        elif now >= until:
            self._reports.none(self._ours())

    def _confirm(self, proof: Proof) -> None:
        if self._once is None or proof.facts != self._evidence:
            self._evidence, self._once = proof.facts, self._client.new_idempotency_key()
        step = self._agenda.step
        self._tell("checking")
        wrong = True
        try:
            answer = self._client.confirm(self._ours(), proof.facts, idempotency_key=self._once)
        except AlreadyFinishedError:
            self._judged(proof)
            self._adopt(self._client.get(self._ours()))
            return
        except InvalidRequestError:
            # Something no channel can ever have sent: as wrong as any other wrong answer.
            self._judged(proof)
        else:
            # Only now, so that evidence outlives a dead network.
            self._judged(proof)
            wrong = answer.result == "mismatch"
            self._confirmation = answer if answer.token is not None else self._confirmation
            self._adopt(answer.verification)
        if proof.call is not None:
            self._reports.found()
        if wrong:
            self._tell("wrong")
        self._ask_again(step, wrong=wrong)

    def _judged(self, proof: Proof) -> None:
        self._inbox.sent(proof)
        self._once = None

    def _ask_again(self, step: object, *, wrong: bool) -> None:
        """After an answer that did not do, ask the person once more, if the step goes on."""
        view = self._view
        if view is None or view.finished or self._agenda.step != step:
            return
        if view.flashcall is not None:
            self._expect(view.flashcall, wrong=wrong)
        elif view.code is not None:
            self._ask_code(wrong=wrong)

    # Steps

    @property
    def _flash(self) -> FlashCall | None:
        """The call that is expected now."""
        return self._view.flashcall if self._view is not None and not self._view.finished else None

    def _adopt(self, view: Verification) -> None:
        """Take over what the server says, and enter the step it is in."""
        now = self._clock.monotonic()
        was_flash, intercept = self._flash is not None, self._agenda.intercept_until
        self._view = view
        fresh = self._agenda.update(view, now)
        timed_out = was_flash and self._flash is None and intercept is not None and now >= intercept
        if timed_out and self._listening.hears_calls and self._agenda.report_until is not None:
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
            self._expect(flash, wrong=False)
            self._tell("calling")
        elif view.code is not None:
            if not self._listening.takes_codes:
                self._cancel_at_server()
                raise VerificationFailedError(
                    "A code was sent, and nobody is here to enter it", verification=view.id, reason="no_codes"
                )
            # In this order, so that the field is there when the screen says so.
            self._ask_code(wrong=False)
            self._tell("code")
        else:
            self._tell("keypad" if view.keypad is not None else "waiting")

    def _expect(self, flash: FlashCall, *, wrong: bool) -> None:
        pattern = flash.caller_id_pattern
        self._listening.expect(
            ExpectedCall(pattern.prefix, flash.digits_to_type, flash.call, flash.calls, wrong, pattern.length)
        )

    def _ask_code(self, *, wrong: bool) -> None:
        view = self._view
        assert view is not None
        self._listening.ask(
            CodeRequest(
                channel=view.channel or "sms",
                length=view.code.length if view.code else None,
                wrong=wrong,
                checks_left=view.checks_left,
                wait=max(0.0, self._agenda.check_at - self._clock.monotonic()),
            )
        )

    # Ending

    def _end(self) -> Verified:
        view = self._view
        assert view is not None
        if self._reports.due is not None:
            self._reports.none(self._ours())
        if view.status == "verified":
            token = self._token()
            self._tell("verified")
            number = number_in(token) or self._number
            return Verified(token, number, view.channel, view, self._ours())
        raise not_verified(view.status, view.id, view.reason)

    def _token(self) -> str:
        """The proof; fetched by repeating the evidence when the answer that held it was lost."""
        if self._confirmation is not None and self._confirmation.token is not None:
            return self._confirmation.token
        channel = self._view.channel if self._view else None
        answer = self._client.confirm(self._ours(), self._evidence or {"channel": channel or "flashcall"})
        if answer.token is None:
            raise VerificationFailedError("Verified, but not by this client", verification=self._ours().id)
        return answer.token

    def _cancel_at_server(self) -> None:
        """Best effort: the server ends it by itself when its time is over."""
        if self._session is None or (self._view is not None and self._view.finished):
            return
        with contextlib.suppress(RingproofError):
            self._client.patient(retry=NEVER, timeout=FAREWELL_TIMEOUT).cancel(self._session)

    def _ours(self) -> Session:
        assert self._session is not None
        return self._session

    def _tell(self, kind: ProgressKind, seconds: float | None = None) -> None:
        if self._on_progress is not None:
            self._on_progress(Progress(kind, self._view, seconds))
