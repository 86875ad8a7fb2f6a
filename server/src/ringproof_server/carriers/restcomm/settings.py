"""What an operator sets about a Restcomm account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ringproof_server.carriers.settings import SettingsReader, address_for_secrets, matching

_SID: Final = matching("[A-Za-z0-9]{2,64}", "an account's SID such as AC and 32 hexadecimal digits")
_TOKEN: Final = matching("[!-~]{1,256}", "a token of visible ASCII characters")
_NUMBER: Final = matching(r"\+[1-9][0-9]{6,14}", "a number with + and country code")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestcommSettings:
    """`base_url` is the server without the path of its API and without a slash at its end.

    `sms_from` is the account's own number (E.164) that text messages come from, None if it sends none.
    """

    base_url: str
    account_sid: str
    auth_token: str = field(repr=False)
    sms_from: str | None = field(default=None, repr=False)


def read_settings(settings: Mapping[str, str]) -> RestcommSettings:
    """Raises `CarrierSettingsError` with every fault at once; no message repeats a value."""
    reader = SettingsReader(settings)
    base_url = reader.need("base_url", _base_url)
    account_sid = reader.need("account_sid", _SID)
    auth_token = reader.need("auth_token", _TOKEN)
    sms_from = reader.take("sms_from", _NUMBER, None)
    reader.finish("restcomm")
    assert base_url is not None
    assert account_sid is not None
    assert auth_token is not None
    return RestcommSettings(
        base_url=base_url, account_sid=account_sid, auth_token=auth_token, sms_from=sms_from
    )


def _base_url(text: str) -> str:
    parts = address_for_secrets(text)
    if parts.query:
        raise ValueError("is not the http(s) URL of a server")
    if parts.path.rstrip("/").endswith(("/restcomm", "/restcomm/2012-04-24")):
        raise ValueError("must not hold the path of the API, which begins with /restcomm")
    return text.rstrip("/")
