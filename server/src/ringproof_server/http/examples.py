"""Examples for the API description; every number in them is fictitious."""

from __future__ import annotations

from typing import Any, Final

START: Final[dict[str, Any]] = {
    "phone_number": "+447700900123",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "channels": ["flashcall", "sms"],
    "language": "en-GB",
    "reference": "signup-42",
    "capabilities": {"caller_id": True, "ring_time": True},
}
CONFIRM: Final[dict[str, Any]] = {
    "challenge": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
    "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "evidence": {
        "channel": "flashcall",
        "caller_id": "020 7946 0018",
        "ring_ms": 5120,
        "basis": "phone_state",
        "quality": "live",
    },
}
NEXT: Final[dict[str, Any]] = {"channel": "sms"}
REPORT: Final[dict[str, Any]] = {"kind": "no_call"}
BEHAVIOUR: Final[dict[str, Any]] = {"behaviour": "answer", "delay_ms": 500}
KEYS: Final[dict[str, Any]] = {"digits": "1"}

_PENDING: Final[dict[str, Any]] = {
    "id": "vrf_06a1k2m3n4p5q6r7s8t9v0w1x2",
    "status": "pending",
    "reason": None,
    "phone_number": "+44••••••0123",
    "reference": "signup-42",
    "expires_in": 300,
    "attempt": {
        "id": "att_06a1k2m3n4p5q6r7s8t9v0w1x3",
        "channel": "flashcall",
        "status": "ringing",
        "reason": None,
    },
    "flashcall": {
        "caller_id_pattern": {"prefix": "+4420", "length": 13},
        "digits_to_type": 4,
        "calls": 1,
        "call": 1,
        "interception_timeout": 45,
        "report_timeout": 75,
        "ring_time": "check",
    },
    "code": None,
    "skipped": [{"channel": "push", "reason": "no_subscription"}],
    "next": {"check_in": 0, "channels": {"sms": 0}, "automatic": {"channel": "sms", "in": 41}},
    "checks_left": 3,
    "assurance_bits": 11.7,
}
STARTED: Final[dict[str, Any]] = {**_PENDING, "challenge": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"}
PENDING: Final = _PENDING
SEND_CODE: Final[dict[str, Any]] = {"phoneNumber": "+447700900123", "messengerId": "1234567890123456"}
PASSCODE: Final[dict[str, Any]] = {"number": "447700900123", "language": "en"}
CODE_SENT: Final[dict[str, Any]] = {
    **STARTED,
    "attempt": {
        "id": "att_06a1k2m3n4p5q6r7s8t9v0w1x3",
        "channel": "messenger",
        "status": "queued",
        "reason": None,
    },
    "flashcall": None,
    "code": {"length": 6},
    "skipped": [],
    "next": {
        "check_in": 0,
        "channels": {"messenger": 60, "sms": 60},
        "automatic": {"channel": "sms", "in": 120},
    },
    "checks_left": 5,
    "assurance_bits": 17.6,
}
VERIFIED: Final[dict[str, Any]] = {
    **_PENDING,
    "status": "verified",
    "expires_in": 0,
    "next": {"check_in": None, "channels": {}, "automatic": None},
    "checks_left": 0,
    "token": "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl",
}
KEY_SET: Final[dict[str, Any]] = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "use": "sig",
            "alg": "EdDSA",
        }
    ]
}
HANDSET_EVENTS: Final[dict[str, Any]] = {
    "events": [
        {
            "kind": "call",
            "seq": 1,
            "call": "call-1",
            "state": "ringing",
            "caller_id": "+442079460018",
            "ring_ms": None,
            "answered": False,
            "heard": None,
        },
        {"kind": "message", "seq": 2, "channel": "sms", "text": "Your code is …"},
    ]
}
ENROL: Final[dict[str, Any]] = {
    "kind": "totp",
    "label": "Authenticator",
    "challenge": CONFIRM["challenge"],
    "code_verifier": CONFIRM["code_verifier"],
}
ENROLLED: Final[dict[str, Any]] = {
    "id": "dev_06a1k2m3n4p5q6r7s8t9v0w1x4",
    "kind": "totp",
    "label": "Authenticator",
    "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "otpauth_uri": "otpauth://totp/Shop:%2B44%E2%80%A60123?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    "&issuer=Shop&algorithm=SHA1&digits=6&period=30",
    "qr_code": "data:image/svg+xml;charset=utf-8,%3Csvg xmlns=%27http://www.w3.org/2000/svg%27%3E…%3C/svg%3E",
}
DEVICE: Final[dict[str, Any]] = {
    "id": "dev_06a1k2m3n4p5q6r7s8t9v0w1x4",
    "kind": "totp",
    "label": "Authenticator",
    "created_at": "2026-03-01T12:00:00Z",
    "used_at": None,
}
PUSH_KEY: Final[dict[str, Any]] = {
    "key": "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
}
