"""Challenges, tokens, their keys and the carrier references; attacks on each."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ringproof_server.domain.errors import ChallengeExpired, ChallengeInvalid
from ringproof_server.storage import SqlStorage, migrations, open_storage
from ringproof_server.testing.clock import START, FakeClock
from ringproof_server.testing.randomness import SeededRandom
from ringproof_server.testing.tokens_contract import (
    CHALLENGE,
    TOKEN,
    SealsBench,
    SealsContract,
    TokensBench,
    TokensContract,
    checked,
)
from ringproof_server.tokens import PUBLISH_AHEAD, TOKEN_LIFE, JwtTokens, SecretSeals
from ringproof_server.tokens.challenge import ChallengeSigner
from ringproof_server.tokens.signing_keys import KeyLife
from ringproof_server.tokens.subkeys import subkey

SECRET = "a-secret-for-tests-that-is-long-enough-for-anyone"
OTHER_SECRET = "another-secret-for-tests-that-is-long-enough-too"
ISSUER = "https://ringproof.example"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@contextmanager
def keys_at(folder: Path) -> Iterator[SqlStorage]:
    url = f"sqlite:///{folder / 'keys.db'}"
    migrations.upgrade(url)
    opened = open_storage(url, hasher=lambda number: SecretSeals(SECRET).digest("phone-number", number))
    yield opened
    opened.close()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    with keys_at(tmp_path) as storage:
        yield storage


def signer(storage: SqlStorage, clock: FakeClock, *, secret: str = SECRET, seed: str = "a") -> JwtTokens:
    return JwtTokens(storage, clock, SeededRandom(seed, clock), secret_key=secret, issuer=ISSUER)


def segments(text: str) -> list[Any]:
    """Header and claims of a JWT, unverified."""
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split(".")[:2]]


def encoded(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


class TestChallenge:
    """What only this server signs and reads."""

    signer = ChallengeSigner(SECRET, ISSUER)

    def test_it_is_an_ordinary_jwt_with_its_own_type(self) -> None:
        """PyJWT reads it with the subkey, so the fast path signs what the standard says."""
        text = self.signer.sign(CHALLENGE)
        claims = jwt.decode(
            text,
            subkey(SECRET, "challenge"),
            algorithms=["HS256"],
            audience="app_1",
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False},
        )
        assert jwt.get_unverified_header(text) == {"alg": "HS256", "typ": "ringproof-challenge+jwt"}
        assert claims["sub"] == "vrf_1"
        assert claims["exp"] - claims["iat"] == 300

    def test_a_moment_of_expiry_is_rounded_up(self) -> None:
        text = self.signer.sign(replace(CHALLENGE, expires_at=START + timedelta(seconds=299.5)))
        assert self.signer.read(text, START + timedelta(seconds=299.9)).verification_id == "vrf_1"
        with pytest.raises(ChallengeExpired):
            self.signer.read(text, START + timedelta(seconds=300))

    def test_the_challenge_of_another_address_is_refused(self) -> None:
        with pytest.raises(ChallengeInvalid):
            self.signer.read(ChallengeSigner(SECRET, "https://else.example").sign(CHALLENGE), START)

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none", "typ": "ringproof-challenge+jwt"},
            {"alg": "HS512", "typ": "ringproof-challenge+jwt"},
            {"alg": "HS256", "typ": "JWT"},
            {"alg": "HS257", "typ": "ringproof-challenge+jwt"},
            {"alg": "HS256", "typ": "ringproof-challenge+jws"},
            {"alg": "HS256"},
            {"alg": "HS256", "typ": "phone-verification+jwt"},
            {"alg": "HS256", "typ": "ringproof-challenge+jwt", "kid": "../../dev/null"},
            {"alg": "HS256", "typ": "ringproof-challenge+jwt", "crit": ["b64"], "b64": False},
        ],
    )
    def test_no_other_header_is_accepted_even_with_a_right_signature(self, header: dict[str, Any]) -> None:
        """Whoever swaps algorithm or type is refused before anything else is looked at."""
        claims = segments(self.signer.sign(CHALLENGE))[1]
        for algorithm in ("HS256", "HS512"):
            key = jwt.algorithms.HMACAlgorithm(
                jwt.algorithms.HMACAlgorithm.SHA256
                if algorithm == "HS256"
                else jwt.algorithms.HMACAlgorithm.SHA512
            )
            signed = f"{encoded(header)}.{encoded(claims)}"
            signature = key.sign(signed.encode(), subkey(SECRET, "challenge"))
            text = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
            with pytest.raises(ChallengeInvalid):
                self.signer.read(text, START)
        with pytest.raises(ChallengeInvalid):
            self.signer.read(f"{encoded(header)}.{encoded(claims)}.", START)

    @given(st.text(max_size=300))
    def test_any_other_text_is_refused(self, text: str) -> None:
        with pytest.raises(ChallengeInvalid):
            self.signer.read(text, START)


class TestJwtTokens(TokensContract):
    """Challenges and tokens of two processes on one database, and of a stranger."""

    @pytest.fixture
    def bench(
        self, storage: SqlStorage, clock: FakeClock, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[TokensBench]:
        with keys_at(tmp_path_factory.mktemp("stranger")) as elsewhere:
            yield TokensBench(
                here=signer(storage, clock),
                there=signer(storage, clock, seed="b"),
                stranger=signer(elsewhere, clock, secret=OTHER_SECRET),
            )


class TestToken:
    """The result that anybody checks."""

    def test_its_claims_are_those_of_the_contract(self, storage: SqlStorage, clock: FakeClock) -> None:
        tokens = signer(storage, clock)
        header, claims = segments(tokens.sign_token(TOKEN))
        assert header == {
            "alg": "EdDSA",
            "typ": "phone-verification+jwt",
            "kid": tokens.public_keys()["keys"][0]["kid"],  # type: ignore[index]
        }
        assert claims == {
            "iss": ISSUER,
            "aud": "app_1",
            "iat": int(START.timestamp()),
            "exp": int(START.timestamp()) + 300,
            "jti": "tok_1",
            "sub": "vrf_1",
            "phone_number": "+447700900123",
            "phone_number_verified": True,
            "amr": ["flashcall"],
            "assurance_bits": 11.7,
            "guess_probability": 3e-4,
            "reference": "signup-42",
            "nonce": "n-1",
            "transaction": {"amount": "12.30", "currency": "EUR", "payee": "ACME"},
        }

    def test_the_published_key_checks_it(self, storage: SqlStorage, clock: FakeClock) -> None:
        tokens = signer(storage, clock)
        text = tokens.sign_token(TOKEN)
        assert checked(text, tokens.public_keys())["sub"] == "vrf_1"
        with pytest.raises(jwt.InvalidSignatureError):
            checked(text[:-10] + "AAAAAAAAAA", tokens.public_keys())

    def test_a_public_key_signs_no_challenge(self, storage: SqlStorage, clock: FakeClock) -> None:
        """The confusion of HS256 with a public key as its secret."""
        tokens = signer(storage, clock)
        public = tokens.public_keys()["keys"][0]["x"]  # type: ignore[index]
        claims = segments(tokens.sign_challenge(CHALLENGE))[1]
        forged = jwt.encode(claims, public, algorithm="HS256", headers={"typ": "ringproof-challenge+jwt"})
        with pytest.raises(ChallengeInvalid):
            tokens.read_challenge(forged, START)

    def test_nothing_of_it_shows_in_the_repr_of_its_claims(self) -> None:
        assert "+447700900123" not in repr(TOKEN)


class TestKeys:
    """The life of signing keys."""

    def test_processes_that_start_together_agree_on_the_first_key(
        self, storage: SqlStorage, clock: FakeClock
    ) -> None:
        processes = [signer(storage, clock, seed=str(number)) for number in range(16)]
        with ThreadPoolExecutor(16) as pool:
            texts = set(pool.map(lambda tokens: tokens.sign_token(TOKEN), processes))
        assert len(texts) == 1
        assert len(processes[0].public_keys()["keys"]) == 1  # type: ignore[arg-type]

    def test_the_private_key_is_not_stored_in_the_clear(self, storage: SqlStorage, clock: FakeClock) -> None:
        signer(storage, clock).prepare()
        stored = storage.read(lambda session: session.signing_keys.listing())[0]
        for start in range(len(stored.sealed) - 31):
            raw = Ed25519PrivateKey.from_private_bytes(stored.sealed[start : start + 32])
            assert raw.public_key().public_bytes_raw() != stored.public
        assert stored.sealed.hex() not in repr(stored)

    def test_a_new_key_is_published_before_it_signs(self, storage: SqlStorage, clock: FakeClock) -> None:
        """A verifier that keeps the key set for five minutes never meets a key it has not seen."""
        tokens = signer(storage, clock)
        before = segments(tokens.sign_token(TOKEN))[0]["kid"]
        fresh = tokens.rotate(clock.now())
        assert kids(tokens) == {before, fresh}
        assert segments(tokens.sign_token(TOKEN))[0]["kid"] == before
        clock.move(PUBLISH_AHEAD.total_seconds() - 1)
        assert segments(tokens.sign_token(TOKEN))[0]["kid"] == before
        clock.move(1)
        assert segments(tokens.sign_token(TOKEN))[0]["kid"] == fresh

    def test_an_old_key_stays_until_its_tokens_have_expired(
        self, storage: SqlStorage, clock: FakeClock
    ) -> None:
        tokens = signer(storage, clock)
        before = segments(tokens.sign_token(TOKEN))[0]["kid"]
        fresh = tokens.rotate(clock.now())
        clock.move(PUBLISH_AHEAD.total_seconds() - 0.001)
        last = tokens.sign_token(replace(TOKEN, verified_at=clock.now()))
        clock.move(TOKEN_LIFE.total_seconds())
        assert checked(last, tokens.public_keys())["sub"] == "vrf_1"
        clock.move(3600)
        assert kids(tokens) == {fresh}
        assert before not in kids(tokens)

    def test_a_rotation_forgets_keys_that_nobody_needs(self, storage: SqlStorage, clock: FakeClock) -> None:
        tokens = signer(storage, clock)
        for _ in range(5):
            tokens.rotate(clock.now())
            clock.move(86_400)
        assert len(storage.read(lambda session: session.signing_keys.listing())) <= 3

    def test_another_process_learns_of_a_rotation_in_time(
        self, storage: SqlStorage, clock: FakeClock
    ) -> None:
        """Both publish the new key well before either signs with it, and change over at the same moment."""
        here, there = signer(storage, clock), signer(storage, clock, seed="b")
        there.prepare()
        fresh = here.rotate(clock.now())
        clock.move(61)
        assert fresh in kids(there)
        clock.move(PUBLISH_AHEAD.total_seconds() - 61)
        assert here.sign_token(TOKEN) == there.sign_token(TOKEN)
        assert segments(there.sign_token(TOKEN))[0]["kid"] == fresh

    def test_rotations_in_quick_succession_lose_no_key(self, storage: SqlStorage, clock: FakeClock) -> None:
        tokens = signer(storage, clock)
        tokens.prepare()
        for _ in range(20):
            tokens.rotate(clock.now())
            for _ in range(3):
                clock.move(61)
                text = tokens.sign_token(replace(TOKEN, verified_at=clock.now()))
                assert checked(text, tokens.public_keys())

    def test_a_key_signs_in_the_time_that_is_told_of_it(self, storage: SqlStorage, clock: FakeClock) -> None:
        """At every minute of a history of rotations, soon after each other and long after, every published
        key is told, and of them the one signs that is said to."""
        tokens = signer(storage, clock)
        assert tokens.key_lives() == []
        told: list[KeyLife] = []
        for pause in (2, 3, 1, 12, 40, 26, 1, 40):
            for _ in range(pause):
                kid = segments(tokens.sign_token(TOKEN))[0]["kid"]
                told, now = tokens.key_lives(), clock.now()
                assert {life.kid for life in told} == kids(tokens)
                assert [life.kid for life in told if is_said_to_sign(life, now)] == [kid]
                clock.move(60)
            tokens.prepare()
            tokens.rotate(clock.now())
        assert told[0].published_until is None
        assert told == sorted(told, key=lambda life: life.published_at, reverse=True)

    def test_a_key_of_another_secret_is_told_to_sign_from_no_time(
        self, storage: SqlStorage, clock: FakeClock
    ) -> None:
        """Also where the first secret comes back after its key has been replaced, and signs at once again."""
        signer(storage, clock).prepare()
        other = signer(storage, clock, secret=OTHER_SECRET)
        other.prepare()
        assert sorted(life.signs_from is None for life in other.key_lives()) == [False, True]
        other.rotate(clock.now())
        clock.move(3600)
        again = signer(storage, clock)
        kid = segments(again.sign_token(TOKEN))[0]["kid"]
        assert [life.kid for life in again.key_lives() if is_said_to_sign(life, clock.now())] == [kid]

    def test_a_new_secret_brings_a_new_key_and_keeps_the_old_one_published(
        self, storage: SqlStorage, clock: FakeClock
    ) -> None:
        old = signer(storage, clock).sign_token(TOKEN)
        changed = signer(storage, clock, secret=OTHER_SECRET)
        assert checked(changed.sign_token(TOKEN), changed.public_keys())
        assert checked(old, changed.public_keys())

    def test_a_secret_that_comes_back_after_a_rotation_can_sign(
        self, storage: SqlStorage, clock: FakeClock
    ) -> None:
        signer(storage, clock).prepare()
        signer(storage, clock, secret=OTHER_SECRET).rotate(clock.now())
        clock.move(3600)
        again = signer(storage, clock)
        assert checked(again.sign_token(TOKEN), again.public_keys())


class TestSeals(SealsContract):
    """Keyed digests and carrier references."""

    seals = SecretSeals(SECRET)

    @pytest.fixture
    def bench(self) -> SealsBench:
        return SealsBench(here=self.seals, there=SecretSeals(SECRET), stranger=SecretSeals(OTHER_SECRET))

    @given(st.text(max_size=200))
    def test_any_other_text_names_nothing(self, text: str) -> None:
        assert self.seals.read_reference(text) is None

    @pytest.mark.parametrize("attempt_id", ["", "vrf_1", "att_", "att_a.b", "att_a/b", "att_" + "a" * 65])
    def test_only_an_attempt_can_be_named(self, attempt_id: str) -> None:
        with pytest.raises(ValueError, match="attempt id"):
            self.seals.sign_reference(attempt_id)


def kids(tokens: JwtTokens) -> set[str]:
    keys: Any = tokens.public_keys()["keys"]
    return {key["kid"] for key in keys}


def is_said_to_sign(life: KeyLife, now: datetime) -> bool:
    """Whether this key is said to sign now."""
    if life.signs_from is None or now < life.signs_from:
        return False
    return life.signs_until is None or now < life.signs_until
