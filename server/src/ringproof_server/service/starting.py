"""Starting a verification: policy, limits and budgets first, then plan, caller ID and attempt in one go."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ringproof_rcml import is_app_hash
from ringproof_server.domain.application import Application, Caller
from ringproof_server.domain.errors import (
    AlreadyFinished,
    CountryNotAllowed,
    GuessBudgetExhausted,
    InvalidRequest,
    NoChannelAvailable,
    NumberNotAllowed,
    RateLimited,
    ServiceUnavailable,
)
from ringproof_server.domain.fictitious import is_fictitious
from ringproof_server.domain.phone_number import NumberKind, PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Capabilities, Status, Verification
from ringproof_server.ports import ChallengeClaims, Session
from ringproof_server.service.change import Aftermath, Change
from ringproof_server.service.claims import transaction_claim
from ringproof_server.service.devices import channels_without_device
from ringproof_server.service.hooks import Hooks, Terms
from ringproof_server.service.outlook import progress_of
from ringproof_server.service.parts import Parts
from ringproof_server.service.payments import paying
from ringproof_server.service.planning import Planner, Situation
from ringproof_server.service.progress import Progress
from ringproof_server.service.repeats import Repeats
from ringproof_server.service.requests import IdempotencyKey, StartRequest
from ringproof_server.service.rivals import require_no_rival
from ringproof_server.service.routing import Routing
from ringproof_server.service.spacing import DAY
from ringproof_server.service.steps import Steps

REFUSED_KINDS = frozenset(
    {
        NumberKind.PREMIUM,
        NumberKind.SHARED_COST,
        NumberKind.PAGER,
        NumberKind.UAN,
        NumberKind.VOICEMAIL,
        NumberKind.PERSONAL,
        NumberKind.TOLL_FREE,
        NumberKind.UNKNOWN,
    }
)
"""Numbers whose calls cost the caller extra, or that no person's phone answers to."""


@dataclass(frozen=True, slots=True)
class Started:
    progress: Progress
    aftermath: Aftermath | None


class Starting:
    """Carries out `POST /v1/verifications`."""

    def __init__(self, parts: Parts, planner: Planner, steps: Steps) -> None:
        self._parts = parts
        self._planner = planner
        self._steps = steps
        self._routing = Routing(parts.carriers, parts.config.routes, parts.random)
        self._hooks = Hooks(parts)
        self._repeats = Repeats(parts.seals)

    def start(self, caller: Caller, request: StartRequest, idempotency: IdempotencyKey | None) -> Started:
        """Store a new verification with its first attempt; never waits for a carrier.

        It waits for the application's own decision where that was asked for. Raises the errors of policy,
        limits and budgets; nothing is stored then.
        """
        number = PhoneNumber.parse(request.phone_number)
        if request.code_challenge is None and not caller.is_secret:
            raise InvalidRequest(
                "a publishable key needs a code challenge",
                faults=(("code_challenge", "required with a publishable key"),),
            )
        replayed = self._replay(caller, idempotency)
        if replayed is not None:
            return replayed
        _require_trust(caller, request)
        _require_app_hash(request.capabilities)
        caller = paying(caller, request.transaction)
        policy = caller.application.policy
        self._require_allowed(policy, number, self._parts.clock.now())
        self._limit_address(caller, policy, number)
        terms = self._hooks.ask(caller, request, number, self._counted_address(caller))
        now = self._parts.clock.now()
        return self._parts.storage.write(
            lambda session: self._store(session, terms, number, idempotency, now)
        )

    def challenge(self, verification: Verification) -> str:
        """The challenge of a verification; the same text every time."""
        claims = ChallengeClaims(
            verification_id=verification.id,
            application_id=verification.application_id,
            code_challenge=verification.code_challenge,
            issued_at=verification.created_at,
            expires_at=verification.expires_at,
            transaction=transaction_claim(verification.transaction),
        )
        return self._parts.tokens.sign_challenge(claims)

    def _replay(self, caller: Caller, idempotency: IdempotencyKey | None) -> Started | None:
        """What an earlier request with this idempotency key started, so that it counts against no limit."""
        if idempotency is None:
            return None
        return self._parts.storage.read(lambda session: self._started_before(session, caller, idempotency))

    def _started_before(
        self, session: Session, caller: Caller, idempotency: IdempotencyKey | None
    ) -> Started | None:
        known = self._repeats.recalled(session, caller, idempotency)
        if known is None:
            return None
        verification = session.verifications.get(known.verification_id)
        if verification is None:
            raise AlreadyFinished("what this request started has been deleted")
        attempts = session.verifications.attempts(verification.id)
        now = self._parts.clock.now()
        return Started(progress_of(session, caller.application, verification, attempts, now), None)

    def _require_allowed(self, policy: Policy, number: PhoneNumber, now: datetime) -> None:
        if is_fictitious(number.e164):
            until = self._parts.config.fictitious_until
            if until is None or now.date() > until:
                raise NumberNotAllowed("fictitious numbers are not enabled on this server")
            return
        if number.kind in REFUSED_KINDS:
            raise NumberNotAllowed("numbers of this kind are not served")
        if not policy.allows_country(number.region):
            raise CountryNotAllowed("numbers of this country are not served")

    def _limit_address(self, caller: Caller, policy: Policy, number: PhoneNumber) -> None:
        """Limits per network address; a back end's address says nothing about its users."""
        address = self._counted_address(caller)
        if address is None:
            return
        limiter = self._parts.limiter
        key = f"{caller.application.id}:{address}"
        wait = limiter.hit("starts_per_ip_hour", key, policy.starts_per_ip_hour, 3600)
        if wait is None:
            country = number.region or str(number.country_code)
            of_country = f"{key}:{country}"
            if limiter.look("country_of_ip", of_country, 1, 86_400) is None:
                wait = limiter.hit("countries_per_ip_day", key, policy.countries_per_ip_day, 86_400)
                if wait is None:
                    limiter.hit("country_of_ip", of_country, 1, 86_400)
        if wait is not None:
            raise RateLimited("too many verifications from this address", retry_after=wait)

    def _counted_address(self, caller: Caller) -> str | None:
        """The address of an app or a page; None for back ends, and for this machine where that is set."""
        address = caller.address
        if caller.is_secret or address is None:
            return None
        return None if not self._parts.config.counts_loopback and _is_loopback(address) else address

    def _client_of(self, caller: Caller) -> str | None:
        address = self._counted_address(caller)
        return None if address is None else self._parts.seals.digest("client", address).hex()[:32]

    def _store(
        self,
        session: Session,
        terms: Terms,
        number: PhoneNumber,
        idempotency: IdempotencyKey | None,
        now: datetime,
    ) -> Started:
        caller, request = terms.caller, terms.request
        replayed = self._started_before(session, caller, idempotency)
        if replayed is not None:
            return replayed
        limit = self._parts.config.queue_limit
        if session.verifications.count_queued(limit) >= limit:
            raise ServiceUnavailable("too many attempts are waiting", retry_after=5)
        application = caller.application
        client = self._client_of(caller)
        require_no_rival(
            session,
            application,
            number,
            now,
            reference=request.reference,
            client=client,
            challenged=request.code_challenge is not None,
        )
        verification = replace(self._planned(session, caller, request, number, now), client=client)
        change = Change.new(session, application, verification, now)
        if terms.note is not None:
            change.note("start_decided", **terms.note)
        for skip in verification.plan.skipped:
            change.note("channel_skipped", channel=skip.channel, reason=skip.reason)
        if not any(self._steps.begin(change, index) for index in range(len(verification.plan.steps))):
            raise NoChannelAvailable("no caller ID is free for this number")
        aftermath = change.save()
        session.ledger.reserve(number, verification.id, verification.plan.guess_probability(), now)
        self._repeats.remember(session, caller, idempotency, verification.id, now)
        progress = progress_of(session, application, change.verification, change.attempts, now)
        return Started(progress, aftermath)

    def _planned(
        self,
        session: Session,
        caller: Caller,
        request: StartRequest,
        number: PhoneNumber,
        now: datetime,
    ) -> Verification:
        application = caller.application
        situation = self._situation(session, application, number, now)
        without_device = channels_without_device(session, caller, number, request)
        if without_device:
            situation = replace(situation, without_device=without_device)
        plan = self._planner.plan(session, situation, request)
        expires_at = now + timedelta(seconds=application.policy.ttl)
        return Verification(
            id=self._parts.random.identifier("vrf_"),
            application_id=application.id,
            number=number,
            status=Status.PENDING,
            reference=request.reference,
            nonce=request.nonce,
            language=request.language,
            code_challenge=request.code_challenge,
            capabilities=self._believed(request.capabilities, application),
            transaction=request.transaction,
            recipients=request.recipients,
            plan=plan,
            created_at=now,
            expires_at=expires_at,
            wake_at=expires_at,
        )

    def _believed(self, capabilities: Capabilities, application: Application) -> Capabilities:
        """The capabilities without a web origin that is not the application's own.

        The origin binds the code in a text message to a site (WebOTP); with a stranger's, our message would
        vouch for the stranger's page. Without one the message is as good for people, so nothing is refused.
        """
        origin = capabilities.web_origin
        if origin is None or origin in {*application.allowed_origins, self._parts.config.public_url}:
            return capabilities
        return replace(capabilities, web_origin=None)

    def _situation(
        self, session: Session, application: Application, number: PhoneNumber, now: datetime
    ) -> Situation:
        """What the number's past leaves of its guess budget, whoever asks now."""
        policy = application.policy
        if session.ledger.failures(number) >= policy.max_failures_in_a_row:
            raise GuessBudgetExhausted("there were too many wrong answers in a row for this number")
        spent = session.ledger.spent(number, now - timedelta(seconds=policy.guess_window))
        left = policy.number_guess_budget - spent
        return Situation(
            application=application,
            number=number,
            now=now,
            history=session.verifications.attempts_to(number, now - DAY),
            allowance=min(policy.max_guess_probability, left),
            number_is_short=left < policy.max_guess_probability,
            routing=self._routing,
        )


def _require_trust(caller: Caller, request: StartRequest) -> None:
    """What an app or a page may not say: it could name its own address and prove nothing by it."""
    if request.recipients and not caller.is_secret:
        raise InvalidRequest(
            "only a secret key may name recipients",
            faults=(("recipients", "not allowed with a publishable key"),),
        )


def _require_app_hash(capabilities: Capabilities) -> None:
    app_hash = capabilities.sms_app_hash
    if app_hash is not None and not is_app_hash(app_hash):
        raise InvalidRequest(
            "the app hash is not one of SMS Retriever",
            faults=(("capabilities.sms_app_hash", "must be the 11 characters that SMS Retriever computes"),),
        )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
