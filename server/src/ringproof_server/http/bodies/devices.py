"""Enrolled devices on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
import segno

from ringproof_server.domain.device import Device, DeviceKind
from ringproof_server.http.bodies import texts
from ringproof_server.http.bodies.texts import means
from ringproof_server.service.devices import Enrolled, EnrolRequest


class EnrolBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Enrol a device. A publishable key needs `challenge` and `code_verifier`."""

    kind: Annotated[DeviceKind, means("What it is: `totp` for an authenticator app.")]
    label: Annotated[texts.Label | None, means("Your own name for it, repeated in lists.")] = None
    challenge: Annotated[texts.Jwt | None, means("The challenge that the start answered.")] = None
    code_verifier: Annotated[
        texts.CodeVerifier | None, means("The secret behind the code challenge (RFC 7636).")
    ] = None

    def to_request(self) -> EnrolRequest:
        return EnrolRequest(
            kind=self.kind,
            label=self.label,
            challenge=self.challenge,
            code_verifier=self.code_verifier,
        )


class EnrolledView(msgspec.Struct, frozen=True, kw_only=True):
    """A new device, with what its authenticator app needs; that is told this once."""

    id: Annotated[str, means("Name of the device, `dev_…`.")]
    kind: Annotated[DeviceKind, means("What it is.")]
    label: Annotated[str | None, means("Your own name for it.")]
    secret: Annotated[str, means("The secret in Base32, for typing it into the app.")]
    otpauth_uri: Annotated[str, means("What the app reads, as a link that opens it on the phone itself.")]
    qr_code: Annotated[str, means("The same as a picture to scan: an SVG in a `data:` URI.")]


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
    device = enrolled.device
    return EnrolledView(
        id=device.id,
        kind=device.kind,
        label=device.label,
        secret=enrolled.secret,
        otpauth_uri=enrolled.otpauth_uri,
        qr_code=segno.make_qr(enrolled.otpauth_uri).svg_data_uri(scale=4),
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
