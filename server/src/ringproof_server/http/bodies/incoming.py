"""What clients send, field by field as the contract spells it, and what it means to the services."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import InvalidRequest
from ringproof_server.domain.evidence import Basis, CallEvidence, CodeEvidence, CodeSource, Evidence, Quality
from ringproof_server.domain.verification import Capabilities, Transaction
from ringproof_server.http.bodies import texts
from ringproof_server.service.requests import ClientReport, ConfirmRequest, StartRequest

ChannelList = Annotated[
    list[Channel],
    Meta(
        min_length=1,
        max_length=len(Channel),
        description="Channels in the order in which they are to be tried, each once.",
        examples=[["flashcall", "sms"]],
        extra_json_schema={"uniqueItems": True},
    ),
]


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Unknown fields are refused, so that a misspelt one never passes for an absent one."""


class CapabilitiesBody(_Body, frozen=True):
    """What the client can do."""

    caller_id: bool = False
    ring_time: bool = False
    sms_app_hash: texts.AppHash | None = None
    web_origin: texts.WebOrigin | None = None


class TransactionBody(_Body, frozen=True):
    """The payment that the verification is bound to."""

    amount: texts.Amount
    currency: texts.Currency
    payee: texts.Payee


class StartBody(_Body, frozen=True):
    """Start a verification. A publishable key needs `code_challenge`."""

    phone_number: texts.PhoneNumberText
    code_challenge: texts.CodeChallenge | None = None
    code_challenge_method: Literal["S256"] = "S256"
    channels: ChannelList | None = None
    language: texts.LanguageTag | None = None
    reference: texts.Label | None = None
    nonce: texts.Label | None = None
    capabilities: CapabilitiesBody | None = None
    transaction: TransactionBody | None = None

    def to_request(self) -> StartRequest:
        """Raises `InvalidRequest` for a channel that is named twice."""
        channels = self.channels
        if channels is not None and len(set(channels)) != len(channels):
            raise InvalidRequest("The body does not fit", faults=(("channels", "names a channel twice"),))
        able, paid = self.capabilities, self.transaction
        return StartRequest(
            phone_number=self.phone_number,
            code_challenge=self.code_challenge,
            channels=None if channels is None else tuple(channels),
            language=self.language,
            reference=self.reference,
            nonce=self.nonce,
            capabilities=Capabilities()
            if able is None
            else Capabilities(
                caller_id=able.caller_id,
                ring_time=able.ring_time,
                sms_app_hash=able.sms_app_hash,
                web_origin=able.web_origin,
            ),
            transaction=None
            if paid is None
            else Transaction(amount=paid.amount, currency=paid.currency, payee=paid.payee),
        )


class FlashcallEvidence(_Body, frozen=True, tag_field="channel", tag="flashcall"):
    """The call that came in: its caller ID (null when withheld), or the last digits that a person typed."""

    caller_id: texts.CallerIdText | None = None
    last_digits: texts.LastDigits | None = None
    ring_ms: texts.RingMilliseconds | None = None
    answered: bool | None = None
    basis: Basis = Basis.MANUAL
    quality: Quality = Quality.ESTIMATED

    def to_evidence(self) -> CallEvidence:
        """Raises `InvalidRequest` when both forms are given: one report is one guess."""
        if self.caller_id is not None and self.last_digits is not None:
            raise InvalidRequest(
                "The body does not fit",
                faults=(("evidence.last_digits", "cannot be given together with caller_id"),),
            )
        return CallEvidence(
            caller_id=self.caller_id,
            last_digits=self.last_digits,
            ring_ms=self.ring_ms,
            answered=self.answered,
            basis=self.basis,
            quality=self.quality,
        )


class _CodeEvidence(_Body, frozen=True, tag_field="channel"):
    code: texts.CodeText
    source: CodeSource = CodeSource.MANUAL

    def to_evidence(self) -> CodeEvidence:
        channel = Channel(str(self.__struct_config__.tag))
        return CodeEvidence(channel=channel, code=self.code, source=self.source)


class SmsEvidence(_CodeEvidence, frozen=True, tag="sms"):
    """The code of an SMS."""


class VoiceEvidence(_CodeEvidence, frozen=True, tag="voice"):
    """The code that was spoken in a call."""


class KeypadEvidence(_CodeEvidence, frozen=True, tag="keypad"):
    """The code that was typed during a call."""


class WhatsappEvidence(_CodeEvidence, frozen=True, tag="whatsapp"):
    """The code of a WhatsApp message."""


class ViberEvidence(_CodeEvidence, frozen=True, tag="viber"):
    """The code of a Viber message."""


class MessengerEvidence(_CodeEvidence, frozen=True, tag="messenger"):
    """The code of a Messenger message."""


class PushEvidence(_CodeEvidence, frozen=True, tag="push"):
    """The code of a push message."""


class TotpEvidence(_CodeEvidence, frozen=True, tag="totp"):
    """The code of an authenticator app."""


AnyEvidence = (
    FlashcallEvidence
    | SmsEvidence
    | VoiceEvidence
    | KeypadEvidence
    | WhatsappEvidence
    | ViberEvidence
    | MessengerEvidence
    | PushEvidence
    | TotpEvidence
)


class ConfirmBody(_Body, frozen=True):
    """Prove the number. A publishable key needs `challenge` and `code_verifier`."""

    evidence: AnyEvidence
    challenge: texts.Jwt | None = None
    code_verifier: texts.CodeVerifier | None = None

    def to_request(self) -> ConfirmRequest:
        """Raises `InvalidRequest` for evidence that contradicts itself."""
        evidence: Evidence = self.evidence.to_evidence()
        return ConfirmRequest(evidence=evidence, challenge=self.challenge, code_verifier=self.code_verifier)


class NextBody(_Body, frozen=True):
    """Go on to the next step, or to a certain channel."""

    channel: Channel | None = None


class ReportBody(_Body, frozen=True):
    """Telemetry; it never verifies anything."""

    kind: Literal["no_call", "late_call", "seen"]
    caller_id: texts.CallerIdText | None = None
    ring_ms: texts.RingMilliseconds | None = None
    basis: Basis | None = None
    quality: Quality | None = None

    def to_report(self) -> ClientReport:
        return ClientReport(
            kind=self.kind,
            caller_id=self.caller_id,
            ring_ms=self.ring_ms,
            basis=self.basis,
            quality=self.quality,
        )


class BehaviourBody(_Body, frozen=True):
    """How a virtual handset acts from now on."""

    behaviour: texts.BehaviourName
    delay_ms: texts.DelayMilliseconds = 0


class KeysBody(_Body, frozen=True):
    """Keys to press on a virtual handset."""

    digits: texts.KeyPresses
