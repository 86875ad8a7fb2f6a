"""One verification at the server: what it was asked for, what it last said, what it has got as a proof.

Every request of a `verify` about its verification is made here, and none is planned here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ringproof._errors import (
    AlreadyFinishedError,
    ChallengeExpiredError,
    InvalidRequestError,
    ProblemError,
    RingproofError,
    VerificationFailedError,
    not_verified,
)
from ringproof._models import Confirmation, FlashCall, Session, Verification, Verified, number_in
from ringproof._progress import StartOptions
from ringproof._retry import NEVER

if TYPE_CHECKING:
    from ringproof._client import Ringproof

FAREWELL_TIMEOUT = 5.0


class Case:
    """The file of one number: opened once, looked at, proved, closed."""

    def __init__(self, client: Ringproof, number: str) -> None:
        self._client = client
        self._number = number
        self._session: Session | None = None
        self._view: Verification | None = None
        self._confirmation: Confirmation | None = None
        self._facts: Mapping[str, object] | None = None
        self._once: str | None = None

    @property
    def session(self) -> Session:
        """What requests about it need; it must have been opened."""
        assert self._session is not None
        return self._session

    @property
    def id(self) -> str | None:
        """Its id, for errors; None before it was opened."""
        return self._session.id if self._session else None

    @property
    def view(self) -> Verification | None:
        """What the server last said."""
        return self._view

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to be done about it."""
        return self._view is None or self._view.finished

    @property
    def flash(self) -> FlashCall | None:
        """The call that is expected now."""
        return self._view.flashcall if self._view is not None and not self._view.finished else None

    def open(
        self,
        options: StartOptions,
        channels: tuple[str | Mapping[str, object], ...] | None,
        capabilities: Mapping[str, object],
    ) -> Verification | None:
        """Order it. Raises the errors of `Ringproof.start`."""
        self._session = self._client.start(
            self._number,
            channels=channels,
            language=options.language,
            reference=options.reference,
            nonce=options.nonce,
            capabilities=capabilities,
            transaction=options.transaction,
        )
        return self._session.verification

    def adopt(self, view: Verification) -> None:
        """This is how it stands now."""
        self._view = view

    def look(self) -> Verification:
        """Ask how it stands."""
        return self._client.get(self.session)

    def move_on(self, channel: str | None) -> Verification | ProblemError:
        """Ask for the next step, or for a channel by name; what the server said against it, if it did.

        Raises ServerUnreachableError, ChallengeExpiredError, and problems of the server's own.
        """
        try:
            return self._client.next(self.session, channel)
        except AlreadyFinishedError:
            return self.look()
        except ChallengeExpiredError:
            raise
        except ProblemError as problem:
            if problem.status >= 500:
                raise
            return problem

    def prove(self, facts: Mapping[str, object]) -> Confirmation | None:
        """Report evidence; None when the server cannot read it, which is as wrong as any other wrong answer.

        The same evidence again is the same request, until it was `judged`, so that what is lost on the way
        counts once. Raises AlreadyFinishedError when it came too late.
        """
        if self._once is None or facts != self._facts:
            self._facts, self._once = facts, self._client.new_idempotency_key()
        try:
            answer = self._client.confirm(self.session, facts, idempotency_key=self._once)
        except AlreadyFinishedError:
            self._once = None
            raise
        except InvalidRequestError:
            self._once = None
            return None
        self._once = None
        if answer.token is not None:
            self._confirmation = answer
        return answer

    def verified(self) -> Verified:
        """The result.

        Raises NotVerifiedError as the end was another one, VerificationFailedError also when somebody else
        proved the number.
        """
        view = self._view
        assert view is not None
        if view.status != "verified":
            raise not_verified(view.status, view.id, view.reason)
        token = self._token()
        return Verified(token, number_in(token) or self._number, view.channel, view, self.session)

    def _token(self) -> str:
        """The proof; fetched by repeating the evidence when the answer that held it was lost."""
        if self._confirmation is not None and self._confirmation.token is not None:
            return self._confirmation.token
        channel = self._view.channel if self._view else None
        answer = self._client.confirm(self.session, self._facts or {"channel": channel or "flashcall"})
        if answer.token is None:
            raise VerificationFailedError("Verified, but not by this client", verification=self.id)
        return answer.token

    def close(self) -> None:
        """Cancel it as far as possible: the server ends it by itself when its time is over."""
        if self._session is None or (self._view is not None and self._view.finished):
            return
        with contextlib.suppress(RingproofError):
            self._client.patient(retry=NEVER, timeout=FAREWELL_TIMEOUT).cancel(self._session)
