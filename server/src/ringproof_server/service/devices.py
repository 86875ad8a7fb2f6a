"""Enrolling devices after a verification, listing and revoking them."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ringproof_server.domain import totp, web_push
from ringproof_server.domain.application import Caller
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.device import ENROLMENT_TIME, Device, DeviceKind
from ringproof_server.domain.errors import AlreadyFinished, Forbidden, InvalidRequest, NotFound, TooEarly
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.stage import channels_of
from ringproof_server.domain.verification import Status
from ringproof_server.domain.web_push import Subscription
from ringproof_server.ports import Session
from ringproof_server.service.access import require_access, require_verifier
from ringproof_server.service.change import Change
from ringproof_server.service.device_secrets import open_secret, seal_secret
from ringproof_server.service.parts import Parts
from ringproof_server.service.repeats import Repeats
from ringproof_server.service.requests import IdempotencyKey, StartRequest

LISTED_AT_MOST: Final = 20
_MOST_OF: Final = {DeviceKind.TOTP: 1, DeviceKind.PUSH: web_push.MOST_DEVICES}
"""How many devices of a kind a number may have; two authenticators would be twice as easy to guess."""
_BY_DEVICE: Final = frozenset(kind.channel for kind in DeviceKind)
"""Channels that the number itself has no part in, so that a chain of such proofs could outlive all others."""
ENROLLED: Final = "device_enrolled"
"""What the record of a verification says once a device was enrolled after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolRequest:
    """`challenge` and `code_verifier` are required with a publishable key, a `subscription` for push."""

    kind: DeviceKind
    label: str | None = None
    subscription: Subscription | None = None
    challenge: str | None = field(default=None, repr=False)
    code_verifier: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A new device; an authenticator with what its app needs, told this once: Base32, and `otpauth` URI."""

    device: Device
    secret: str | None = field(default=None, repr=False)
    otpauth_uri: str | None = field(default=None, repr=False)


class DeviceService:
    """What clients and back ends may do with devices. Those of another application are `NotFound`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._repeats = Repeats(parts.seals)

    def enrol(
        self,
        caller: Caller,
        verification_id: str,
        request: EnrolRequest,
        idempotency: IdempotencyKey | None,
    ) -> Enrolled:
        """Enrol a device for the number that has just been proved.

        It takes the place of the oldest where the number has as many of the kind as it may have.

        Once for each verification, within five minutes after its success; a repeat with the same idempotency
        key gets the same answer. Challenge and verifier are checked before the database is touched. Raises
        their errors, `InvalidRequest`, `NotFound`, `TooEarly` before the number is proved, else
        `AlreadyFinished`.
        """
        # A challenge ends with the time for its proof, and this comes after the proof.
        begun = self._parts.clock.now() - ENROLMENT_TIME
        claims = require_access(caller, verification_id, request.challenge, self._parts.tokens, begun)
        require_verifier(caller, claims, request.code_verifier)
        _require_subscription(request)
        return self._parts.storage.write(
            lambda session: self._enrol(session, caller, verification_id, request, idempotency)
        )

    def push_key(self) -> str:
        """The application server key (RFC 8292) that subscriptions are made for, in Base64url.

        Raises `NotFound` where no carrier carries push messages.
        """
        if not any(Channel.PUSH in item.capabilities.channels for item in self._parts.carriers.values()):
            raise NotFound("this server sends no push messages")
        key = web_push.private_key(web_push.application_server_seed(self._parts.seals.digest))
        return web_push.encoded(web_push.public_point(key))

    def of_number(self, caller: Caller, phone_number: str) -> list[Device]:
        """The devices of a number, newest first; for secret keys."""
        _require_back_end(caller)
        number = PhoneNumber.parse(phone_number)
        return self._parts.storage.read(
            lambda session: session.devices.of(caller.application.id, number, LISTED_AT_MOST)
        )

    def revoke(self, caller: Caller, device_id: str) -> Device:
        """Forget a device and its secret; the device as it was. For secret keys."""
        _require_back_end(caller)

        def work(session: Session) -> Device:
            device = session.devices.get(caller.application.id, device_id)
            if device is None or not session.devices.remove(device_id):
                raise NotFound("there is no such device")
            return device

        return self._parts.storage.write(work)

    def _enrol(
        self,
        session: Session,
        caller: Caller,
        verification_id: str,
        request: EnrolRequest,
        idempotency: IdempotencyKey | None,
    ) -> Enrolled:
        now = self._parts.clock.now()
        change = Change.load_own(session, caller, verification_id, now)
        number = change.verification.number
        enrolled_before = session.devices.of(caller.application.id, number, LISTED_AT_MOST, request.kind)
        known = self._repeats.recalled(session, caller, idempotency, verification_id)
        if known is not None:
            return self._repeated(change, enrolled_before, known.result)
        _require_fresh_proof(change)
        device, secret = self._made(change, request)
        others = [earlier for earlier in enrolled_before if not self._has(earlier, number, secret)]
        kept = others[: _MOST_OF[request.kind] - 1]
        replaced = [earlier for earlier in enrolled_before if earlier not in kept]
        for earlier in replaced:
            session.devices.remove(earlier.id)
        session.devices.add(number, device)
        change.note(ENROLLED, device=device.id, kind=device.kind, replaced=len(replaced))
        change.save()
        self._repeats.remember(session, caller, idempotency, verification_id, now, result=device.id)
        return _enrolled(change, device, secret)

    def _has(self, device: Device, number: PhoneNumber, secret: str) -> bool:
        """Whether the device is recognised by this, so that it is the same one once more."""
        opened = open_secret(self._parts.seals, device, number) or ""
        return hmac.compare_digest(opened.encode(), secret.encode())

    def _made(self, change: Change, request: EnrolRequest) -> tuple[Device, str]:
        """A new device, and what it is recognised by."""
        application_id, number = change.application.id, change.verification.number
        if request.subscription is None:
            secret = totp.spelled(self._parts.random.bytes(totp.SECRET_BYTES))
        else:
            secret = request.subscription.as_text()
        device_id = self._parts.random.identifier("dev_")
        device = Device(
            id=device_id,
            application_id=application_id,
            kind=request.kind,
            sealed=seal_secret(self._parts.seals, request.kind, device_id, application_id, number, secret),
            label=request.label,
            created_at=change.now,
        )
        return device, secret

    def _repeated(self, change: Change, devices: list[Device], device_id: str | None) -> Enrolled:
        number = change.verification.number
        for device in devices:
            secret = open_secret(self._parts.seals, device, number) if device.id == device_id else None
            if secret is not None:
                return _enrolled(change, device, secret)
        raise AlreadyFinished("the device that this request enrolled has been replaced or revoked")


def channels_without_device(
    session: Session, caller: Caller, number: PhoneNumber, request: StartRequest
) -> frozenset[Channel]:
    """The channels of devices that are wanted and that this number has no device for, as far as may be told.

    A back end may know, for itself. Where a client takes part, as the code challenge shows, all are taken for
    enrolled: what a stranger is offered must not tell which numbers have been verified before.
    """
    if not caller.is_secret or request.code_challenge is not None:
        return frozenset()
    application = caller.application
    wanted = _BY_DEVICE.intersection(channels_of(request.channels or application.policy.workflow))
    if not wanted:
        return frozenset()
    enrolled = session.devices.of(application.id, number, LISTED_AT_MOST)
    return wanted - {device.kind.channel for device in enrolled}


def _require_fresh_proof(change: Change) -> None:
    verification = change.verification
    if change.is_open:
        raise TooEarly("a device can be enrolled once the number is verified")
    if verification.status is not Status.VERIFIED or verification.finished_at is None:
        raise AlreadyFinished("this verification did not prove the number")
    if verification.proof in _BY_DEVICE:
        raise AlreadyFinished("a device proved this number, and no device enrols another")
    if change.now >= _last_moment(verification.finished_at):
        raise AlreadyFinished("the proof is too old to enrol a device by it")
    if any(entry.what == ENROLLED for entry in change.session.verifications.trace(verification.id)):
        raise AlreadyFinished("a device was enrolled after this verification")


def _last_moment(finished_at: datetime) -> datetime:
    return finished_at + ENROLMENT_TIME


def _enrolled(change: Change, device: Device, secret: str) -> Enrolled:
    if device.kind is not DeviceKind.TOTP:
        return Enrolled(device=device)
    issuer, account = change.application.brand, _account(change.verification.number)
    uri = totp.enrolment_uri(totp.read_secret(secret), issuer=issuer, account=account)
    return Enrolled(device=device, secret=secret, otpauth_uri=uri)


def _require_subscription(request: EnrolRequest) -> None:
    if (request.kind is DeviceKind.PUSH) is (request.subscription is None):
        raise InvalidRequest(
            "a subscription belongs to push, and push needs one",
            faults=(("subscription", "required for push, and for nothing else"),),
        )


def _account(number: PhoneNumber) -> str:
    """How an app tells the number from others: the masked one, short, since the QR code grows with it."""
    return re.sub("•+", "…", number.masked)


def _require_back_end(caller: Caller) -> None:
    if not caller.is_secret:
        raise Forbidden("only a secret key may look after devices")
