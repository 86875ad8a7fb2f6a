"""Push services as a carrier: every subscription names its own, and each takes what the standards say."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import jwt

from ringproof_server.carriers.plugin import CarrierOptions, Timeouts
from ringproof_server.carriers.webpush.encryption import LONGEST_MESSAGE, SALT_BYTES, encrypt
from ringproof_server.carriers.webpush.posting import PushPosts
from ringproof_server.carriers.webpush.settings import WebPushSettings, read_settings
from ringproof_server.domain.attempt import Attempt
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import (
    CallbackRefused,
    CarrierError,
    CarrierMisconfigured,
    CarrierThrottled,
    NumberRefused,
    NumberUnreachable,
    OutcomeUnknown,
    RecipientGone,
)
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.web_push import (
    MOST_DEVICES,
    SEED_BYTES,
    Subscription,
    application_server_seed,
    encoded,
    private_key,
    public_point,
    read_subscription,
)
from ringproof_server.ports import (
    CallbackRequest,
    CarrierCapabilities,
    CarrierEvent,
    Clock,
    DocumentSource,
    EventSink,
    Found,
    OutgoingCall,
    OutgoingMessage,
    Placed,
    Random,
)

NAME: Final = "webpush"
JWT_LIFE: Final = timedelta(hours=12)
"""RFC 8292 section 2 allows 24 hours; half of that leaves room for a clock that is wrong."""


class WebPushCarrier:
    """Encrypts each message for its subscription, and gives it to the push service that this names.

    Inside is what a service worker needs to show it: brand, text, code and language. No number.
    """

    name: Final = NAME

    def __init__(
        self,
        settings: WebPushSettings,
        *,
        clock: Clock,
        random: Random,
        seed: bytes,
        posts: PushPosts,
    ) -> None:
        """`seed` is what the application server key is made from, the same in every process."""
        self._subject = settings.subject
        self._clock = clock
        self._random = random
        self._key = private_key(seed)
        self._public = encoded(public_point(self._key))
        self._posts = posts
        self.capabilities: Final = CarrierCapabilities(
            channels=frozenset({Channel.PUSH}),
            chooses_caller_id=False,
            hangs_up=False,
            reports_events=False,
            # Nothing goes to a number, so a number that is nobody's will do as well.
            serves_fictitious=True,
            many_services=True,
        )

    def place_call(self, call: OutgoingCall) -> Placed:  # noqa: ARG002 - the port's signature
        raise NumberRefused("push services make no calls")

    def send_message(self, message: OutgoingMessage) -> Placed:
        if message.channel is not Channel.PUSH:
            raise NumberRefused("push services carry push messages only")
        try:
            subscription = read_subscription(message.recipient)
        except ValueError:
            raise NumberUnreachable("there is no subscription") from None
        plain = _content(message)
        if len(plain) > LONGEST_MESSAGE:
            raise CarrierMisconfigured("the message is too long for push services")
        once = private_key(self._random.bytes(SEED_BYTES))
        body = encrypt(plain, subscription, once, self._random.bytes(SALT_BYTES))
        headers = {
            "Authorization": f"vapid t={self._token(subscription)}, k={self._public}",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(max(0, message.lifetime)),
            "Urgency": "high",
        }
        status, retry_after = self._posts.post(subscription.endpoint, headers, body)
        if not 200 <= status < 300:
            raise _refusal(status, retry_after)
        # What the push service calls the message would let its holder delete it; nobody needs that.
        return Placed(message.attempt_id)

    def hang_up(self, remote_id: str) -> None:
        """There are no calls."""

    def parse_event(self, request: CallbackRequest) -> CarrierEvent | None:  # noqa: ARG002 - the port's signature
        raise CallbackRefused("push services send no events")

    def find(self, attempt: Attempt, to: PhoneNumber) -> Found | None:  # noqa: ARG002 - the port's signature
        """Push services cannot be asked."""
        return None

    def ping(self) -> None:
        """There is no one service that could be asked."""

    def start(self, deliver: EventSink, answer: DocumentSource) -> None:
        """Nothing runs in the background."""

    def stop(self) -> None:
        """Nothing is kept open."""

    def _token(self, subscription: Subscription) -> str:
        """Who we are, for this push service only (RFC 8292 section 2)."""
        parts = urlsplit(subscription.endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((self._clock.now() + JWT_LIFE).timestamp()),
            "sub": self._subject,
        }
        return jwt.encode(claims, self._key, algorithm="ES256")


def build(options: CarrierOptions) -> WebPushCarrier:
    """The carrier `webpush`. Raises `CarrierSettingsError`."""
    settings = read_settings(options.settings)
    # A message goes to several devices one after another, all in the time of one request.
    timeouts = Timeouts(
        connect=min(options.timeouts.connect, options.timeouts.total / MOST_DEVICES),
        total=options.timeouts.total / MOST_DEVICES,
    )
    return WebPushCarrier(
        settings,
        clock=options.clock,
        random=options.random,
        seed=application_server_seed(options.seals.digest),
        posts=PushPosts(timeouts, private=settings.private_addresses),
    )


def _content(message: OutgoingMessage) -> bytes:
    """The plain text, JSON."""
    shown = {
        "brand": message.sender,
        "text": message.text,
        "code": message.code,
        "language": message.language,
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _refusal(status: int, retry_after: float | None) -> CarrierError:
    """404 and 410 say that a subscription is no more (RFC 8030 section 7.3)."""
    if status in {404, 410}:
        return RecipientGone("the subscription is gone")
    if status == 429:
        return CarrierThrottled("the push service asks for fewer requests", retry_after)
    if status in {401, 403}:
        return CarrierMisconfigured(f"the push service refuses our signature ({status})")
    if status >= 500 or status == 408:
        return OutcomeUnknown(f"the push service failed ({status})")
    if 300 <= status < 400:
        return NumberUnreachable("the subscription leads elsewhere")
    return CarrierMisconfigured(f"the push service does not take the request ({status})")
