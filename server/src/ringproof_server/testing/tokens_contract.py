"""What every signer of challenges and tokens and every seal holds, as tests: subclass and give a `bench`.

class TestMySeals(SealsContract):
    @pytest.fixture
    def bench(self) -> SealsBench:
        return SealsBench(here=MySeals("a"), there=MySeals("a"), stranger=MySeals("b"))
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import jwt
import pytest

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import ChallengeExpired, ChallengeInvalid
from ringproof_server.ports import ChallengeClaims, Seals, TokenClaims, Tokens
from ringproof_server.testing.clock import START

CHALLENGE: Final = ChallengeClaims(
    verification_id="vrf_1",
    application_id="app_1",
    code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    issued_at=START,
    expires_at=START + timedelta(seconds=300),
)
TOKEN: Final = TokenClaims(
    token_id="tok_1",  # noqa: S106 - a name, not a secret
    verification_id="vrf_1",
    application_id="app_1",
    phone_number="+447700900123",
    channel=Channel.FLASHCALL,
    guess_probability=3e-4,
    assurance_bits=11.7,
    reference="signup-42",
    nonce="n-1",
    transaction={"amount": "12.30", "currency": "EUR", "payee": "ACME"},
    verified_at=START,
)
ATTEMPT: Final = "att_06a1k2m3n4"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensBench:
    """Signers at the moment `START`: two processes of one server, and a server with another secret."""

    here: Tokens
    there: Tokens
    stranger: Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class SealsBench:
    """Seals of two processes of one server, and of a server with another secret."""

    here: Seals
    there: Seals
    stranger: Seals


class TokensContract:
    """Everything that `ports.Tokens` promises."""

    @pytest.mark.parametrize("code_challenge", [CHALLENGE.code_challenge, None])
    def test_a_challenge_comes_back_as_it_was(self, bench: TokensBench, code_challenge: str | None) -> None:
        """In every process of the server."""
        claims = replace(CHALLENGE, code_challenge=code_challenge)
        assert bench.there.read_challenge(bench.here.sign_challenge(claims), START) == claims

    def test_a_challenge_says_what_is_paid(self, bench: TokensBench) -> None:
        """Also with the longest payee, and nobody can alter it."""
        payment = {"amount": "123456789012345.1234", "currency": "EUR", "payee": '\U0001f4b6"' * 70}
        claims = replace(CHALLENGE, transaction=payment)
        text = bench.here.sign_challenge(claims)
        assert bench.there.read_challenge(text, START) == claims
        other = bench.here.sign_challenge(replace(CHALLENGE, transaction={**payment, "amount": "1"}))
        assert text != other
        signature = text.rpartition(".")[2]
        with pytest.raises(ChallengeInvalid):
            bench.here.read_challenge(f"{other.rpartition('.')[0]}.{signature}", START)

    def test_the_same_claims_give_the_same_text(self, bench: TokensBench) -> None:
        """In every process: a repeated request gets the same answer."""
        assert bench.here.sign_challenge(CHALLENGE) == bench.there.sign_challenge(CHALLENGE)
        assert bench.here.sign_token(TOKEN) == bench.there.sign_token(TOKEN)

    def test_a_challenge_expires_by_the_clock(self, bench: TokensBench) -> None:
        text = bench.here.sign_challenge(CHALLENGE)
        assert bench.here.read_challenge(text, START + timedelta(seconds=299.9)) == CHALLENGE
        with pytest.raises(ChallengeExpired):
            bench.here.read_challenge(text, START + timedelta(seconds=300))

    def test_no_character_of_a_challenge_can_be_altered(self, bench: TokensBench) -> None:
        """Not even the spare bits of base 64 at the end."""
        text = bench.here.sign_challenge(CHALLENGE)
        for altered in alterations(text):
            with pytest.raises(ChallengeInvalid):
                bench.here.read_challenge(altered, START)

    def test_only_challenges_of_this_server_are_read(self, bench: TokensBench) -> None:
        texts = [bench.stranger.sign_challenge(CHALLENGE), bench.here.sign_token(TOKEN), "", "a.b.c"]
        for text in [*texts, bench.here.sign_challenge(CHALLENGE) + "A" * 1_000_000]:
            with pytest.raises(ChallengeInvalid):
                bench.here.read_challenge(text, START)

    def test_the_published_keys_vouch_for_a_token(self, bench: TokensBench) -> None:
        """Those of each process of the server, and nobody else's."""
        text = bench.here.sign_token(TOKEN)
        for tokens in (bench.here, bench.there):
            claims = checked(text, tokens.public_keys())
            assert (claims["sub"], claims["phone_number"]) == ("vrf_1", "+447700900123")
        with pytest.raises((jwt.InvalidTokenError, KeyError)):
            checked(text, bench.stranger.public_keys())

    def test_the_published_keys_are_public(self, bench: TokensBench) -> None:
        keys: Any = bench.here.public_keys()["keys"]
        assert keys
        assert all({"kty", "kid"} <= key.keys() and not {"d", "k"} & key.keys() for key in keys)


class SealsContract:
    """Everything that `ports.Seals` promises."""

    def test_digests_differ_by_purpose_value_and_secret_only(self, bench: SealsBench) -> None:
        digests = {
            bench.here.digest("a", "x"),
            bench.here.digest("b", "x"),
            bench.here.digest("a", "y"),
            bench.here.digest("ax", ""),
            bench.stranger.digest("a", "x"),
        }
        assert len(digests) == 5
        assert {len(digest) for digest in digests} == {32}
        assert bench.there.digest("a", "x") in digests

    def test_codes_have_a_key_of_their_own(self, bench: SealsBench) -> None:
        assert bench.here.code_key() == bench.there.code_key() != bench.stranger.code_key()
        assert len(bench.here.code_key()) >= 32

    def test_a_reference_names_its_attempt_in_every_process(self, bench: SealsBench) -> None:
        text = bench.here.sign_reference(ATTEMPT)
        assert text != ATTEMPT
        assert bench.there.read_reference(text) == ATTEMPT

    def test_a_reference_needs_no_escaping(self, bench: SealsBench) -> None:
        for number in range(200):
            text = bench.here.sign_reference(f"att_{number}")
            assert text.replace(".", "").replace("_", "").replace("-", "").isalnum()
            assert text.isascii()

    def test_no_character_of_a_reference_can_be_altered(self, bench: SealsBench) -> None:
        for altered in alterations(bench.here.sign_reference(ATTEMPT)):
            assert bench.here.read_reference(altered) is None

    def test_only_references_of_this_server_name_anything(self, bench: SealsBench) -> None:
        for text in (bench.stranger.sign_reference(ATTEMPT), ATTEMPT, f"{ATTEMPT}.", "", "é"):
            assert bench.here.read_reference(text) is None

    def test_what_is_sealed_opens_in_every_process_of_this_server_only(self, bench: SealsBench) -> None:
        sealed = bench.here.seal("device", "secret ✓")
        assert bench.there.unseal("device", sealed) == "secret ✓"
        assert bench.stranger.unseal("device", sealed) is None
        assert bench.here.unseal("other purpose", sealed) is None
        assert "secret" not in sealed

    def test_what_is_bound_to_something_opens_nowhere_else(self, bench: SealsBench) -> None:
        sealed = bench.here.seal("device", "secret", bound_to="one number")
        assert bench.there.unseal("device", sealed, bound_to="one number") == "secret"
        assert bench.here.unseal("device", sealed, bound_to="another number") is None
        assert bench.here.unseal("device", sealed) is None
        assert bench.here.unseal("device", bench.here.seal("device", "secret"), bound_to="one number") is None

    def test_what_is_sealed_never_opens_as_anything_else(self, bench: SealsBench) -> None:
        """Base64 has spare bits, which may differ; whatever says something else does not open."""
        opened = [
            bench.here.unseal("device", altered) for altered in alterations(bench.here.seal("device", "s"))
        ]
        assert set(opened) <= {None, "s"}
        assert opened.count("s") <= 3


def alterations(text: str) -> list[str]:
    """The text with each of its characters replaced by some others."""
    return [
        text[:position] + other + text[position + 1 :]
        for position, character in enumerate(text)
        for other in sorted({"A", "B", "g", ".", "é"} - {character})
    ]


def checked(text: str, key_set: dict[str, Any], issuer: str | None = None) -> dict[str, Any]:
    """The claims of a token that the key set vouches for; its time is not looked at."""
    key = jwt.PyJWKSet.from_dict(key_set)[jwt.get_unverified_header(text)["kid"]]
    return jwt.decode(
        text,
        key,
        algorithms=["EdDSA"],
        audience="app_1",
        issuer=issuer,
        options={"verify_exp": False, "verify_iat": False},
    )
