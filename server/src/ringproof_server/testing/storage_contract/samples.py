"""Plausible values for storage tests; each call may override any field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ringproof_server.domain.application import ApiKey, Application, KeyKind
from ringproof_server.domain.assurance import FlashOffer
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.caller_id import CallerIdPattern
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Verification
from ringproof_server.domain.workflow import Plan, Step
from ringproof_server.ports import Session, SigningKey, Storage

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
NUMBER = PhoneNumber.trusted("+447700900123")
OTHER_NUMBER = PhoneNumber.trusted("+447700900456")
CALLER_ID = "+442079460018"
OTHER_CALLER_ID = "+442079460019"
PLAN = Plan(
    (
        Step(
            channel=Channel.FLASHCALL,
            timeout=45,
            guess_probability=0.0003,
            flash=FlashOffer(CallerIdPattern("+4420", 13), 4, 1, 3, 0.0003),
        ),
        Step(channel=Channel.SMS, timeout=120, guess_probability=5e-6),
    )
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def verification(verification_id: str = "vrf_1", **fields: Any) -> Verification:
    """A pending verification of `NUMBER` that began at `NOW` and wakes when it expires, 300 s later."""
    values: dict[str, Any] = {
        "application_id": "app_1",
        "number": NUMBER,
        "plan": PLAN,
        "created_at": NOW,
        "expires_at": after(300),
        "wake_at": after(300),
    }
    return Verification(id=verification_id, **(values | fields))


def attempt(attempt_id: str = "att_1", **fields: Any) -> Attempt:
    """A queued flash call of `vrf_1`."""
    values: dict[str, Any] = {
        "verification_id": "vrf_1",
        "channel": Channel.FLASHCALL,
        "step": 0,
        "caller_id": CALLER_ID,
        "queued_at": NOW,
    }
    return Attempt(id=attempt_id, **(values | fields))


def application(application_id: str = "app_1", **fields: Any) -> Application:
    values: dict[str, Any] = {"name": application_id, "brand": "Example", "created_at": NOW}
    return Application(id=application_id, **(values | fields))


def api_key(key_id: str = "key_1", **fields: Any) -> ApiKey:
    values: dict[str, Any] = {
        "application_id": "app_1",
        "kind": KeyKind.SECRET,
        "digest": key_id.encode() * 8,
        "hint": "rp_sk_abcd",
        "created_at": NOW,
    }
    return ApiKey(id=key_id, **(values | fields))


Item = Application | ApiKey | Verification | Attempt | SigningKey


def store(storage: Storage, *items: Item) -> None:
    """Add the items in this order in one unit of work."""

    def work(session: Session) -> None:
        for item in items:
            match item:
                case Application():
                    session.applications.add(item)
                case ApiKey():
                    session.applications.add_key(item)
                case Verification():
                    session.verifications.add(item)
                case Attempt():
                    session.verifications.add_attempt(item)
                case SigningKey():
                    session.signing_keys.add(item)

    storage.write(work)
