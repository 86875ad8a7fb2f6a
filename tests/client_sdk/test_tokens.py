"""Tokens: the good one is read, and every forgery known to man is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest

from ringproof import TokenVerifier, VerifiedPhone, verify_token
from ringproof._transport import Request, Response
from ringproof.errors import (
    ServerUnreachableError,
    TokenExpiredError,
    TokenInvalidError,
    UnexpectedAnswerError,
)
from ringproof.testing import FakeClock
from tests.client_sdk.phones import OWNER

jwt = pytest.importorskip("jwt", reason="checking tokens needs ringproof[backend]: PyJWT with cryptography")
ed25519 = pytest.importorskip(
    "cryptography.hazmat.primitives.asymmetric.ed25519", reason="PyJWT knows EdDSA only with cryptography"
)

ISSUER, AUDIENCE = "https://verify.example", "app_shop"
NOW = 1_700_000_000


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Signs tokens with a key pair of its own."""

    def __init__(self, kid: str = "k1") -> None:
        self.kid = kid
        self.private = ed25519.Ed25519PrivateKey.generate()
        self.raw = self.private.public_key().public_bytes_raw()

    @property
    def jwk(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "use": "sig", "x": b64(self.raw)}

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [{"kty": "RSA", "kid": "other", "n": "AQAB", "e": "AQAB"}, self.jwk]}

    def claims(self, **changes: object) -> dict[str, object]:
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": NOW,
            "exp": NOW + 300,
            "jti": "tok_1",
            "sub": "vrf_1",
            "phone_number": OWNER,
            "phone_number_verified": True,
            "amr": ["flashcall"],
            "assurance_bits": 11.7,
            "guess_probability": 0.0003,
            "reference": "signup-42",
            "nonce": None,
            "transaction": {"amount": "12.30"},
        }
        claims.update(changes)
        return {name: value for name, value in claims.items() if value != "absent"}

    def token(self, headers: Mapping[str, object] | None = None, /, **changes: object) -> str:
        headers = {"typ": "phone-verification+jwt", "kid": self.kid, **(headers or {})}
        signed: str = jwt.encode(self.claims(**changes), self.private, algorithm="EdDSA", headers=headers)
        return signed

    def by_hand(self, header: Mapping[str, object], /, **changes: object) -> str:
        """Header and claims as wanted, signed with the right key over them."""
        text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(self.claims(**changes)).encode())}"
        return f"{text}.{b64(self.private.sign(text.encode()))}"


@pytest.fixture(name="issuer")
def _issuer() -> Issuer:
    return Issuer()


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock(wall=NOW + 10)


def check(issuer: Issuer, token: str, clock: FakeClock, **options: Any) -> VerifiedPhone:
    nonce = options.pop("nonce", None)
    verifier = TokenVerifier(
        **{"issuer": ISSUER, "audience": AUDIENCE, "jwks": issuer.jwks, "clock": clock, **options}
    )
    return verifier.verify(token, nonce=nonce)


def test_a_good_token_is_read(issuer: Issuer, clock: FakeClock) -> None:
    """Everything it says, typed; the number is not printed."""
    phone = check(issuer, issuer.token(), clock)
    assert phone == VerifiedPhone(
        phone_number=OWNER,
        verification="vrf_1",
        channel="flashcall",
        issued_at=NOW,
        expires_at=NOW + 300,
        token_id="tok_1",
        assurance_bits=11.7,
        guess_probability=0.0003,
        reference="signup-42",
        nonce=None,
        transaction={"amount": "12.30"},
    )
    assert OWNER not in repr(phone)


def test_the_function_reads_it_too() -> None:
    """`verify_token` with a key set at hand, on the machine's own clock."""
    issuer = Issuer()
    token = issuer.token(iat=0, exp=2**33)
    assert verify_token(token, jwks=issuer.jwks, issuer=ISSUER, audience=AUDIENCE).phone_number == OWNER
    with pytest.raises(TokenExpiredError):
        verify_token(issuer.token(), jwks=issuer.jwks, issuer=ISSUER, audience=AUDIENCE)


@pytest.mark.parametrize(
    "typ", ["phone-verification+jwt", "Phone-Verification+JWT", "application/phone-verification+jwt"]
)
def test_the_type_is_a_media_type(issuer: Issuer, clock: FakeClock, typ: str) -> None:
    """RFC 7515: case does not count, `application/` may stand before it."""
    assert check(issuer, issuer.token({"typ": typ}), clock)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "ringproof-challenge+jwt"},
        {"typ": None},
        {"kid": "unknown"},
        {"kid": ""},
        {"kid": 7},
        {"kid": "other"},
        {"crit": ["exp"]},
    ],
)
def test_another_kind_of_token_is_refused(
    issuer: Issuer, clock: FakeClock, header: dict[str, object]
) -> None:
    """Challenges, plain JWTs, unknown keys and unknown extensions, all rightly signed."""
    full = {"alg": "EdDSA", "typ": "phone-verification+jwt", "kid": issuer.kid, **header}
    with pytest.raises(TokenInvalidError):
        check(issuer, issuer.by_hand(full), clock)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
def test_an_unsigned_token_is_refused(issuer: Issuer, clock: FakeClock, algorithm: str) -> None:
    """RFC 8725, section 2.1: alg none in every spelling, with and without a signature."""
    header = {"alg": algorithm, "typ": "phone-verification+jwt", "kid": issuer.kid}
    text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(issuer.claims()).encode())}"
    for signature in ("", b64(b"x" * 64)):
        with pytest.raises(TokenInvalidError):
            check(issuer, f"{text}.{signature}", clock)


def test_the_public_key_is_no_hmac_secret(issuer: Issuer, clock: FakeClock) -> None:
    """RFC 8725, section 2.1: HS256 with the public key as the secret, in each form it is known in."""
    header = {"alg": "HS256", "typ": "phone-verification+jwt", "kid": issuer.kid}
    text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(issuer.claims()).encode())}"
    for secret in (issuer.raw, issuer.jwk["x"].encode(), json.dumps(issuer.jwk).encode()):
        signature = b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())
        with pytest.raises(TokenInvalidError):
            check(issuer, f"{text}.{signature}", clock)


def test_another_issuers_key_under_the_same_id_is_refused(issuer: Issuer, clock: FakeClock) -> None:
    """The signature counts, not the name of the key."""
    with pytest.raises(TokenInvalidError):
        check(issuer, Issuer(issuer.kid).token(), clock)


def test_a_key_in_the_tokens_own_header_is_ignored(issuer: Issuer, clock: FakeClock) -> None:
    """`jwk` and `jku` in a header are an attacker's offer."""
    forger = Issuer(issuer.kid)
    header = {"alg": "EdDSA", "typ": "phone-verification+jwt", "kid": issuer.kid, "jwk": forger.jwk}
    with pytest.raises(TokenInvalidError):
        check(issuer, forger.by_hand(header), clock)


def test_every_altered_byte_is_noticed(issuer: Issuer, clock: FakeClock) -> None:
    """Each character of the token matters, except the bits base64 leaves unused at an end."""
    token = issuer.token()
    ends = {position - 1 for position, sign in enumerate(token) if sign == "."} | {len(token) - 1}
    for position, sign in enumerate(token):
        if position in ends:
            continue
        altered = token[:position] + ("A" if sign != "A" else "B") + token[position + 1 :]
        with pytest.raises(TokenInvalidError):
            check(issuer, altered, clock)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": "absent"},
        {"aud": "app_other"},
        {"aud": ["app_other"]},
        {"aud": "absent"},
        {"aud": []},
        {"exp": "absent"},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"iat": "absent"},
        {"iat": NOW + 600},
        {"nbf": NOW + 600},
        {"nbf": "later"},
        {"jti": "absent"},
        {"sub": "absent"},
        {"sub": ""},
        {"phone_number": "absent"},
        {"phone_number": 447400123456},
        {"phone_number_verified": False},
        {"phone_number_verified": "true"},
        {"phone_number_verified": "absent"},
        {"amr": []},
        {"amr": "absent"},
    ],
)
def test_wrong_or_missing_claims_are_refused(
    issuer: Issuer, clock: FakeClock, changes: dict[str, object]
) -> None:
    """Rightly signed, but for somebody else, without an end, or without the statement itself."""
    with pytest.raises(TokenInvalidError):
        check(issuer, issuer.token(**changes), clock)


def test_an_expired_token_is_refused_after_the_leeway(issuer: Issuer, clock: FakeClock) -> None:
    """To the second, on the given clock."""
    token = issuer.token()
    clock.sleep(299)
    assert check(issuer, token, clock)
    clock.sleep(1)
    with pytest.raises(TokenExpiredError):
        check(issuer, token, clock)
    with pytest.raises(TokenExpiredError):
        check(issuer, issuer.token(exp=NOW + 10), clock, leeway=0)


def test_a_nonce_that_is_asked_for_must_be_there(issuer: Issuer, clock: FakeClock) -> None:
    """A token for another login is refused."""
    assert check(issuer, issuer.token(nonce="n1"), clock, nonce="n1").nonce == "n1"
    for token in (issuer.token(nonce="n2"), issuer.token()):
        with pytest.raises(TokenInvalidError):
            check(issuer, token, clock, nonce="n1")


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "x" * 9000, "ä.ö.ü", "e30.e30.e30", "[" * 4000 + ".."]
)
def test_what_is_no_token_is_refused(issuer: Issuer, clock: FakeClock, token: str) -> None:
    """Rubbish is invalid, never a crash."""
    with pytest.raises(TokenInvalidError):
        check(issuer, token, clock)


def test_errors_never_show_the_token(issuer: Issuer, clock: FakeClock) -> None:
    """What is logged on refusal holds no part of it."""
    token = issuer.token(aud="app_other")
    with pytest.raises(TokenInvalidError) as failure:
        check(issuer, token, clock)
    assert not any(part in str(failure.value) for part in token.split("."))


class KeyServer:
    """Serves a key set and counts."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.fetched = 0
        self.down = False
        self.answer: Response | None = None

    def send(self, request: Request) -> Response:
        self.fetched += 1
        if self.down:
            raise ServerUnreachableError("gone")
        return self.answer or Response(200, {}, json.dumps(self.issuer.jwks).encode())


def fetching(server: KeyServer, clock: FakeClock) -> TokenVerifier:
    return TokenVerifier(
        issuer=ISSUER, audience=AUDIENCE, jwks_url=f"{ISSUER}/jwks", transport=server, clock=clock
    )


def test_keys_are_fetched_once(issuer: Issuer, clock: FakeClock) -> None:
    """A hundred tokens, one request."""
    server = KeyServer(issuer)
    verifier = fetching(server, clock)
    for _ in range(100):
        verifier.verify(issuer.token())
    assert server.fetched == 1


def test_a_new_key_is_fetched_when_a_token_names_it(issuer: Issuer, clock: FakeClock) -> None:
    """Rotation needs no restart."""
    server = KeyServer(issuer)
    verifier = fetching(server, clock)
    verifier.verify(issuer.token())
    server.issuer = Issuer("k2")
    clock.sleep(60)
    assert verifier.verify(server.issuer.token())
    assert server.fetched == 2


def test_forged_key_ids_cannot_make_it_fetch_without_end(issuer: Issuer, clock: FakeClock) -> None:
    """A thousand unknown ids in a minute are one fetch at most."""
    server = KeyServer(issuer)
    verifier = fetching(server, clock)
    verifier.verify(issuer.token())
    clock.sleep(60)
    for number in range(1000):
        with pytest.raises(TokenInvalidError):
            verifier.verify(Issuer(f"forged{number % 3}").token())
    assert server.fetched == 2


def test_known_keys_go_on_working_while_the_issuer_is_down(issuer: Issuer, clock: FakeClock) -> None:
    """An hour later the keys are stale; a failed fetch changes nothing for known ones."""
    server = KeyServer(issuer)
    verifier = fetching(server, clock)
    verifier.verify(issuer.token(exp=NOW + 10_000))
    clock.sleep(4000)
    server.down = True
    assert verifier.verify(issuer.token(exp=NOW + 10_000))
    assert server.fetched == 2


def test_an_issuer_that_was_never_reached_is_no_verdict_on_the_token(
    issuer: Issuer, clock: FakeClock
) -> None:
    """Not invalid: unknown. And it works as soon as the issuer does."""
    server = KeyServer(issuer)
    server.down = True
    verifier = fetching(server, clock)
    for _ in range(3):
        with pytest.raises(ServerUnreachableError):
            verifier.verify(issuer.token())
    assert server.fetched == 1
    server.down = False
    clock.sleep(1)
    assert verifier.verify(issuer.token())


def test_a_key_set_that_is_none_is_said_so(issuer: Issuer, clock: FakeClock) -> None:
    """A login page in place of keys."""
    server = KeyServer(issuer)
    server.answer = Response(200, {}, b"<html>")
    with pytest.raises(UnexpectedAnswerError):
        fetching(server, clock).verify(issuer.token())


def test_keys_come_from_one_place(issuer: Issuer) -> None:
    """Both or neither is a mistake in the program, as is an empty issuer or audience."""
    with pytest.raises(ValueError, match="jwks"):
        TokenVerifier(issuer=ISSUER, audience=AUDIENCE)
    with pytest.raises(ValueError, match="jwks"):
        TokenVerifier(issuer=ISSUER, audience=AUDIENCE, jwks=issuer.jwks, jwks_url="https://x.example")
    with pytest.raises(ValueError, match="audience"):
        TokenVerifier(issuer=ISSUER, audience="", jwks=issuer.jwks)
