"""What is sent can be opened by whom it is for and by nobody else: the standard's example, and `http_ece`."""

from __future__ import annotations

import http_ece  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.carriers.webpush.encryption import LONGEST_MESSAGE, SALT_BYTES, encrypt
from ringproof_server.domain.web_push import (
    SEED_BYTES,
    Subscription,
    decoded,
    encoded,
    private_key,
    public_point,
)

ENDPOINT = "https://push.example/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"

seeds = st.binary(min_size=SEED_BYTES, max_size=SEED_BYTES)
sixteen = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)


def scalar(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decoded(text)), ec.SECP256R1())


def test_the_example_of_the_standard_comes_out_byte_for_byte() -> None:
    """RFC 8291 section 5."""
    receiver = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    subscription = Subscription(
        endpoint=ENDPOINT, p256dh=decoded(receiver), auth=decoded("BTBZMqHH6r4Tts7J_aSIgg")
    )
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        subscription,
        scalar("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encoded(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(seeds, seeds, sixteen, sixteen, st.binary(max_size=LONGEST_MESSAGE))
def test_a_standard_implementation_opens_it(
    theirs: bytes, ours: bytes, auth: bytes, salt: bytes, plain: bytes
) -> None:
    receiver = private_key(theirs)
    subscription = Subscription(endpoint=ENDPOINT, p256dh=public_point(receiver), auth=auth)
    body = encrypt(plain, subscription, private_key(ours), salt)
    assert len(body) <= 4096
    assert http_ece.decrypt(body, private_key=receiver, auth_secret=auth, version="aes128gcm") == plain


def test_nobody_else_opens_it() -> None:
    receiver, other = private_key(b"r" * SEED_BYTES), private_key(b"o" * SEED_BYTES)
    subscription = Subscription(endpoint=ENDPOINT, p256dh=public_point(receiver), auth=b"a" * 16)
    body = encrypt(b"secret", subscription, private_key(b"s" * SEED_BYTES), b"n" * 16)
    for key, auth in ((other, b"a" * 16), (receiver, b"b" * 16)):
        with pytest.raises(http_ece.ECEException):
            http_ece.decrypt(body, private_key=key, auth_secret=auth, version="aes128gcm")
    assert b"secret" not in body


def test_what_push_services_need_not_take_is_not_made() -> None:
    receiver = private_key(b"r" * SEED_BYTES)
    subscription = Subscription(endpoint=ENDPOINT, p256dh=public_point(receiver), auth=b"a" * 16)
    with pytest.raises(ValueError, match="too long"):
        encrypt(bytes(LONGEST_MESSAGE + 1), subscription, receiver, b"n" * 16)
