"""How values of the domain stand in columns: times as microseconds, plans and policies as JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import msgspec

from ringproof_server.domain.application import NO_TEXTS, Texts
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.policy import Policy
from ringproof_server.domain.verification import Capabilities, Transaction
from ringproof_server.domain.webhook import Facts, Hook, Webhook
from ringproof_server.domain.workflow import Plan

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Detail = dict[str, str | int | float | bool | None]

_json = msgspec.json.Encoder()
_plans = msgspec.json.Decoder(Plan)
_capabilities = msgspec.json.Decoder(Capabilities)
_transactions = msgspec.json.Decoder(Transaction)
_objects: Final = msgspec.json.Decoder(dict[str, object])
_details = msgspec.json.Decoder(Detail)
_recipients = msgspec.json.Decoder(dict[Channel, str])
_origins = msgspec.json.Decoder(tuple[str, ...])
_facts = msgspec.json.Decoder(Facts)
_webhooks = msgspec.json.Decoder(Webhook)
_hooks = msgspec.json.Decoder(Hook)
_texts = msgspec.json.Decoder(dict[str, dict[str, str]])

CHANNELS: Final[Mapping[str, Channel]] = {channel.value: channel for channel in Channel}
_NO_RECIPIENTS: Final[Mapping[Channel, str]] = MappingProxyType({})
_REASONS: Final[Mapping[str, Reason]] = {reason.value: reason for reason in Reason}


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970 in UTC; raises `TypeError` for a datetime without a zone."""
    return (moment - _EPOCH) // _MICROSECOND


def maybe_micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def moment(stored: int) -> datetime:
    return _EPOCH + timedelta(microseconds=stored)


def maybe_moment(stored: int | None) -> datetime | None:
    return None if stored is None else _EPOCH + timedelta(microseconds=stored)


def maybe_channel(stored: str | None) -> Channel | None:
    return None if stored is None else CHANNELS[stored]


def maybe_reason(stored: str | None) -> Reason | None:
    return None if stored is None else _REASONS[stored]


def as_json(value: object) -> str:
    """JSON text of a value of the domain, of a mapping or of a sequence."""
    return _json.encode(value).decode()


def maybe_json(value: object | None) -> str | None:
    return None if value is None else _json.encode(value).decode()


# Many verifications of an application share a plan and the capabilities of its app. The values
# cannot change once made, so the same text may give the same value again.


@lru_cache(maxsize=512)
def plan_of(text: str) -> Plan:
    return _plans.decode(text)


@lru_cache(maxsize=512)
def capabilities_of(text: str) -> Capabilities:
    return _capabilities.decode(text)


def policy_of(text: str, defaults: Policy) -> Policy:
    """The policy with these differences from the defaults."""
    return msgspec.convert({**msgspec.to_builtins(defaults), **_objects.decode(text)}, Policy)


def differences(policy: Policy, defaults: Policy) -> str:
    """JSON text of what a policy sets otherwise than the defaults."""
    usual = msgspec.to_builtins(defaults)
    return as_json(
        {name: value for name, value in msgspec.to_builtins(policy).items() if value != usual[name]}
    )


def maybe_transaction(text: str | None) -> Transaction | None:
    return None if text is None else _transactions.decode(text)


def recipients_of(text: str | None) -> Mapping[Channel, str]:
    return _NO_RECIPIENTS if text is None else _recipients.decode(text)


def detail_of(text: str) -> Detail:
    return _details.decode(text)


def origins_of(text: str) -> tuple[str, ...]:
    return _origins.decode(text)


def facts_of(text: str) -> Facts:
    return _facts.decode(text)


def maybe_webhook(text: str | None) -> Webhook | None:
    return None if text is None else _webhooks.decode(text)


def maybe_texts(texts: Texts) -> str | None:
    """None for no text, so that the column says as much."""
    return as_json({locale: dict(own) for locale, own in texts.items()}) if texts else None


def texts_of(text: str | None) -> Texts:
    return NO_TEXTS if text is None else _texts.decode(text)


def maybe_hook(text: str | None) -> Hook | None:
    return None if text is None else _hooks.decode(text)
