"""The client: one method for each thing the server can be asked, and `verify`, which does them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ringproof._calls import Basis, CallSources, CodeAsker, CodeOrigin, Quality
from ringproof._errors import UnexpectedAnswerError
from ringproof._models import (
    Confirmation,
    Session,
    Verification,
    Verified,
    confirmation_from,
    verification_from,
)
from ringproof._pkce import challenge_of, new_verifier
from ringproof._retry import Exchange, Retry
from ringproof._system import Clock, Random, SystemClock, SystemRandom
from ringproof._transport import Request, Transport, UrllibTransport, check_url

if TYPE_CHECKING:
    from ringproof._devices import EnrolledDevice
    from ringproof._flow import VerificationRun
    from ringproof._progress import Cancellation, Progress

_LONGEST_INPUT = 64


class Ringproof:
    """Verifies phone numbers with a Ringproof server. Holds no state; usable from any number of threads.

    `server` is its https:// address (http:// only for this machine, or with `allow_http`). `key` is a
    publishable key `rp_pk_…`, which may be shipped in an app, or on a back end a secret key `rp_sk_…`.
    `language` (BCP 47) is what people hear and read; `timeout` bounds one request, in seconds.
    `transport`, `clock`, `random` and `retry` replace the network, the time, the dice and the patience.

    Raises InsecureServerError for an address that the key must not be sent to, ValueError for an impossible
    key. Every method that talks to the server may raise ServerUnreachableError, UnexpectedAnswerError and
    ProblemError.
    """

    def __init__(
        self,
        server: str,
        key: str,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        retry: Retry | None = None,
        language: str | None = None,
        timeout: float = 10.0,
        allow_http: bool = False,
    ) -> None:
        check_url(server, allow_http=allow_http)
        if len(key) > 512 or not _fits_a_header(key):
            raise ValueError("The key must look like rp_pk_… or rp_sk_…")
        self._server = server.rstrip("/")
        self._key = key
        self._clock: Clock = clock or SystemClock()
        self._random: Random = random or SystemRandom()
        self._transport = transport or UrllibTransport(allow_http=allow_http, clock=self._clock)
        self._retry = retry or Retry()
        self._pause: Callable[[float], None] = self._clock.sleep
        self._language = language
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Ringproof({self._server!r})"

    def patient(
        self, *, retry: Retry | None = None, pause: Callable[[float], None] | None = None, timeout: float = 0
    ) -> Ringproof:
        """The same client with another patience; `pause` waits between two tries, in seconds."""
        twin = object.__new__(Ringproof)
        twin.__dict__.update(self.__dict__)
        twin._retry = retry or self._retry
        twin._pause = pause or self._pause
        twin._timeout = timeout or self._timeout
        return twin

    def verify(
        self,
        number: str,
        calls: CallSources = None,
        codes: CodeAsker = None,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        cancellation: Cancellation | None = None,
        channels: Sequence[str | Mapping[str, object]] | None = None,
        language: str | None = None,
        reference: str | None = None,
        nonce: str | None = None,
        sms_app_hash: str | None = None,
        transaction: Mapping[str, str] | None = None,
    ) -> Verified:
        """Verify a number from the first dialog to the token; returns when it is proved.

        Listens at `calls` (one source or several) before the call is ordered, reports the call that fits,
        follows the server to its next channel, and asks for codes through `codes`: a CodeSource, or a
        function that gets a CodeRequest and returns what was typed (None: given up). Without `codes` only a
        flash call is tried. `on_progress` is called on this thread. Blocks for minutes at most; another
        thread ends it through `cancellation`, which takes effect within one request's timeout.

        Raises NotVerifiedError when it ended otherwise, and the errors of `start`.
        """
        run = self.begin(
            number,
            calls,
            codes,
            on_progress=on_progress,
            channels=channels,
            language=language,
            reference=reference,
            nonce=nonce,
            sms_app_hash=sms_app_hash,
            transaction=transaction,
        )
        if cancellation is not None:
            cancellation.attach(run.cancel)
        return run.result()

    def begin(
        self,
        number: str,
        calls: CallSources = None,
        codes: CodeAsker = None,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        channels: Sequence[str | Mapping[str, object]] | None = None,
        language: str | None = None,
        reference: str | None = None,
        nonce: str | None = None,
        sms_app_hash: str | None = None,
        transaction: Mapping[str, str] | None = None,
    ) -> VerificationRun:
        """`verify` as an object: `result()` does the work on the thread that calls it, other threads
        may `switch` the channel or `cancel`. Nothing is sent before `result()`.
        """
        from ringproof._flow import VerificationRun
        from ringproof._progress import StartOptions

        options = StartOptions(
            channels=tuple(channels) if channels is not None else None,
            language=language,
            reference=reference,
            nonce=nonce,
            sms_app_hash=sms_app_hash,
            transaction=transaction,
        )
        return VerificationRun(
            self,
            number,
            clock=self._clock,
            calls=calls,
            codes=codes,
            on_progress=on_progress,
            options=options,
        )

    def start(
        self,
        number: str,
        *,
        channels: Sequence[str | Mapping[str, object]] | None = None,
        language: str | None = None,
        reference: str | None = None,
        nonce: str | None = None,
        capabilities: Mapping[str, object] | None = None,
        transaction: Mapping[str, str] | None = None,
        recipients: Mapping[str, str] | None = None,
    ) -> Session:
        """Start a verification of an E.164 number. Whoever listens for calls must be listening already.

        `capabilities` says what this phone can do (`caller_id`, `ring_time`: bool; `sms_app_hash`,
        `web_origin`: str). `nonce` comes back in the token, for a back end that has made it. An entry of
        `channels` is a name, or a mapping with `channel`, `timeout` (s) and `advance`. `recipients` are
        addresses on channels that do not go by number (`messenger`), for back ends with a secret key only.

        Raises InvalidPhoneNumberError, NumberNotAllowedError, CountryNotAllowedError, OptedOutError,
        ConcurrentVerificationError, NoChannelAvailableError, RateLimitedError and others.
        """
        body: dict[str, object] = {"phone_number": _bounded(number)}
        verifier = None
        if not self._key.startswith("rp_sk_"):
            verifier = new_verifier(self._random)
            body["code_challenge"] = challenge_of(verifier)
            body["code_challenge_method"] = "S256"
        optional = {
            "channels": list(channels) if channels is not None else None,
            "language": language or self._language,
            "reference": reference,
            "nonce": nonce,
            "capabilities": dict(capabilities) if capabilities else None,
            "transaction": dict(transaction) if transaction else None,
            "recipients": dict(recipients) if recipients else None,
        }
        body.update({name: value for name, value in optional.items() if value is not None})
        answer = self._send("POST", "/v1/verifications", body=body)
        view = verification_from(answer)
        challenge = answer.get("challenge")
        if not isinstance(challenge, str) or not _fits_a_header(challenge):
            if verifier is not None:
                raise UnexpectedAnswerError("The server sent no challenge")
            challenge = None
        return Session(view.id, challenge, verifier, view)

    def confirm_call(
        self,
        session: Session,
        caller_id: str,
        *,
        ring_ms: int | None = None,
        answered: bool | None = None,
        basis: Basis = "phone_state",
        quality: Quality = "live",
    ) -> Confirmation:
        """Report the call that came: the number as the network wrote it (empty: withheld) and the ring time.

        A wrong number is an answer with `result="mismatch"`, not an exception.
        """
        evidence: dict[str, object] = {"channel": "flashcall", "caller_id": caller_id[:_LONGEST_INPUT]}
        if ring_ms is not None:
            evidence["ring_ms"] = ring_ms
        if answered is not None:
            evidence["answered"] = answered
        return self.confirm(session, {**evidence, "basis": basis, "quality": quality})

    def confirm_digits(self, session: Session, last_digits: str) -> Confirmation:
        """Report the last digits that a person read off the screen."""
        return self.confirm(session, {"channel": "flashcall", "last_digits": _bounded(last_digits)})

    def confirm_code(
        self, session: Session, code: str, *, channel: str = "sms", source: CodeOrigin = "manual"
    ) -> Confirmation:
        """Report a code from a message, a spoken code, or one of an authenticator."""
        return self.confirm(session, {"channel": channel, "code": _bounded(code), "source": source})

    def confirm_keypad(self, session: Session) -> Confirmation:
        """Get the token for digits that were typed in the call.

        Before they were, the answer has `result="more_evidence"`; `get` says in `keypad.typed` whether they
        were.
        """
        return self.confirm(session, {"channel": "keypad"})

    def confirm(
        self, session: Session, evidence: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> Confirmation:
        """Report evidence of any channel. After success the same proof gets the same answer again.

        A wrong answer that is reported twice counts twice, unless both have the same `idempotency_key`; one
        is made for each call when none is given.
        """
        body = {"evidence": dict(evidence), **_possession(session)}
        answer = self._send(
            "POST", f"{_path(session)}/confirm", body=body, wait_for_turn=True, once=idempotency_key
        )
        return confirmation_from(answer)

    def enrol(
        self,
        session: Session,
        kind: Literal["totp"] = "totp",
        *,
        label: str | None = None,
        idempotency_key: str | None = None,
    ) -> EnrolledDevice:
        """Enrol an authenticator for the number that was just proved; later its codes prove the number.

        Once for each verification, within five minutes after its success; after `verify` the session is
        `Verified.session`. `label` is the operator's own name for the device. The secret is told this once:
        whoever lost the answer gets it again with the same `idempotency_key`.

        Raises TooEarlyError before success; AlreadyFinishedError when that is too long ago, a device proved
        the number itself, or one was enrolled before; VerifierMismatchError and the challenge's errors when
        another client started the verification.
        """
        from ringproof._devices import enrolled_from

        body = {"kind": kind, **_possession(session)}
        if label is not None:
            body["label"] = label
        return enrolled_from(self._send("POST", f"{_path(session)}/devices", body=body, once=idempotency_key))

    def new_idempotency_key(self) -> str:
        """A key for one logical request, however often it is sent."""
        return self._random.token(16).hex()

    def next(self, session: Session, channel: str | None = None) -> Verification:
        """Ask for the next step now, or for a channel by name.

        Raises TooEarlyError (`retry_after` says when) and NoStepsLeftError.
        """
        body = {"channel": channel} if channel is not None else {}
        return verification_from(self._send("POST", f"{_path(session)}/next", session, body))

    def report(
        self,
        session: Session,
        kind: str,
        *,
        caller_id: str | None = None,
        ring_ms: int | None = None,
        basis: Basis | None = None,
        quality: Quality | None = None,
    ) -> Verification:
        """Tell the operator what became of the call: `no_call`, `late_call` or `seen`. Proves nothing."""
        facts = {
            "caller_id": caller_id[:_LONGEST_INPUT] if caller_id is not None else None,
            "ring_ms": ring_ms,
            "basis": basis,
            "quality": quality,
        }
        body = {"kind": kind, **{name: value for name, value in facts.items() if value is not None}}
        return verification_from(self._send("POST", f"{_path(session)}/reports", session, body))

    def get(self, session: Session) -> Verification:
        """How the verification stands."""
        return verification_from(self._send("GET", _path(session), session))

    def cancel(self, session: Session) -> Verification:
        """End the verification; a call that still rings is hung up."""
        return verification_from(self._send("DELETE", _path(session), session))

    def _send(
        self,
        method: str,
        path: str,
        session: Session | None = None,
        body: Mapping[str, object] | None = None,
        *,
        wait_for_turn: bool = False,
        once: str | None = None,
    ) -> Mapping[str, Any]:
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Accept": "application/json, application/problem+json",
            "User-Agent": "ringproof-python",
        }
        if session is not None and session.challenge is not None:
            headers["Ringproof-Challenge"] = session.challenge
        data = None
        if method == "POST":
            import json

            headers["Content-Type"] = "application/json"
            headers["Idempotency-Key"] = once or self.new_idempotency_key()
            data = json.dumps(body).encode("utf-8")
        exchange = Exchange(self._transport, self._random, self._pause, self._retry)
        request = Request(method, self._server + path, headers, data, self._timeout)
        return exchange.send(request, wait_for_turn=wait_for_turn)


def _fits_a_header(text: str) -> bool:
    """Whether a key or challenge can travel in a header without becoming something else."""
    return 0 < len(text) <= 8192 and text.isascii() and text.isprintable() and " " not in text


def _path(session: Session) -> str:
    from urllib.parse import quote

    return f"/v1/verifications/{quote(session.id, safe='')}"


def _possession(session: Session) -> dict[str, str]:
    """What shows that whoever goes on has started the verification; nothing with a secret key."""
    if session.challenge is None or session.code_verifier is None:
        return {}
    return {"challenge": session.challenge, "code_verifier": session.code_verifier}


def _bounded(text: str) -> str:
    """Something a person typed, short enough to be sent.

    Raises ValueError for what cannot be a number or a code, before it leaves the phone.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST_INPUT:
        raise ValueError(f"Expected 1 to {_LONGEST_INPUT} characters")
    return text
