"""Several verifications of one number at a time: a few may be, from different clients.

A stranger who starts verifications of somebody's number must neither end nor block the owner's.
"""

from __future__ import annotations

from datetime import datetime

from ringproof_server.domain.application import Application
from ringproof_server.domain.errors import ConcurrentVerification
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.verification import Verification
from ringproof_server.ports import Session


def require_no_rival(
    session: Session,
    application: Application,
    number: PhoneNumber,
    now: datetime,
    *,
    reference: str | None,
    client: str | None,
    challenged: bool,
) -> None:
    """Raise `ConcurrentVerification` when another verification of this number stands in the way.

    The same reference of the same application is told the id of its own one. A back end, whose start has no
    code challenge (it is not `challenged`), is told of back ends' only: an app can be a stranger's, who has
    guessed the reference. One client (an address) may not take all the places of a number, so that a stranger
    at a single address leaves one to the owner.
    """
    pending = session.verifications.pending_for(number, now)
    for other in pending:
        same = (other.application_id, other.reference) == (application.id, reference)
        if reference is not None and same and (challenged or other.code_challenge is None):
            raise ConcurrentVerification(
                "this reference is being verified already",
                retry_after=(other.expires_at - now).total_seconds(),
                verification_id=other.id,
            )
    places = application.policy.pending_per_number
    if len(pending) >= places:
        _refuse(pending, now)
    own = [other for other in pending if client is not None and other.client == client]
    if own and len(own) >= places - 1:
        _refuse(own, now)


def _refuse(pending: list[Verification], now: datetime) -> None:
    earliest = min(other.expires_at for other in pending)
    raise ConcurrentVerification(
        "too many verifications of this number are under way",
        retry_after=(earliest - now).total_seconds(),
    )
