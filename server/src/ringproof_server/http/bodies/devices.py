"""Enrolled devices on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
import segno
from msgspec import UNSET, UnsetType

from ringproof_server.domain.device import Device, DeviceKind
from ringproof_server.domain.errors import InvalidRequest
from ringproof_server.domain.web_push import Subscription, decoded
from ringproof_server.http.bodies import texts
from ringproof_server.http.bodies.texts import means
from ringproof_server.service.devices import Enrolled, EnrolRequest


class SubscriptionKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What messages to a subscription are encrypted for, both in Base64url."""

    p256dh: Annotated[texts.Base64Url, means("The public key of the subscription, a point of P-256.")]
    auth: Annotated[texts.Base64Url, means("The authentication secret of the subscription, 16 bytes.")]


class SubscriptionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A push subscription as `PushSubscription.toJSON()` gives it; other fields are not looked at."""

    endpoint: Annotated[texts.PushEndpoint, means("Where the push service takes messages, an https address.")]
    keys: Annotated[SubscriptionKeys, means("What messages are encrypted for.")]

    def to_subscription(self) -> Subscription:
        """Raises `InvalidRequest` naming the field at fault."""
        place = "keys"
        try:
            p256dh, auth = decoded(self.keys.p256dh), decoded(self.keys.auth)
            place = ""
            return Subscription(endpoint=self.endpoint, p256dh=p256dh, auth=auth)
        except ValueError as fault:
            where, what = fault.args if len(fault.args) == 2 else (place, str(fault))
            raise InvalidRequest("The body does not fit", faults=((f"subscription.{where}", what),)) from None


class EnrolBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Enrol a device. A publishable key needs `challenge` and `code_verifier`."""

    kind: Annotated[DeviceKind, means("What it is: `totp` for an authenticator app, `push` for a browser.")]
    subscription: Annotated[
        SubscriptionBody | None, means("Where push messages go; for `push`, and only there.")
    ] = None
    label: Annotated[texts.Label | None, means("Your own name for it, repeated in lists.")] = None
    challenge: Annotated[texts.Jwt | None, means("The challenge that the start answered.")] = None
    code_verifier: Annotated[
        texts.CodeVerifier | None, means("The secret behind the code challenge (RFC 7636).")
    ] = None

    def to_request(self) -> EnrolRequest:
        return EnrolRequest(
            kind=self.kind,
            label=self.label,
            subscription=None if self.subscription is None else self.subscription.to_subscription(),
            challenge=self.challenge,
            code_verifier=self.code_verifier,
        )


class EnrolledView(msgspec.Struct, frozen=True, kw_only=True):
    """A new device; an authenticator with what its app needs, which is told this once."""

    id: Annotated[str, means("Name of the device, `dev_…`.")]
    kind: Annotated[DeviceKind, means("What it is.")]
    label: Annotated[str | None, means("Your own name for it.")]
    secret: Annotated[
        str | UnsetType, means("The secret in Base32, for typing it into the app; `totp` only.")
    ] = UNSET
    otpauth_uri: Annotated[
        str | UnsetType, means("What the app reads, as a link that opens it on the phone; `totp` only.")
    ] = UNSET
    qr_code: Annotated[
        str | UnsetType, means("The same as a picture to scan, an SVG in a `data:` URI; `totp` only.")
    ] = UNSET


class PushKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """The application server key (RFC 8292)."""

    key: Annotated[str, means("What a page gives `PushManager.subscribe` as `applicationServerKey`.")]


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolled device."""

    id: Annotated[str, means("Name of the device, `dev_…`.")]
    kind: Annotated[DeviceKind, means("What it is.")]
    label: Annotated[str | None, means("Your own name for it.")]
    created_at: Annotated[datetime, means("When it was enrolled.")]
    used_at: Annotated[datetime | None, means("When it last proved the number; null before that.")]


class DeviceList(msgspec.Struct, frozen=True, kw_only=True):
    """Devices, newest first."""

    devices: Annotated[list[DeviceView], means("What was found.")]


def enrolled_view(enrolled: Enrolled) -> EnrolledView:
    """The answer to an enrolment."""
    device, uri = enrolled.device, enrolled.otpauth_uri
    return EnrolledView(
        id=device.id,
        kind=device.kind,
        label=device.label,
        secret=UNSET if enrolled.secret is None else enrolled.secret,
        otpauth_uri=UNSET if uri is None else uri,
        qr_code=UNSET if uri is None else segno.make_qr(uri).svg_data_uri(scale=4),
    )


def device_view(device: Device) -> DeviceView:
    return DeviceView(
        id=device.id,
        kind=device.kind,
        label=device.label,
        created_at=device.created_at,
        used_at=device.used_at,
    )


def device_list(found: Iterable[Device]) -> DeviceList:
    return DeviceList(devices=[device_view(device) for device in found])
