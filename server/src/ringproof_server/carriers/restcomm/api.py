"""Restcomm's REST API (2012-04-24), as far as calls and messages need it.

It resembles Twilio's and differs where it hurts: messages are under `/SMS/Messages`, answers are XML unless
the path ends in `.json`, numbers without `+` are taken for American ones, an unknown call is 406, and a
request about a call that has just ended is 500.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from ringproof_server.carriers.outbound_http import HttpAnswer, OutboundHttp
from ringproof_server.carriers.restcomm.records import Record, read_record
from ringproof_server.carriers.restcomm.settings import RestcommSettings
from ringproof_server.domain.errors import (
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    CarrierUnavailable,
    NumberRefused,
    OutcomeUnknown,
)

API: Final = "/restcomm/2012-04-24/Accounts"
CALLS: Final = "Calls"
MESSAGES: Final = "SMS/Messages"

PAGE_SIZE: Final = 50
MOST_PAGES: Final = 4

_ITEMS: Final = {CALLS: "calls", MESSAGES: "messages"}
_ABOUT_A_NUMBER: Final = re.compile(r"phone number|country|region|plus-sign", re.IGNORECASE)
"""The reasons that the library gives by which Restcomm reads numbers; it hands them on as plain text."""


class RestcommApi:
    """One account of one server. Raises `CarrierError`s, none of which repeats what was sent or answered."""

    def __init__(self, settings: RestcommSettings, http: OutboundHttp) -> None:
        self._http = http
        self._account = f"{settings.base_url}{API}/{settings.account_sid}"
        credentials = b64encode(f"{settings.account_sid}:{settings.auth_token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json"}

    def create(self, kind: str, form: Mapping[str, str]) -> str:
        """Place a call or send a message once; its SID. `kind` is `CALLS` or `MESSAGES`."""
        answer = self._post(f"{self._account}/{kind}.json", form)
        if not 200 <= answer.status < 300:
            raise _refusal(answer)
        record = _record(answer)
        if record is None:
            raise OutcomeUnknown("Restcomm took a request and does not say under which SID")
        return record.sid

    def update_call(self, sid: str, form: Mapping[str, str]) -> tuple[int, Record | None]:
        """Change a live call; the status of the answer, and the call as it was before."""
        answer = self._post(f"{self._account}/{CALLS}/{quote(sid, safe='')}.json", form)
        if answer.status in {401, 403, 429}:
            raise _refusal(answer)
        return answer.status, _record(answer)

    def fetch(self, kind: str, sid: str, *, total: float | None = None) -> Record | None:
        """A call or message by its SID, None if the account has none; `total` bounds the wait, in s."""
        return _read(self._get(f"{self._account}/{kind}/{quote(sid, safe='')}.json", total=total))

    def listed(self, kind: str, *, to: str, sender: str) -> Iterator[Record]:
        """The account's calls or messages between these numbers, page by page, `MOST_PAGES` at most."""
        for page in range(MOST_PAGES):
            query = urlencode(
                {
                    "To": to,
                    "From": sender,
                    "Page": page,
                    "PageSize": PAGE_SIZE,
                    "SortBy": "DateCreated:desc",
                }
            )
            found = _object(self._get(f"{self._account}/{kind}.json?{query}"))
            items = found.get(_ITEMS[kind])
            if not isinstance(items, list):
                raise CarrierUnavailable("Restcomm answered something else than a list")
            yield from filter(None, (read_record(item) for item in items if isinstance(item, dict)))
            if len(items) < PAGE_SIZE or page >= _last_page(found):
                return

    def check_account(self) -> None:
        """Raise a `CarrierError` unless the server answers for the account and the account is active."""
        found = _object(self._get(f"{self._account}.json"))
        if str(found.get("status", "active")).lower() != "active":
            raise CarrierMisconfigured("the Restcomm account is not active")

    def close(self) -> None:
        self._http.close()

    def _post(self, url: str, form: Mapping[str, str]) -> HttpAnswer:
        headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        return self._http.send("POST", url, headers=headers, body=urlencode(form).encode())

    def _get(self, url: str, total: float | None = None) -> HttpAnswer:
        return self._http.send("GET", url, headers=self._headers, total=total)


def _record(answer: HttpAnswer) -> Record | None:
    found = answer.json_object()
    return None if found is None else read_record(found)


def _read(answer: HttpAnswer) -> Record | None:
    """None for what is unknown; raises for every other answer that is no record."""
    if answer.status == 404:
        return None
    record = read_record(_object(answer))
    if record is None:
        raise CarrierUnavailable("Restcomm answered something that is no record")
    return record


def _object(answer: HttpAnswer) -> dict[str, object]:
    """The JSON object that a GET was answered with."""
    if not 200 <= answer.status < 300:
        fault = _refusal(answer)
        raise CarrierUnavailable("Restcomm fails") if isinstance(fault, OutcomeUnknown) else fault
    found = answer.json_object()
    if found is None:
        raise CarrierUnavailable("Restcomm answered something else than JSON")
    return found


def _last_page(found: Mapping[str, object]) -> int:
    """The number of the last page, counted from 0; Restcomm calls it `num_pages`."""
    last = found.get("num_pages")
    return last if isinstance(last, int) else 0


def _refusal(answer: HttpAnswer) -> CarrierError:
    """What an answer that is no success means."""
    status, text = answer.status, answer.body[:2000].decode(errors="replace")
    if status == 429 or (status == 403 and "LIMIT_EXCEEDED" in text):
        # A limit of the account's extensions is a 403 whose text begins so, e.g. SMS_LIMIT_EXCEEDED.
        return CarrierThrottled("Restcomm asks for fewer requests", answer.retry_after)
    if status == 400 and _ABOUT_A_NUMBER.search(text):
        return NumberRefused("Restcomm takes this for no phone number")
    if status == 503:
        return CarrierUnavailable("Restcomm is out of service")
    if status in {401, 403}:
        return CarrierMisconfigured(f"Restcomm refuses the account or its token ({status})")
    if 300 <= status < 500 and status != 408:
        return CarrierMisconfigured(f"Restcomm does not take the request ({status})")
    # Restcomm answers 500 for what it has not begun as well as for what it has, but took too long to say.
    return OutcomeUnknown(f"Restcomm failed ({status})")
