"""However many confirm at once, in however many processes, a verification is decided exactly once."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import jwt
from sqlalchemy import create_engine, text

from ringproof_server.app import Node
from ringproof_server.domain import code
from ringproof_server.domain.application import Caller
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.evidence import CallEvidence, CodeEvidence, Evidence
from ringproof_server.domain.verification import Capabilities
from ringproof_server.service.requests import StartRequest
from ringproof_server.storage.database import parse_url
from tests.end_to_end.racing import RIGHTFUL, ROLES, Race, Role, Track, run_races
from tests.support.api import another, pkce
from tests.support.servers import Server, Tenant

VERIFICATIONS = 200
SEED = 20_261
LENIENT = {"RINGPROOF_CODE_CHECKS": "10", "RINGPROOF_CHECK_DELAYS": "0"}
WRONG_ANSWERS = {"mismatch", "already-finished"}


def test_one_of_many_callers_wins_and_all_rightful_ones_get_its_token(database: str, tmp_path: Path) -> None:
    """200 verifications, each confirmed by 32 callers in 4 processes at once: one transition each, one token
    for everybody with the right proof, none for anybody else."""
    server = Server(tmp_path, database_url=database, settings=LENIENT)
    tenant = server.tenant()
    races = _start(server, tenant)
    track = Track(server.environment, tenant.publishable, tenant.secret, races, SEED)

    finishes = run_races(track)

    assert len(finishes) == VERIFICATIONS * len(ROLES)
    told: defaultdict[Role, Counter[str]] = defaultdict(Counter)
    tokens: defaultdict[int, set[str | None]] = defaultdict(set)
    for finish in finishes:
        told[finish.role][finish.told] += 1
        if finish.role in RIGHTFUL:
            tokens[finish.race].add(finish.token)
        else:
            assert finish.token is None, finish
    assert all(len(same) == 1 and None not in same for same in tokens.values())
    assert {role: set(told[role]) for role in RIGHTFUL} == {role: {"verified"} for role in RIGHTFUL}
    assert set(told[Role.WRONG_PROOF]) <= WRONG_ANSWERS
    assert set(told[Role.WRONG_VERIFIER]) == {"verifier-mismatch"}
    assert set(told[Role.WRONG_CHALLENGE]) == {"challenge-invalid"}
    assert _transitions(database) == dict.fromkeys((race.verification_id for race in races), 1)
    _check_tokens(server, tenant, races, tokens)


def _start(server: Server, tenant: Tenant) -> list[Race]:
    with server.node() as node:
        node.tokens.prepare()
        caller = node.access.caller(tenant.publishable, None)
        return [_start_one(node, caller, index) for index in range(VERIFICATIONS)]


def _start_one(node: Node, caller: Caller, index: int) -> Race:
    """Every second verification is a flash call, the others are codes."""
    verifier, code_challenge = pkce()
    channel = Channel.FLASHCALL if index % 2 == 0 else Channel.SMS
    request = StartRequest(
        phone_number=f"+447700900{index:03}",
        code_challenge=code_challenge,
        channels=(channel,),
        capabilities=Capabilities(caller_id=True),
    )
    started = node.verifications.start(caller, request, None)
    assert started.challenge is not None
    verification, attempt = started.verification, started.attempt
    right: Evidence
    wrong: Evidence
    if channel is Channel.FLASHCALL:
        assert attempt is not None
        assert attempt.caller_id is not None
        right = CallEvidence(caller_id=attempt.caller_id)
        wrong = CallEvidence(caller_id=another(attempt.caller_id))
    else:
        assert verification.code_salt is not None
        spelt = code.spell(node.parts.seals.code_key(), verification.code_salt, 6)
        right = CodeEvidence(channel=channel, code=spelt)
        wrong = CodeEvidence(channel=channel, code=f"{(int(spelt) + 1) % 1_000_000:06}")
    return Race(verification.id, started.challenge, verifier, right, wrong)


def _transitions(database: str) -> dict[str, int]:
    """How often each verification was moved out of `pending`, from its trace."""
    engine = create_engine(parse_url(database))
    statement = text(
        "SELECT v.id, COUNT(t.position) FROM verifications v"
        " LEFT JOIN trace t ON t.verification_id = v.id AND t.what = 'finished'"
        " WHERE v.status = 'verified' GROUP BY v.id"
    )
    try:
        with engine.connect() as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(statement)}
    finally:
        engine.dispose()


def _check_tokens(
    server: Server, tenant: Tenant, races: list[Race], tokens: dict[int, set[str | None]]
) -> None:
    """Every token is signed by the published key and says which verification it is about."""
    with server.node() as node:
        keys = jwt.PyJWKSet.from_dict(node.tokens.public_keys())
    token_ids = set()
    for index, race in enumerate(races):
        (token,) = tokens[index]
        assert token is not None
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["EdDSA"], audience=tenant.id, issuer=server.url)
        assert claims["sub"] == race.verification_id
        token_ids.add(claims["jti"])
    assert len(token_ids) == len(races)
