"""Attackers without the phone: forged challenges, other people's sessions, guesses from many of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from sqlalchemy import create_engine, text

from ringproof_server.domain.policy import Policy
from ringproof_server.ports import ChallengeClaims
from ringproof_server.storage.database import parse_url
from tests.support.api import (
    Answer,
    Api,
    Json,
    Started,
    another,
    call_evidence,
    confirm_body,
    is_ringing,
    pkce,
    start_body,
)
from tests.support.servers import GENEROUS, Server, Tenant, running

NUMBERS = (f"+447700900{index:03}" for index in range(500))
CHALLENGE = "Ringproof-Challenge"


@pytest.fixture(scope="module", name="tenant")
def _tenant(server: Server) -> Tenant:
    return server.tenant("shop")


@pytest.fixture(scope="module", name="other")
def _other(server: Server) -> Tenant:
    return server.tenant("another shop")


@pytest.fixture(name="api")
def _api(server: Server, tenant: Tenant) -> Iterator[Api]:
    client = Api(server.url, tenant.publishable)
    yield client
    client.close()


def ringing(api: Api, started: Started) -> str:
    """The number that calls, as the phone shows it."""
    event = api.wait_for(started.number, is_ringing)
    return str(event["caller_id"])


def unsigned(part: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> Json:
    found: Json = jwt.decode(token, options={"verify_signature": False})
    return found


def everywhere(api: Api, started: Started, challenge: str) -> list[Answer]:
    """Use a challenge wherever one is taken, with the right verifier and evidence that may be right."""
    path = f"/v1/verifications/{started.id}"
    header = {CHALLENGE: challenge}
    body = {**confirm_body(started, call_evidence("+442079460000")), "challenge": challenge}
    return [
        api.post(f"{path}/confirm", body),
        api.post(f"{path}/next", {}, header),
        api.post(f"{path}/reports", {"kind": "seen"}, header),
        api.get(path, header),
        api.request("DELETE", path, None, header),
    ]


# --- challenges


def forgeries(api: Api, started: Started) -> dict[str, str]:
    """Challenges that the server has not signed for this verification, by the trick behind them."""
    header, claims, signature = started.challenge.split(".")
    (published,) = api.get("/.well-known/jwks.json").json()["keys"]
    said = claims_of(started.challenge)
    own_jwk = {"alg": "HS256", "typ": "ringproof-challenge+jwt", "jwk": {"kty": "oct", "k": "AAAA"}}
    later = unsigned({**said, "exp": said["exp"] + 3600})

    def by_hmac(start: str, key: bytes) -> str:
        made = hmac.digest(key, start.encode(), hashlib.sha256)
        return f"{start}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"

    return {
        "alg none": f"{unsigned({'alg': 'none', 'typ': 'ringproof-challenge+jwt'})}.{claims}.",
        "alg none, old signature": f"{unsigned({'alg': 'None'})}.{claims}.{signature}",
        "alg swapped": f"{unsigned({'alg': 'HS512', 'typ': 'ringproof-challenge+jwt'})}.{claims}.{signature}",
        "alg of the tokens": f"{unsigned({'alg': 'EdDSA', 'kid': published['kid']})}.{claims}.{signature}",
        "public key as secret": by_hmac(f"{header}.{claims}", published["x"].encode()),
        "key of its own": by_hmac(f"{unsigned(own_jwk)}.{claims}", b"\0\0\0"),
        "empty key": by_hmac(f"{header}.{claims}", b""),
        "claims altered": f"{header}.{later}.{signature}",
        "signature altered": f"{header}.{claims}.{signature[:-2]}{'AA' if signature[-2:] != 'AA' else 'BB'}",
        "signature cut": f"{header}.{claims}.{signature[:-1]}",
        "signature gone": f"{header}.{claims}.",
        "two parts": f"{header}.{claims}",
        "four parts": f"{started.challenge}.{signature}",
        "another client's": api.start(next(NUMBERS)).challenge,
    }


def test_no_forged_challenge_opens_anything(api: Api) -> None:
    """None, swapped and confused algorithms, altered and cut texts, another client's: refused everywhere."""
    started = api.start(next(NUMBERS))
    for trick, challenge in forgeries(api, started).items():
        for answer in everywhere(api, started, challenge):
            assert (answer.status, answer.problem) == (403, "challenge-invalid"), trick
    assert api.read(started).json()["checks_left"] == started.view["checks_left"]
    assert api.read(started).json()["status"] == "pending"


def test_an_expired_challenge_opens_nothing(server: Server, tenant: Tenant, api: Api) -> None:
    """Rightly signed, but a moment too old: 410, although the verification is still pending."""
    started = api.start(next(NUMBERS))
    now = datetime.now(UTC)
    with server.node() as node:
        challenge = node.tokens.sign_challenge(
            ChallengeClaims(
                verification_id=started.id,
                application_id=tenant.id,
                code_challenge=claims_of(started.challenge)["cc"],
                issued_at=now - timedelta(seconds=301),
                expires_at=now - timedelta(seconds=1),
            )
        )
    for answer in everywhere(api, started, challenge):
        assert (answer.status, answer.problem) == (410, "challenge-expired")


def test_a_token_is_no_challenge_and_a_challenge_no_token(server: Server, tenant: Tenant, api: Api) -> None:
    """What proves the number to a back end opens nothing here, and the other way round."""
    started = api.start(next(NUMBERS))
    token = api.confirm(started, call_evidence(ringing(api, started))).json()["token"]
    for answer in everywhere(api, started, token):
        assert (answer.status, answer.problem) == (403, "challenge-invalid")
    keys = jwt.PyJWKSet.from_dict(api.get("/.well-known/jwks.json").json())
    for key in keys.keys:
        with pytest.raises(jwt.InvalidTokenError):
            jwt.decode(started.challenge, key, algorithms=["EdDSA"], audience=tenant.id, issuer=server.url)


def test_the_session_secret_is_needed_however_right_the_evidence_is(server: Server, tenant: Tenant) -> None:
    """Whoever sees the phone and steals the challenge still lacks the code verifier."""
    # Unwatched, because the public code challenge is sent as if it were the secret verifier.
    api = Api(server.url, tenant.publishable, watched=False)
    started = api.start(next(NUMBERS))
    evidence = call_evidence(ringing(api, started))
    hashed = claims_of(started.challenge)["cc"]
    for stolen in (pkce()[0], hashed, started.verifier[:-1], started.verifier + "A", "A" * 43):
        answer = api.confirm(Started(started.id, started.number, started.challenge, stolen, {}), evidence)
        assert (answer.status, answer.problem) == (403, "verifier-mismatch")
    body = confirm_body(started, evidence)
    del body["code_verifier"]
    assert api.post(f"/v1/verifications/{started.id}/confirm", body).problem == "invalid-request"
    assert api.confirm(started, evidence).json()["status"] == "verified"


# --- other people's verifications


def test_an_identifier_alone_is_worth_nothing(server: Server, api: Api, other: Tenant) -> None:
    """To another application a verification is not there, and the answer is the one for an invented id."""
    started = api.start(next(NUMBERS), reference="theirs")
    stranger = Api(server.url, other.secret)
    path = f"/v1/verifications/{started.id}"
    invented = f"/v1/verifications/vrf_{'0' * 26}"
    evidence = {"evidence": call_evidence(ringing(api, started))}
    asked: list[tuple[str, str, Json | None]] = [
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/confirm", evidence),
        ("POST", "/next", {}),
        ("POST", "/reports", {"kind": "seen"}),
    ]
    for method, end, body in asked:
        theirs = stranger.request(method, path + end, body)
        nobodys = stranger.request(method, invented + end, body)
        assert (theirs.status, theirs.problem) == (404, "not-found")
        assert without_the_request(theirs) == without_the_request(nobodys)
    assert stranger.get("/v1/verifications?reference=theirs").json() == {"verifications": []}
    assert api.read(started).json()["status"] == "pending"


def test_a_publishable_key_cannot_do_what_is_for_back_ends(api: Api, tenant: Tenant) -> None:
    """No look-up by reference, no trace, no confirm without challenge and verifier."""
    started = api.start(next(NUMBERS), reference="mine")
    path = f"/v1/verifications/{started.id}"
    assert api.get("/v1/verifications?reference=mine").problem == "forbidden"
    assert api.get(path).problem == "invalid-request"
    assert not {"attempts", "trace"} & api.read(started).json().keys()
    assert api.post(f"{path}/confirm", {"evidence": call_evidence("+442079460000")}).status == 400
    assert {"attempts", "trace"} <= api.get(path, key=tenant.secret).json().keys()


def without_the_request(answer: Answer) -> Json:
    """A problem document but for the id of its request."""
    return {name: value for name, value in answer.json().items() if name != "instance"}


# --- guesses


def test_guesses_of_many_sessions_stay_within_the_budget_of_the_number(tmp_path: Path) -> None:
    """Sixteen clients guess at one number at once, session after session: what they could have guessed stays
    within its budget, then nobody is offered a guess, and no guess was more than the answers had stated."""
    number, budget = next(NUMBERS), Policy().number_guess_budget
    # Serial calls are so hard to guess that they would always fit into the budget.
    settings = {**GENEROUS, "RINGPROOF_MAX_CALLS": "1", "RINGPROOF_NUMBER_GUESS_BUDGET": str(budget)}
    with running(Server(tmp_path, settings=settings)) as server:
        api = Api(server.url, server.tenant().publishable)
        told: Counter[str] = Counter()
        verifier, code_challenge = pkce()
        body = start_body(number, code_challenge, channels=["flashcall"])

        def guess() -> None:
            for _ in range(6):
                answer = api.post("/v1/verifications", body)
                told[answer.problem or str(answer.status)] += 1
                if answer.status == 201:
                    view = answer.json()
                    session = Started(view["id"], number, view["challenge"], verifier, view)
                    for ending in range(5):
                        told[tell(api.confirm(session, call_evidence(f"+44207946000{ending}")))] += 1

        threads = [threading.Thread(target=guess) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        owner = api.post("/v1/verifications", body)
    assert told.keys() <= {"201", "mismatch", "verified", "guess-budget-exhausted", "already-finished"}
    assert told["guess-budget-exhausted"] > 0
    assert told["201"] >= 10
    assert (owner.status, owner.problem) == (429, "guess-budget-exhausted")
    assert 0.8 * budget < _ledger(server) <= budget
    assert told["mismatch"] <= 3 * told["201"]


def tell(answer: Answer) -> str:
    return answer.problem or str(answer.json().get("result") or answer.json()["status"])


def _ledger(server: Server) -> float:
    engine = create_engine(parse_url(server.settings.database_url.reveal()))
    try:
        with engine.connect() as connection:
            return float(connection.execute(text("SELECT SUM(probability) FROM guesses")).scalar_one())
    finally:
        engine.dispose()


def test_more_callers_at_once_do_not_get_more_reports(api: Api) -> None:
    """Thirty-two wrong reports at the same moment count as far as reports are allowed, and no further."""
    started = api.start(next(NUMBERS), channels=["flashcall"])
    right = ringing(api, started)
    allowed = started.view["checks_left"]
    told: Counter[str] = Counter()
    barrier = threading.Barrier(32)

    def report() -> None:
        barrier.wait(30)
        told[tell(api.confirm(started, call_evidence(another(right))))] += 1

    threads = [threading.Thread(target=report) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told["mismatch"] == allowed
    assert told["already-finished"] == 32 - allowed
    assert tell(api.confirm(started, call_evidence(right))) == "already-finished"


# --- answers that must not tell


@pytest.fixture(scope="module", name="strict")
def _strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Tenant, Tenant]]:
    """A server that demands ring times, with a large pool and one of twenty numbers."""
    settings = {**GENEROUS, "RINGPROOF_RING_TIME": "require", "RINGPROOF_RING_SECONDS": "4,5"}
    with running(Server(tmp_path_factory.mktemp("strict"), settings=settings)) as started:
        yield started, started.tenant(), started.tenant("small", pool=("+442079461000-+442079461019",))


def test_asking_for_more_evidence_does_not_tell_right_from_wrong(
    strict: tuple[Server, Tenant, Tenant],
) -> None:
    """Without a ring time that can be compared, the answers to a right and a wrong caller ID are the same,
    byte by byte but for the identifiers."""
    server, tenant, _ = strict
    api = Api(server.url, tenant.publishable)
    answers = []
    for alter in (str, another):
        started = api.start(next(NUMBERS))
        evidence = call_evidence(alter(ringing(api, started)), 1000)
        answers.append(_comparable(api.confirm(started, evidence), started))
    assert b'"result":"more_evidence"' in answers[0]
    assert answers[0] == answers[1]


def test_the_first_of_serial_calls_is_answered_alike_for_right_and_wrong(
    strict: tuple[Server, Tenant, Tenant],
) -> None:
    """A pool of twenty numbers needs several calls; only the last answer may tell anything."""
    server, _, small = strict
    api = Api(server.url, small.publishable)
    seen: list[list[bytes]] = []
    for alter in (str, _next_of_twenty):
        started = api.start(next(NUMBERS), channels=["flashcall"])
        assert started.view["flashcall"]["calls"] > 1
        ended = api.wait_for(started.number, lambda event: event.get("ring_ms") is not None)
        api.wait_until_over(started)
        evidence = call_evidence(alter(ended["caller_id"]), ended["ring_ms"])
        first = api.confirm(started, evidence)
        seen.append([_comparable(first, started), _comparable(api.read(started), started)])
    assert b'"result":"more_evidence"' in seen[0][0]
    assert seen[0] == seen[1]


def _next_of_twenty(caller_id: str) -> str:
    return f"+4420794610{(int(caller_id[-2:]) + 1) % 20:02}"


def _comparable(answer: Answer, started: Started) -> bytes:
    """The body with what differs between any two verifications made equal: ids, number and seconds."""
    assert answer.status == 200, answer
    said = answer.json()
    assert said["id"] == started.id
    said["id"], said["phone_number"] = "", ""
    said["attempt"]["id"] = ""
    said["attempt"]["status"] = "some state of the call"
    said["expires_in"] = 0
    if said["next"]["automatic"]:
        said["next"]["automatic"]["in"] = 0
    return json.dumps(said, separators=(",", ":")).encode()


def test_nothing_tells_whether_a_number_is_known(server: Server, api: Api, other: Tenant) -> None:
    """A number that was verified, and one that failed, start like one that nobody has ever seen."""
    known, failed, unknown = next(NUMBERS), next(NUMBERS), next(NUMBERS)
    verified = api.start(known)
    assert tell(api.confirm(verified, call_evidence(ringing(api, verified)))) == "verified"
    lost = api.start(failed, channels=["flashcall"])
    wrong = another(ringing(api, lost))
    assert {tell(api.confirm(lost, call_evidence(wrong))) for _ in range(5)} == {
        "mismatch",
        "already-finished",
    }
    stranger = Api(server.url, other.publishable)
    views = [_shape(stranger.start(number).view) for number in (known, failed, unknown)]
    assert views[0] == views[1] == views[2]


def _shape(view: Json) -> Any:
    """A started verification without what is its own."""
    shown = {**view, "id": "", "challenge": "", "phone_number": view["phone_number"][:-4]}
    shown["attempt"] = {**view["attempt"], "id": "", "status": ""}
    return shown
