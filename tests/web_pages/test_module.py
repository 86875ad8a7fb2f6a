"""ringproof.js for any site: what it promises, shown in a real browser with a commanded clock and server."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from playwright.sync_api import Page

from tests.web_pages.module_site import run, site

__all__ = ["site"]

pytestmark = pytest.mark.browser


def test_a_start_proves_possession_by_the_s256_of_a_fresh_verifier(site: Page) -> None:
    """RFC 7636: 43 unreserved characters, their SHA-256 in base64url without padding, new for every start."""
    seen = run(
        site,
        """const one = await h.started({}); const two = await h.started({});
        return [one, two].map(({ session, server }) => ({ kept: session.toJSON(), body: server.calls[0].body,
          headers: server.calls[0].headers }));""",
    )
    for start in seen:
        verifier = start["kept"]["verifier"]
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", verifier)
        digest = hashlib.sha256(verifier.encode()).digest()
        assert start["body"]["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert start["body"]["code_challenge_method"] == "S256"
        assert verifier not in str(start["body"])
        assert start["headers"]["Authorization"] == "Bearer rp_pk_1"
    assert seen[0]["kept"]["verifier"] != seen[1]["kept"]["verifier"]


def test_a_secret_key_is_refused_in_a_page(site: Page) -> None:
    refused = run(
        site,
        """const { Ringproof } = await import('/assets/ringproof.js');
        try { Ringproof({ server: location.origin, key: 'rp_sk_1' }); return null; }
        catch (error) { return error.name; }""",
    )
    assert refused == "TypeError"


def test_a_confirm_sends_the_proof_and_answers_the_token(site: Page) -> None:
    result = run(
        site,
        """const verified = h.view({ status: 'verified', token: 'x.y.z' });
        const s = await h.started({ 'POST /vrf_1/confirm': [[200, verified]] });
        const view = await s.session.confirmDigits('0018');
        return { status: view.status, token: s.session.token, changes: s.changes,
          body: s.server.named('POST /vrf_1/confirm')[0].body, kept: s.session.toJSON() };""",
    )
    assert result["status"] == "verified"
    assert result["token"] == "x.y.z"
    assert result["changes"] == ["pending", "verified"]
    assert result["body"] == {
        "challenge": "a.b.c",
        "code_verifier": result["kept"]["verifier"],
        "evidence": {"channel": "flashcall", "last_digits": "0018"},
    }


def test_a_code_names_its_channel_and_source(site: Page) -> None:
    evidence = run(
        site,
        """const s = await h.started({ 'POST /vrf_1/confirm': [[200, h.sms({ result: 'mismatch' })]] },
          { first: h.sms() });
        await s.session.confirmCode('123456', 'webotp');
        return s.server.named('POST /vrf_1/confirm')[0].body.evidence;""",
    )
    assert evidence == {"channel": "sms", "code": "123456", "source": "webotp"}


def test_the_challenge_goes_in_the_header_of_everything_else(site: Page) -> None:
    calls = run(
        site,
        """const s = await h.started({ '*': [[200, h.view()]] });
        await s.session.poll(); await s.session.next('sms');
        await s.session.report('no_call'); await s.session.cancel();
        return s.server.calls.slice(1).map((call) =>
          [call.method, call.path, call.headers['Ringproof-Challenge'], call.body]);""",
    )
    assert calls == [
        ["GET", "/vrf_1", "a.b.c", None],
        ["POST", "/vrf_1/next", "a.b.c", {"channel": "sms"}],
        ["POST", "/vrf_1/reports", "a.b.c", {"kind": "no_call"}],
        ["DELETE", "/vrf_1", "a.b.c", None],
    ]


def test_repeats_of_one_post_carry_one_key_and_another_post_another(site: Page) -> None:
    """A lost answer is asked for again under the same Idempotency-Key, so that nobody is rung twice."""
    keys = run(
        site,
        """const s = await h.started({ 'POST /vrf_1/next': ['drop', [503, ''], [200, h.sms()]] });
        const first = s.session.next('sms'); await s.clock.pass(10); await first;
        await s.session.next('sms');
        return s.server.named('POST /vrf_1/next').map((c) => c.headers['Idempotency-Key']);""",
    )
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]
    assert all(re.fullmatch(r"[0-9a-f]{32}", key) for key in keys)


def test_repeats_are_bounded_and_end_as_an_unreachable_server(site: Page) -> None:
    result = run(
        site,
        """const s = await h.started({ 'DELETE /vrf_1': ['drop'] });
        const failing = h.fails(() => s.session.cancel()); await s.clock.pass(60);
        return [await failing, s.server.named('DELETE /vrf_1').length];""",
    )
    problem, times = result
    assert problem["slug"] == "server-unreachable"
    assert problem["name"] == "RingproofProblem"
    assert times == 4


def test_an_answer_that_breaks_off_is_a_lost_one(site: Page) -> None:
    """It is asked for again, instead of being taken for the answer of something else."""
    result = run(
        site,
        """const s = await h.started({ 'GET /vrf_1': ['cut', [200, h.sms()]] });
        const going = s.session.poll(); await s.clock.pass(5);
        return [(await going).attempt.channel, s.server.named('GET /vrf_1').length];""",
    )
    assert result == ["sms", 2]


def test_a_redirect_is_not_followed(site: Page) -> None:
    result = run(
        site,
        """const s = await h.started({ 'GET /vrf_1': ['redirect'], 'DELETE /vrf_1': ['drop'] });
        return [(await h.fails(() => s.session.poll())).slug, s.server.named('GET /vrf_1').length];""",
    )
    assert result == ["unexpected-answer", 1]


def test_a_repeat_waits_as_long_as_the_server_asks_but_not_for_ever(site: Page) -> None:
    waits = run(
        site,
        """const wait = (seconds) => h.problem('service-unavailable', 503, { retry_after: seconds });
        const cancelled = [200, h.view({ status: 'cancelled' })];
        const patient = await h.started({ 'DELETE /vrf_1': [wait(4), cancelled] });
        patient.clock.slept.length = 0;
        const going = patient.session.cancel(); await patient.clock.pass(10); await going;
        const long = await h.started({ 'DELETE /vrf_1': [wait(60)] });
        const failed = await h.fails(() => long.session.cancel());
        return [patient.clock.slept.some((ms) => ms > 4000 && ms <= 5000), failed.retryAfter,
          long.server.named('DELETE /vrf_1').length];""",
    )
    assert waits == [True, 60, 1]


@pytest.mark.parametrize(
    ("slug", "status", "wait"),
    [("too-early", 409, 12), ("no-steps-left", 409, 1), ("rate-limited", 429, 21), ("internal", 500, 21)],
)
def test_a_refusal_that_no_repeat_would_change_in_time_is_final(
    site: Page, slug: str, status: int, wait: int
) -> None:
    """It arrives as its slug with its waiting time."""
    problem, times = run(
        site,
        """const answer = h.problem(argument[0], argument[1], { retry_after: argument[2] });
        const s = await h.started({ 'POST /vrf_1/next': [answer] });
        return [await h.fails(() => s.session.next()), s.server.named('POST /vrf_1/next').length];""",
        [slug, status, wait],
    )
    assert problem == {"slug": slug, "status": status, "retryAfter": wait, "name": "RingproofProblem"}
    assert times == 1


@pytest.mark.parametrize(
    ("slug", "status", "path"),
    [
        ("rate-limited", 429, "next"),
        ("internal", 500, "next"),
        ("", 503, "next"),
        ("too-early", 409, "confirm"),
    ],
)
def test_what_a_little_patience_helps_is_waited_for(site: Page, slug: str, status: int, path: str) -> None:
    """As long as the server asks for, in the body or in the header, and under the same Idempotency-Key."""
    pause, statuses, keys = run(
        site,
        """const [slug, status, path] = argument;
        const wait = slug ? h.problem(slug, status, { retry_after: 7 }) : [status, "",
          { "Retry-After": "7" }];
        const s = await h.started({ [`POST /vrf_1/${path}`]: [wait, [200, h.sms({ checks_left: 4 })]] });
        s.clock.slept.length = 0;
        const going = path === 'next' ? s.session.next() : s.session.confirmDigits('0018');
        await s.clock.pass(9); const { status: ended } = await going;
        const calls = s.server.named(`POST /vrf_1/${path}`);
        return [s.clock.slept[0], ended, calls.map((one) => one.headers['Idempotency-Key'])];""",
        [slug, status, path],
    )
    assert 7000 < pause <= 8000
    assert statuses == "pending"
    assert len(keys) == 2
    assert keys[0] == keys[1]


@pytest.mark.parametrize("body", ["<html>", "null", "[]", '{"type": "about:blank"}', '{"type": 3}', ""])
def test_an_answer_that_is_no_problem_of_ours_is_still_a_typed_one(site: Page, body: str) -> None:
    problem = run(
        site,
        """const s = await h.started({ 'POST /vrf_1/next': [[418, argument]] });
        return h.fails(() => s.session.next());""",
        body,
    )
    assert problem["slug"] == ""
    assert problem["status"] == 418


def test_an_answer_that_was_overtaken_changes_nothing(site: Page) -> None:
    """A look that left before the confirm and comes back after it cannot undo the success."""
    statuses = run(
        site,
        """let release; const late = new Promise((resolve) => { release = resolve; });
        const s = await h.started({ 'GET /vrf_1': [() => late],
          'POST /vrf_1/confirm': [[200, h.view({ status: 'verified', token: 't' })]] });
        const look = s.session.poll();
        await s.session.confirmDigits('0018');
        release([200, h.view()]); await look;
        return [s.session.view.status, s.changes];""",
    )
    assert statuses == ["verified", ["pending", "verified"]]


def test_while_it_rings_it_looks_at_growing_distances_of_at_least_two_seconds(site: Page) -> None:
    looks = run(
        site,
        """const first = h.view({ next: { check_in: 0, channels: {}, automatic: null } });
        const times = []; let clock;
        const answer = () => { times.push(clock.now()); return [200, first]; };
        const s = await h.started({ 'GET /vrf_1': [answer] }, { first });
        clock = s.clock; const start = clock.now();
        await clock.pass(100);
        return times.map((time) => (time - start) / 1000);""",
    )
    gaps = [after - before for before, after in zip([0, *looks], looks, strict=False)]
    assert min(gaps) >= 2
    assert max(gaps) <= 10
    assert gaps == sorted(gaps)
    assert len(looks) < 16


def test_once_the_call_has_ended_it_looks_only_when_something_is_announced(site: Page) -> None:
    """Nothing can change before the server's own next step, so nobody asks before it."""
    result = run(
        site,
        """const attempt = { id: 'att_1', channel: 'flashcall', status: 'ended', reason: 'rang' };
        const first = h.view({ attempt });
        const s = await h.started({ 'GET /vrf_1': [[200, h.sms()]] }, { first });
        await s.clock.pass(41); const before = s.server.named('GET /vrf_1').length;
        await s.clock.pass(2); const after = s.server.named('GET /vrf_1').length;
        return [before, after, s.session.view.attempt.channel, s.changes.length];""",
    )
    assert result == [0, 1, "sms", 2]


KEYPAD = """const typing = (typed) => h.view({ flashcall: null, keypad: { digits: '482915', typed },
  attempt: { id: 'att_3', channel: 'keypad', status: 'answered', reason: null },
  next: { check_in: 0, channels: {}, automatic: null } });
"""


def test_while_digits_are_typed_in_a_call_it_looks_every_three_seconds(site: Page) -> None:
    """However long the person takes, so that the page goes on soon after the last key."""
    asked = run(
        site,
        KEYPAD
        + """const s = await h.started({ 'GET /vrf_1': [[200, typing(false)]] }, { first: typing(false) });
        await s.clock.pass(62); s.session.stop();
        return s.server.named('GET /vrf_1').length;""",
    )
    assert 19 <= asked <= 22


def test_what_was_typed_in_a_call_is_confirmed_by_itself_and_once(site: Page) -> None:
    result = run(
        site,
        KEYPAD
        + """const more = { ...typing(true), result: 'more_evidence' };
        const proved = h.view({ status: 'verified', token: 't' });
        const s = await h.started({ 'POST /vrf_1/confirm': [[200, more], [200, proved]],
          'GET /vrf_1': [[200, typing(true)]] }, { first: typing(false) });
        await s.clock.pass(30); const asked = s.server.named('POST /vrf_1/confirm').length;
        const { status } = await s.session.confirmKeypad();
        return [asked, status, s.session.token, s.server.calls.at(-1).body.evidence, s.progress];""",
    )
    steps = ["preparing", "starting", "keypad", "checking", "checking", "verified"]
    assert result == [1, "verified", "t", {"channel": "keypad"}, steps]


def test_it_finds_out_that_time_is_up_and_then_rests(site: Page) -> None:
    result = run(
        site,
        """const first = h.sms({ expires_in: 30 });
        const expired = h.sms({ status: 'expired', expires_in: 0 });
        const s = await h.started({ 'GET /vrf_1': [[200, expired]] }, { first });
        await s.clock.pass(29); const early = s.server.calls.length;
        await s.clock.pass(600);
        return [early, s.session.view.status, s.server.calls.length];""",
    )
    assert result == [1, "expired", 2]


def test_a_hidden_page_does_not_ask_and_a_shown_one_does_at_once(site: Page) -> None:
    counts = run(
        site,
        """const see = (state) => {
          Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
          document.dispatchEvent(new Event('visibilitychange')); };
        const s = await h.started({ 'GET /vrf_1': [[200, h.view()]] });
        see('hidden'); await s.clock.pass(120); const hidden = s.server.named('GET /vrf_1').length;
        see('visible'); await s.clock.pass(0); const shown = s.server.named('GET /vrf_1').length;
        s.session.stop(); await s.clock.pass(600);
        return [hidden, shown, s.server.named('GET /vrf_1').length];""",
    )
    assert counts == [0, 1, 1]


def test_a_lost_connection_is_told_and_it_goes_on_trying(site: Page) -> None:
    result = run(
        site,
        """const s = await h.started({ 'GET /vrf_1': ['drop', 'drop', 'drop', 'drop', [200, h.sms()]] });
        await s.clock.pass(20);
        return [s.problems, s.session.view.attempt.channel];""",
    )
    assert result == [["server-unreachable"], "sms"]


@pytest.mark.parametrize(("slug", "status"), [("challenge-expired", 410), ("not-found", 404)])
def test_what_cannot_be_finished_any_more_has_expired(site: Page, slug: str, status: int) -> None:
    result = run(
        site,
        """const s = await h.started({ '*': [h.problem(argument[0], argument[1])] });
        const view = await s.session.confirmDigits('0018');
        await s.clock.pass(600);
        return [view.status, view.next.automatic, s.server.calls.length];""",
        [slug, status],
    )
    assert result == ["expired", None, 2]


def test_an_action_that_came_too_late_shows_how_it_ended(site: Page) -> None:
    view = run(
        site,
        """const s = await h.started({ 'POST /vrf_1/next': [h.problem('already-finished', 409)],
          'GET /vrf_1': [[200, h.view({ status: 'failed' })]] });
        return s.session.next('sms');""",
    )
    assert view["status"] == "failed"


def test_a_token_whose_answer_was_lost_is_asked_for_again(site: Page) -> None:
    """The proof arrived, its answer did not: the same evidence is answered with the same token."""
    result = run(
        site,
        """const late = h.view({ status: 'verified', token: 'late' });
        const s = await h.started({
          'POST /vrf_1/confirm': ['drop', 'drop', 'drop', 'drop', [200, late]],
          'GET /vrf_1': [[200, h.view({ status: 'verified' })]] });
        const failing = h.fails(() => s.session.confirmDigits('0018')); await s.clock.pass(5);
        const problem = await failing;
        await s.clock.pass(5);
        return [problem.slug, s.session.view.status, s.session.token];""",
    )
    assert result == ["server-unreachable", "verified", "late"]


def test_the_time_that_is_left_runs_with_the_clock(site: Page) -> None:
    left = run(
        site,
        """const s = await h.started({ 'GET /vrf_1': ['hang'] });
        await s.clock.pass(1.5); const soon = s.session.remaining(41); await s.clock.pass(100);
        return [soon, s.session.remaining(41)];""",
    )
    assert left == [39.5, 0]


def test_a_token_can_be_looked_into(site: Page) -> None:
    """The claims are shown as they are, in any script."""
    claims = base64.urlsafe_b64encode('{"brand": "Café ✓"}'.encode()).rstrip(b"=").decode()
    header = base64.urlsafe_b64encode(b'{"alg": "EdDSA"}').rstrip(b"=").decode()
    seen = run(
        site,
        "return (await import('/assets/ringproof.js')).peekToken(argument);",
        f"{header}.{claims}.c2ln",
    )
    assert seen == {"header": {"alg": "EdDSA"}, "claims": {"brand": "Café ✓"}}
