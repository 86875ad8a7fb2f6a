"""The part of Twilio's API that we use, through the official SDK, with our errors instead of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from twilio.base.exceptions import (  # type: ignore[import-untyped]
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from ringproof_server.carriers.plugin import Timeouts
from ringproof_server.carriers.twilio.connection import AnswerLost, Connection
from ringproof_server.carriers.twilio.reactions import refusal
from ringproof_server.carriers.twilio.settings import TwilioSettings
from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    CarrierUnavailable,
    OutcomeUnknown,
)

NEWEST: Final = 50
"""How many of the newest calls or messages between two numbers a look-up sees: one page of the list."""
NUMBERS_A_PAGE: Final = 500
MOST_NUMBERS: Final = 200_000

_CALL: Final = re.compile("CA[0-9a-fA-F]{32}")
_MESSAGE: Final = re.compile("(?:SM|MM)[0-9a-fA-F]{32}")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_OVER: Final = frozenset({404, 20404, 21220})
"""The call is not known, or not in a state in which anything can be done to it."""
_WRONG_STATE: Final = frozenset({21204, 21220})

# Without this the SDK looks for credentials, region and edge in the environment of the process.
_NO_ENVIRONMENT: Final = {"TWILIO_EDGE": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A call or message as Twilio's list has it; one that is queued may not have a date yet."""

    sid: str
    created_at: datetime | None
    messaging_service_sid: str | None = None


class TwilioApi:
    """Every method asks once and raises `CarrierError`s only, none of which repeats a number or a credential.

    `create_call` and `create_message` raise `OutcomeUnknown` when what they asked for may have happened.
    """

    def __init__(self, settings: TwilioSettings, timeouts: Timeouts) -> None:
        self._connection = Connection(settings.base_url, timeouts)
        self._account_sid = settings.account_sid
        self._client: Any = Client(
            username=settings.account_sid,
            password=settings.auth_token,
            region=settings.region,
            edge=settings.edge,
            http_client=self._connection,
            environment=_NO_ENVIRONMENT,
        )

    def create_call(self, **fields: object) -> str:
        """The SID of a new call; `fields` are the arguments of the SDK's `calls.create`."""
        with _asking(placing=True):
            return _named(_CALL, self._client.calls.create(**fields).sid)

    def create_message(self, **fields: object) -> str:
        """The SID of a new message; `fields` are the arguments of the SDK's `messages.create`."""
        with _asking(placing=True):
            return _named(_MESSAGE, self._client.messages.create(**fields).sid)

    def end_call(self, sid: str) -> None:
        """End a call in whatever state it is; nothing happens to one that is over or was never there.

        `canceled` ends what has not been answered, `completed` what has; either may find that the call has
        just moved on.
        """
        if not _CALL.fullmatch(sid):
            return
        if self._update_call(sid, "canceled", _WRONG_STATE) in {None, "in-progress"}:
            self._update_call(sid, "completed", _OVER)

    def calls(self, *, to: str, caller_id: str | None) -> list[Listed]:
        """The newest calls to this number, from this caller ID if one is given.

        Twilio's own filter by start time has the granularity of a day and leaves out what has not started.
        """
        sender = {} if caller_id is None else {"from_": caller_id}
        with _asking(placing=False):
            return _listed(_CALL, self._client.calls.page(to=to, page_size=NEWEST, **sender))

    def messages(self, *, to: str, sender: str | None) -> list[Listed]:
        """The newest messages to this address, from this sender if one is given.

        Twilio's own filter by date goes by when a message was sent, which a queued one has not been.
        """
        filters = {} if sender is None else {"from_": sender}
        with _asking(placing=False):
            return _listed(_MESSAGE, self._client.messages.page(to=to, page_size=NEWEST, **filters))

    def numbers(self) -> Iterator[str]:
        """Every number of the account that can place calls, page by page, in E.164."""
        with _asking(placing=False):
            pages = self._client.incoming_phone_numbers.stream(limit=MOST_NUMBERS, page_size=NUMBERS_A_PAGE)
            for number in pages:
                if number.capabilities["voice"] and _E164.fullmatch(number.phone_number):
                    yield number.phone_number

    def check_account(self) -> None:
        """Raise unless Twilio answers, knows us, and lets this account work."""
        with _asking(placing=False):
            account = self._client.api.v2010.accounts(self._account_sid).fetch()
            if account.status != "active":
                raise CarrierMisconfigured("the account at Twilio is not active")

    def close(self) -> None:
        self._connection.close()

    def _update_call(self, sid: str, status: str, harmless: frozenset[int]) -> str | None:
        """What the call's status is afterwards; None when Twilio refuses with a code that is no fault."""
        with _asking(placing=False):
            try:
                return str(self._client.calls(sid).update(status=status).status)
            except TwilioRestException as fault:
                if fault.code in harmless | {404, 20404}:
                    return None
                raise


@contextmanager
def _asking(*, placing: bool) -> Iterator[None]:
    """Around a use of the SDK: sorts whatever it raises by what we have to do about it."""
    lost = OutcomeUnknown if placing else CarrierUnavailable
    try:
        yield
    except CarrierError:
        raise
    except AnswerLost as fault:
        raise lost(str(fault)) from None
    except Exception as fault:  # noqa: BLE001 - The SDK says by any error that it does not understand.
        said = _said(fault)
        if said is None:
            raise lost("Twilio's answer makes no sense") from None
        raise refusal(*said, placing=placing) from None


def _said(fault: Exception) -> tuple[int, object] | None:
    """The HTTP status and Twilio's code; None if the fault is not about an answer that is no success.

    For a list the SDK raises nothing but the answer itself.
    """
    if isinstance(fault, TwilioRestException | TwilioServiceException):
        return fault.status, fault.code
    answer = next((item for item in fault.args if isinstance(item, Response)), None)
    if not isinstance(fault, TwilioException) or answer is None:
        return None
    try:
        return answer.status_code, json.loads(answer.text)["code"]
    except (ValueError, TypeError, LookupError):
        return answer.status_code, None


def _named(form: re.Pattern[str], sid: object) -> str:
    if not isinstance(sid, str) or not form.fullmatch(sid):
        raise AnswerLost("Twilio's answer names nothing")
    return sid


def _listed(form: re.Pattern[str], page: Iterable[Any]) -> list[Listed]:
    return [
        Listed(
            sid=_named(form, item.sid),
            created_at=item.date_created if isinstance(item.date_created, datetime) else None,
            messaging_service_sid=getattr(item, "messaging_service_sid", None),
        )
        for item in page
    ]
