"""What clients send, field by field as the contract spells it, and what it means to the services."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringproof_server.domain import evidence
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import InvalidRequest
from ringproof_server.domain.evidence import Basis, CallEvidence, CodeEvidence, CodeSource, Evidence, Quality
from ringproof_server.domain.stage import Advance, Stage, Workflow, channels_of
from ringproof_server.domain.verification import Capabilities, Transaction
from ringproof_server.http.bodies import texts
from ringproof_server.http.bodies.texts import means
from ringproof_server.service.requests import ClientReport, ConfirmRequest, StartRequest


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Unknown fields are refused, so that a misspelt one never passes for an absent one."""


class StageBody(_Body, frozen=True):
    """One channel with its time, and with what makes the next one start when that is over."""

    channel: Annotated[Channel, means("How the proof is to reach the person.")]
    timeout: Annotated[
        texts.StageSeconds | None,
        means("Seconds until the next channel may start; the application's own time if left out."),
    ] = None
    advance: Annotated[
        Advance,
        means(
            "What the next channel starts at after that time: `no_report` if the number is not proved, "
            "`not_delivered` if the message has not been delivered, `not_read` if it has not been read. "
            "A call has `no_report` only. What fails is left at once."
        ),
    ] = Advance.NO_REPORT


ChannelList = Annotated[
    list[Channel | StageBody],
    Meta(
        min_length=1,
        max_length=len(Channel),
        examples=[
            ["flashcall", "sms"],
            [{"channel": "messenger", "timeout": 120, "advance": "not_read"}, "sms"],
        ],
        extra_json_schema={"uniqueItems": True},
    ),
]


class CapabilitiesBody(_Body, frozen=True):
    """What the client can do."""

    caller_id: Annotated[bool, means("Whether it sees who calls, so that nobody has to type digits.")] = False
    ring_time: Annotated[bool, means("Whether it can measure how long the phone rings.")] = False
    sms_app_hash: Annotated[
        texts.AppHash | None, means("Android's SMS Retriever hash of the app, to be put into the SMS.")
    ] = None
    web_origin: Annotated[
        texts.WebOrigin | None,
        means("Origin of the page that reads the code by WebOTP, to be put into the SMS."),
    ] = None


class TransactionBody(_Body, frozen=True):
    """The payment that the verification is bound to."""

    amount: Annotated[texts.Amount, means("The amount, as a decimal number.")]
    currency: Annotated[texts.Currency, means("The currency (ISO 4217).")]
    payee: Annotated[texts.Payee, means("Who is paid.")]


class RecipientsBody(_Body, frozen=True):
    """The person's addresses on channels that do not go by phone number."""

    messenger: Annotated[
        texts.RecipientId | None, means("The id that your page has for the person on Messenger.")
    ] = None

    def to_mapping(self) -> dict[Channel, str]:
        return {} if self.messenger is None else {Channel.MESSENGER: self.messenger}


class StartBody(_Body, frozen=True):
    """Start a verification. A publishable key needs `code_challenge`."""

    phone_number: Annotated[
        texts.PhoneNumberText, means("The number to prove, in international form; punctuation is allowed.")
    ]
    code_challenge: Annotated[
        texts.CodeChallenge | None,
        means("SHA-256 of the code verifier in base64url without padding (RFC 7636, S256)."),
    ] = None
    code_challenge_method: Annotated[Literal["S256"], means("How `code_challenge` was made.")] = "S256"
    channels: Annotated[
        ChannelList | None,
        means(
            "Channels in the order in which they are to be tried, each once, by name or with time and "
            "condition; the application's if left out."
        ),
    ] = None
    language: Annotated[
        texts.LanguageTag | None, means("Language of what people hear and read (BCP 47).")
    ] = None
    reference: Annotated[
        texts.Label | None, means("Your own name for it, repeated in answers and in the token.")
    ] = None
    nonce: Annotated[
        texts.Label | None,
        means("A value of your own that the token repeats, so that it cannot be used elsewhere."),
    ] = None
    capabilities: Annotated[
        CapabilitiesBody | None, means("What the client can do; nothing if left out.")
    ] = None
    transaction: Annotated[
        TransactionBody | None,
        means(
            "The payment that the number is proved for, which people are shown; with a secret key, unless "
            "the application lets apps name payments."
        ),
    ] = None

    recipients: Annotated[
        RecipientsBody | None,
        means("Where the person is reached on channels without phone numbers; with a secret key only."),
    ] = None

    def to_request(self) -> StartRequest:
        """Raises `InvalidRequest` for channels that make no workflow."""
        able, paid = self.capabilities, self.transaction
        return StartRequest(
            phone_number=self.phone_number,
            code_challenge=self.code_challenge,
            channels=None if self.channels is None else _workflow(self.channels),
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
            recipients={} if self.recipients is None else self.recipients.to_mapping(),
        )


def _workflow(asked: list[Channel | StageBody]) -> Workflow:
    """Raises `InvalidRequest` for a channel that is named twice, or waits for what a call cannot do."""
    found: list[Channel | Stage] = []
    for position, entry in enumerate(asked):
        if isinstance(entry, Channel):
            found.append(entry)
            continue
        try:
            found.append(Stage(channel=entry.channel, timeout=entry.timeout, advance=entry.advance))
        except ValueError as fault:
            raise InvalidRequest(
                "The body does not fit", faults=((f"channels[{position}]", str(fault)),)
            ) from None
    if len(set(channels_of(found))) != len(found):
        raise InvalidRequest("The body does not fit", faults=(("channels", "names a channel twice"),))
    return tuple(found)


class FlashcallEvidence(_Body, frozen=True, tag_field="channel", tag="flashcall"):
    """The call that came in: its caller ID (null when withheld), or the last digits that a person typed."""

    caller_id: Annotated[
        texts.CallerIdText | None,
        means("The number that called as the phone showed it, in any form; null when it was withheld."),
    ] = None
    last_digits: Annotated[
        texts.LastDigits | None, means("The last digits of the number that called, as a person typed them.")
    ] = None
    ring_ms: Annotated[texts.RingMilliseconds | None, means("How long the phone rang, in ms.")] = None
    answered: Annotated[bool | None, means("Whether the person picked up.")] = None
    basis: Annotated[Basis, means("Where the phone's knowledge of the call comes from.")] = Basis.MANUAL
    quality: Annotated[
        Quality, means("How good the ring time is; only `live` was measured while it rang.")
    ] = Quality.ESTIMATED

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
    code: Annotated[texts.CodeText, means("The code as it was read or typed.")]
    source: Annotated[CodeSource, means("How the code came into the client.")] = CodeSource.MANUAL

    def to_evidence(self) -> CodeEvidence:
        channel = Channel(str(self.__struct_config__.tag))
        return CodeEvidence(channel=channel, code=self.code, source=self.source)


class SmsEvidence(_CodeEvidence, frozen=True, tag="sms"):
    """The code of an SMS."""


class VoiceEvidence(_CodeEvidence, frozen=True, tag="voice"):
    """The code that was spoken in a call."""


class KeypadEvidence(_Body, frozen=True, tag_field="channel", tag="keypad"):
    """That the digits that were shown have been typed in the call; the server knows whether they were."""

    def to_evidence(self) -> evidence.KeypadEvidence:
        return evidence.KeypadEvidence()


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

    evidence: Annotated[AnyEvidence, means("What proves the number.")]
    challenge: Annotated[texts.Jwt | None, means("The challenge that the start answered.")] = None
    code_verifier: Annotated[
        texts.CodeVerifier | None, means("The secret behind the code challenge (RFC 7636).")
    ] = None

    def to_request(self) -> ConfirmRequest:
        """Raises `InvalidRequest` for evidence that contradicts itself."""
        reported: Evidence = self.evidence.to_evidence()
        return ConfirmRequest(evidence=reported, challenge=self.challenge, code_verifier=self.code_verifier)


class NextBody(_Body, frozen=True):
    """Go on to the next step, or to a certain channel."""

    channel: Annotated[Channel | None, means("The channel to go on with; the next step's if left out.")] = (
        None
    )


class ReportBody(_Body, frozen=True):
    """Telemetry; it never verifies anything."""

    kind: Annotated[
        Literal["no_call", "late_call", "seen"],
        means("Whether no call came, one came too late, or one was seen."),
    ]
    caller_id: Annotated[
        texts.CallerIdText | None, means("The number that called as the phone showed it, in any form.")
    ] = None
    ring_ms: Annotated[texts.RingMilliseconds | None, means("How long the phone rang, in ms.")] = None
    basis: Annotated[Basis | None, means("Where the phone's knowledge of the call comes from.")] = None
    quality: Annotated[
        Quality | None, means("How good the ring time is; only `live` was measured while it rang.")
    ] = None

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

    behaviour: Annotated[
        texts.BehaviourName,
        means(
            "`ring`, `answer`, `reject`, `busy`, `withheld`, `altered`, `late`, `voicemail` or `off`; for "
            "messages `unread` or `undelivered`."
        ),
    ]
    delay_ms: Annotated[
        texts.DelayMilliseconds, means("How much longer the network takes to reach it, in ms.")
    ] = 0


class KeysBody(_Body, frozen=True):
    """Keys to press on a virtual handset."""

    digits: Annotated[texts.KeyPresses, means("The keys, one after another.")]
