"""ringproof.js beyond one page: reloads, pages that are left, codes out of text messages, authenticators."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web_pages.module_site import run, site

__all__ = ["site"]

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def nothing_kept(site: Page) -> None:
    site.evaluate("sessionStorage.clear()")


VERIFIED = "[200, h.view({ status: 'verified', token: 'x.y.z' })]"


# --- reloads


def test_a_session_goes_on_after_a_reload(site: Page) -> None:
    result = run(
        site,
        """const s = await h.started({ 'GET /vrf_1': [[200, h.sms()]] });
        const kept = JSON.parse(JSON.stringify(s.session)); s.session.stop();
        const again = await s.ringproof.resume(kept);
        return [again.view.attempt.channel, s.server.calls.at(-1).headers['Ringproof-Challenge'],
          JSON.stringify(again) === JSON.stringify(kept)];""",
    )
    assert result == ["sms", "a.b.c", True]


def test_a_reload_of_the_tab_goes_on_with_the_challenge_and_the_verifier(site: Page) -> None:
    result = run(
        site,
        """const s = await h.started({ 'GET /vrf_1': [[200, h.sms()]] },
          { options: { note: '07700 900123' } });
        s.session.stop();
        const again = await s.ringproof.resume();
        return [again.view.attempt.channel, again.note,
          JSON.stringify(again) === JSON.stringify(s.session)];""",
    )
    assert result == ["sms", "07700 900123", True]


def test_an_answer_on_its_way_at_the_reload_is_sent_again_as_the_same_one(site: Page) -> None:
    result = run(
        site,
        f"""const s = await h.started({{ 'GET /vrf_1': [[200, h.view()]],
          'POST /vrf_1/confirm': ['hang', {VERIFIED}] }});
        s.session.enter('0018').catch(() => {{}}); await s.clock.pass(0); s.session.stop();
        const again = await s.ringproof.resume(); await s.clock.pass(0);
        const sent = s.server.named('POST /vrf_1/confirm');
        return [(await again.result).token, sent.length,
          new Set(sent.map((one) => one.headers['Idempotency-Key'])).size];""",
    )
    assert result == ["x.y.z", 2, 1]


def test_a_page_that_asks_meanwhile_delays_that_and_nothing_freezes(site: Page) -> None:
    counts = run(
        site,
        f"""const s = await h.started({{ 'GET /vrf_1': [[200, h.view()], 'hang'],
          'POST /vrf_1/confirm': ['hang', {VERIFIED}] }});
        s.session.enter('0018').catch(() => {{}}); await s.clock.pass(0); s.session.stop();
        const again = await s.ringproof.resume(); again.poll().catch(() => {{}});
        await s.clock.pass(30); again.stop();
        return s.server.calls.length;""",
    )
    assert counts == 4


@pytest.mark.parametrize(
    "spoil",
    [
        "sessionStorage.clear()",
        "sessionStorage.setItem(name, 'not JSON')",
        "sessionStorage.setItem(name, JSON.stringify({ ...entry, verifier: 7 }))",
        "sessionStorage.setItem(name, JSON.stringify({ ...entry, challenge: 'a b' }))",
        "sessionStorage.setItem(name, JSON.stringify({ ...entry, note: 'n'.repeat(20000) }))",
        "sessionStorage.setItem(name, JSON.stringify({ ...entry, until: Number.MAX_SAFE_INTEGER }))",
        "await s.clock.pass(400)",
        "await s.session.cancel()",
    ],
)
def test_nothing_else_is_gone_on_with(site: Page, spoil: str) -> None:
    """What was spoilt, is too old, or has ended leads to no request."""
    result = run(
        site,
        f"""const s = await h.started({{ 'GET /vrf_1': ['hang'], 'DELETE /vrf_1': [[200,
          h.view({{ status: 'cancelled' }})]] }});
        const name = Object.keys(sessionStorage)[0]; const entry = JSON.parse(sessionStorage.getItem(name));
        {spoil}; await s.clock.pass(0); const asked = s.server.calls.length;
        return [await s.ringproof.resume(), s.server.calls.length - asked];""",
    )
    assert result == [None, 0]


@pytest.mark.parametrize(("answer", "left"), [("h.problem('not-found', 404)", 0), ("'drop'", 1)])
def test_only_what_the_server_does_not_know_is_forgotten(site: Page, answer: str, left: int) -> None:
    result = run(
        site,
        f"""const s = await h.started({{ 'GET /vrf_1': [{answer}] }}); s.session.stop();
        const going = s.ringproof.resume().then((one) => one === null, () => 'failed');
        await s.clock.pass(20);
        return [await going, sessionStorage.length];""",
    )
    assert result == [True if left == 0 else "failed", left]


def test_what_is_kept_is_small_and_ends_with_the_verification(site: Page) -> None:
    kept = run(
        site,
        f"""const s = await h.started({{ 'POST /vrf_1/confirm': [{VERIFIED}] }});
        const [name] = Object.keys(sessionStorage);
        const before = JSON.parse(sessionStorage.getItem(name)); await s.session.enter('0018');
          await s.session.result;
        return [Object.keys(before).sort(), before.until - s.clock.now(), sessionStorage.length];""",
    )
    names = ["challenge", "evidence", "id", "note", "until", "verifier", "webotp"]
    assert kept == [names, 360_000, 0]


@pytest.mark.parametrize(("keep", "cancelled"), [("true", 0), ("false", 1)])
def test_a_page_that_is_left_cancels_what_nobody_could_finish(site: Page, keep: str, cancelled: int) -> None:
    """And nothing that a reload can go on with, or that waits in the back/forward cache."""
    counts = run(
        site,
        f"""const s = await h.started({{ 'DELETE /vrf_1': ['drop'] }}, {{ options: {{ keep: {keep} }} }});
        const asked = () => s.server.named('DELETE /vrf_1').length;
        dispatchEvent(new PageTransitionEvent('pagehide', {{ persisted: true }})); const cached = asked();
        dispatchEvent(new PageTransitionEvent('pagehide', {{ persisted: false }}));
        s.session.stop();
        return [cached, asked(), sessionStorage.length];""",
    )
    assert counts == [0, cancelled, 1 - cancelled]


# --- codes out of text messages

WEBOTP = """
const asked = [];
window.OTPCredential = class {};
const get = (request) => new Promise((resolve, reject) => {
  asked.push({ request, resolve, reject });
  request.signal.addEventListener('abort', () => reject(request.signal.reason));
});
Object.defineProperty(navigator.credentials, 'get', { configurable: true, value: get });
"""


def test_the_code_of_a_text_message_is_read_once_and_handed_over(site: Page) -> None:
    """One request for one message, however often the server is looked at, and the code as an event."""
    result = run(
        site,
        WEBOTP
        + """let seen = 0;
        const delivered = () => h.sms({ checks_left: 5 - (seen += 1) % 2 });
        const s = await h.started({ 'GET /vrf_1': [() => [200, delivered()]] }, { first: h.sms({ attempt:
          { id: 'att_2', channel: 'sms', status: 'accepted', reason: null } }) });
        const codes = []; s.session.oncode = (code) => codes.push(code);
        await s.session.poll(); await s.session.poll();
        s.server.answers['POST /vrf_1/confirm'] = [[200, h.sms({ status: 'verified', token: 't' })]];
        asked[0].resolve({ code: '123456' }); await s.clock.pass(0);
        return [asked.length, asked[0].request.otp.transport, codes, s.session.token,
          s.server.calls.at(-1).body.evidence];""",
    )
    evidence = {"channel": "sms", "code": "123456", "source": "webotp"}
    assert result == [1, ["sms"], ["123456"], "t", evidence]


@pytest.mark.parametrize(
    "ending", ["await s.session.next('voice')", "await s.session.cancel()", "s.session.stop()"]
)
def test_nobody_listens_for_a_code_that_is_not_wanted_any_more(site: Page, ending: str) -> None:
    result = run(
        site,
        WEBOTP
        + """const voice = h.sms({ attempt: { id: 'att_3', channel: 'voice', status: 'queued' } });
        const s = await h.started({ 'DELETE /vrf_1': [[200, h.sms({ status: 'cancelled' })]],
          'POST /vrf_1/next': [[200, voice]] }, { first: h.sms() });
        const codes = []; s.session.oncode = (code) => codes.push(code);
        const before = asked[0].request.signal.aborted;
        """
        + ending
        + """; await s.clock.pass(0);
        return [before, asked[0].request.signal.aborted, asked.length, codes];""",
    )
    assert result == [False, True, 1, []]


def test_webotp_can_be_switched_off(site: Page) -> None:
    asked = run(
        site,
        WEBOTP + "await h.started({}, { first: h.sms(), options: { webotp: false } }); return asked.length;",
    )
    assert asked == 0


def test_a_code_that_was_typed_ends_the_wait_for_the_message(site: Page) -> None:
    """And a wrong one begins it anew, for a message that may still come."""
    result = run(
        site,
        WEBOTP
        + """const s = await h.started({ 'POST /vrf_1/confirm': [[200, h.sms({ result: 'mismatch' })]] },
          { first: h.sms() });
        const going = s.session.enter('111111'); await Promise.resolve();
        const aborted = asked[0].request.signal.aborted; await going; await s.clock.pass(0);
        return [aborted, asked.length, asked[1].request.signal.aborted];""",
    )
    assert result == [True, 2, False]


def test_a_person_who_does_not_want_that_is_asked_once(site: Page) -> None:
    result = run(
        site,
        WEBOTP
        + """const s = await h.started({ 'GET /vrf_1': [() => [200, h.sms({ checks_left: 5 })]] },
          { first: h.sms() });
        asked[0].reject(new DOMException('no', 'AbortError')); await s.clock.pass(0);
        await s.session.poll(); await s.session.poll();
        return asked.length;""",
    )
    assert result == 1


def test_a_page_may_confirm_the_code_itself(site: Page) -> None:
    result: Any = run(
        site,
        WEBOTP
        + """const s = await h.started({}, { first: h.sms() });
        s.session.addEventListener('code', (event) => event.preventDefault());
        asked[0].resolve({ code: '123456' }); await s.clock.pass(0);
        return s.server.calls.length;""",
    )
    assert result == 1


def test_the_origin_of_the_page_is_told_for_the_text_message(site: Page) -> None:
    capabilities = run(site, "return (await h.started({})).server.calls[0].body.capabilities;")
    origin = site.evaluate("location.origin")
    assert capabilities == {"caller_id": False, "ring_time": False, "web_origin": origin}


# --- authenticators


def test_an_authenticator_is_enrolled_for_the_number_that_was_proved(site: Page) -> None:
    """A lost answer is asked for again as the same one."""
    result = run(
        site,
        """const made = { id: 'dev_1', kind: 'totp', secret: 'GEZD',
          otpauth_uri: 'otpauth://totp/Shop:x?secret=GEZD',
          qr_code: 'data:image/svg+xml;charset=utf-8,x' };
        const s = await h.started({ 'POST /vrf_1/devices': ['drop', [201, made]] },
          { first: h.view({ status: 'verified', token: 't' }) });
        const going = s.session.enrol('Desk'); await s.clock.pass(5);
        const calls = s.server.named('POST /vrf_1/devices');
        return [await going, calls[1].body.kind, calls[1].body.label,
          new Set(calls.map((one) => one.headers['Idempotency-Key'])).size];""",
    )
    device = {"id": "dev_1", "secret": "GEZD", "otpauthUri": "otpauth://totp/Shop:x?secret=GEZD"}
    assert result == [{**device, "qr": "data:image/svg+xml;charset=utf-8,x"}, "totp", "Desk", 1]


@pytest.mark.parametrize("uri", ["https://elsewhere.example/", "otpauth://hotp/x"])
def test_a_link_of_another_kind_is_no_authenticator(site: Page, uri: str) -> None:
    slug = run(
        site,
        """const made = { id: 'dev_1', secret: 'G', otpauth_uri: argument, qr_code: 'data:image/svg+xml,x' };
        const s = await h.started({ 'POST /vrf_1/devices': [[201, made]] });
        return (await h.fails(() => s.session.enrol())).slug;""",
        uri,
    )
    assert slug == "unexpected-answer"
