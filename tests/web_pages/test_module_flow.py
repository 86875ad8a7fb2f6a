"""ringproof.js from the start to the proof: progress, entries, lost connections, ends."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.web_pages.module_site import run, site

__all__ = ["site"]

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def nothing_kept(site: Page) -> None:
    site.evaluate("sessionStorage.clear()")


VERIFIED = "[200, h.view({ status: 'verified', token: 'x.y.z' })]"
MISMATCH = "[200, h.view({ result: 'mismatch', checks_left: 2 })]"
ENDED = """const ending = s.session.result.then((one) => ({ token: one.token, channel: one.channel }),
  ({ slug, reason, verification }) => ({ slug, reason, verification }));
"""


def test_progress_is_told_from_the_first_moment_to_the_proof(site: Page) -> None:
    """A call that rings, a wrong answer, the fallback to a text message, its code."""
    told, proved = run(
        site,
        f"""const first = h.view({{ attempt: {{ id: 'att_1', channel: 'flashcall', status: 'queued' }} }});
        const s = await h.started({{ 'GET /vrf_1': [[200, h.view()]],
          'POST /vrf_1/confirm': [{MISMATCH}, [200, h.sms({{ status: 'verified', token: 'x.y.z' }})]],
          'POST /vrf_1/next': [[200, h.sms()]] }}, {{ first }});
        {ENDED}
        await s.clock.pass(3);
        await s.session.enter('1111'); await s.session.next('sms'); await s.session.enter('123 456');
        return [s.progress, await ending];""",
    )
    before, after = ["preparing", "starting", "calling", "ringing"], ["code", "checking", "verified"]
    assert told == [*before, "checking", "wrong", *after]
    assert proved == {"token": "x.y.z", "channel": "sms"}


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ("h.view({ call: 1 })", "calling"),
        ("h.sms({ attempt: { id: 'a', channel: 'voice', status: 'queued' } })", "code"),
        ("h.sms({ attempt: { id: 'a', channel: 'push', status: 'accepted' } })", "code"),
        ("h.sms({ attempt: { id: 'a', channel: 'totp', status: 'accepted' } })", "code"),
        ("h.sms({ code: null, keypad: { digits: '482915', typed: false } })", "keypad"),
        ("h.sms({ code: null, attempt: { id: 'a', channel: 'messenger', status: 'queued' } })", "waiting"),
    ],
)
def test_every_step_has_its_kind_and_its_evidence_names_the_channel(
    site: Page, first: str, kind: str
) -> None:
    told, evidence = run(
        site,
        f"""const s = await h.started({{ '*': [{MISMATCH}] }}, {{ first: {first} }});
        const told = s.progress[2];
        if (s.session.view.code) await s.session.enter('123456');
        return [told, s.server.calls.at(-1).body?.evidence];""",
    )
    assert told == kind
    if kind == "code":
        assert evidence["channel"] in {"voice", "push", "totp"}
        assert (evidence["code"], evidence["source"]) == ("123456", "manual")


def test_each_of_several_calls_is_told(site: Page) -> None:
    told = run(
        site,
        """const second = h.view(); second.flashcall.call = 2; second.flashcall.calls = 2;
        second.result = 'more_evidence'; second.attempt.id = 'att_2'; second.attempt.status = 'queued';
        const s = await h.started({ 'POST /vrf_1/confirm': [[200, second]] });
        const { result } = await s.session.enter('0018');
        return [result, s.progress];""",
    )
    assert told[0] == "more_evidence"
    assert told[1] == ["preparing", "starting", "calling", "ringing", "checking", "calling"]


def test_a_mistake_in_the_pages_own_handler_stops_nothing(site: Page) -> None:
    result = run(
        site,
        f"""const heard = [];
        const hear = (event) => {{ event.preventDefault(); heard.push(event.message); }};
        addEventListener('error', hear);
        const s = await h.started({{ 'GET /vrf_1': [[200, h.sms()], [200, h.sms({{ status: 'verified' }})]],
          'POST /vrf_1/confirm': [{VERIFIED}] }});
        s.session.onchange = () => {{ throw new Error('mistake'); }};
        await s.clock.pass(5); await s.session.enter('123456');
        removeEventListener('error', hear);
        return [s.session.token, heard.length > 0 && heard.every((one) => one.includes('mistake'))];""",
    )
    assert result == ["x.y.z", True]


@pytest.mark.parametrize("result", ["withheld", "more_evidence"])
def test_what_is_not_wrong_is_not_called_wrong(site: Page, result: str) -> None:
    told = run(
        site,
        """const s = await h.started({ 'POST /vrf_1/confirm': [[200, h.view({ result: argument })]] });
        const view = await s.session.enter('0018');
        return [view.result, s.progress.includes('wrong')];""",
        result,
    )
    assert told == [result, False]


def test_an_entry_that_no_channel_can_have_sent_is_as_wrong_as_any_other(site: Page) -> None:
    told = run(
        site,
        """const s = await h.started({ 'POST /vrf_1/confirm': [h.problem('invalid-request', 400)] });
        const view = await s.session.enter('0018');
        return [view.result, s.progress.at(-1), s.session.pending];""",
    )
    assert told == ["mismatch", "wrong", True]


def test_too_little_is_not_sent(site: Page) -> None:
    told = run(
        site,
        """const s = await h.started({});
        return [(await s.session.enter('018')).result, s.server.calls.length];""",
    )
    assert told == ["incomplete", 1]


def test_an_entry_waits_for_its_turn_and_a_newer_one_takes_its_place(site: Page) -> None:
    """Typed digits are taken at once, whatever the server's pause; only the last ones are sent."""
    told = run(
        site,
        f"""const first = h.view({{ next: {{ check_in: 60, channels: {{}}, automatic: null }} }});
        const s = await h.started({{ 'GET /vrf_1': ['hang'], 'POST /vrf_1/confirm': [{VERIFIED}] }},
          {{ first }});
        const sent = () => s.server.named('POST /vrf_1/confirm').map((one) => one.body.evidence.last_digits);
        const [one, two] = [s.session.enter('1111'), s.session.enter('0018')];
        await s.clock.pass(59); const early = sent();
        await s.clock.pass(2); await Promise.all([one, two]);
        return [early, sent(), s.session.view.status];""",
    )
    assert told == [[], ["0018"], "verified"]


def test_a_code_that_overtakes_the_news_of_its_message_is_not_lost(site: Page) -> None:
    told = run(
        site,
        """const waiting = h.sms({ code: null });
        const s = await h.started({ 'GET /vrf_1': [[200, h.sms()]],
          'POST /vrf_1/confirm': [[200, h.sms({ status: 'verified', token: 't' })]] }, { first: waiting });
        return (await s.session.enter('123456')).status;""",
    )
    assert told == "verified"


def test_the_same_answer_twice_is_one_request(site: Page) -> None:
    """A double click, or a page that confirms what is being confirmed already."""
    told = run(
        site,
        f"""const s = await h.started({{ 'POST /vrf_1/confirm': [{VERIFIED}] }});
        await Promise.all([s.session.enter('0018'), s.session.confirmDigits('0018')]);
        return s.server.named('POST /vrf_1/confirm').length;""",
    )
    assert told == 1


def test_an_answer_outlives_a_dead_network_and_counts_once(site: Page) -> None:
    """It is sent again when the server can be reached, under the Idempotency-Key of its first try."""
    result = run(
        site,
        f"""const s = await h.started({{ 'POST /vrf_1/confirm': [...Array(8).fill('drop'), {VERIFIED}] }});
        {ENDED}
        const failing = h.fails(() => s.session.enter('0018')); await s.clock.pass(8);
        const {{ slug }} = await failing; await s.clock.pass(60);
        const keys = s.server.named('POST /vrf_1/confirm').map((one) => one.headers['Idempotency-Key']);
        return {{ slug, keys: new Set(keys).size, sent: keys.length, told: s.progress,
          proof: await ending }};""",
    )
    assert result["slug"] == "server-unreachable"
    assert (result["keys"], result["sent"]) == (1, 9)
    assert result["told"].count("offline") == 2
    assert result["proof"]["token"] == "x.y.z"


def test_the_connection_that_is_back_is_used_at_once(site: Page) -> None:
    counts = run(
        site,
        """const s = await h.started({ 'GET /vrf_1': [[503, '', { 'Retry-After': '60' }], [200, h.sms()]] });
        await s.clock.pass(30); const before = s.session.view.attempt.channel;
        dispatchEvent(new Event('online')); await s.clock.pass(0);
        return [before, s.session.view.attempt.channel];""",
    )
    assert counts == ["flashcall", "sms"]


def test_a_page_that_comes_back_from_the_cache_looks_at_once(site: Page) -> None:
    channel = run(
        site,
        """const s = await h.started({ 'GET /vrf_1': [[200, h.sms()]] });
        dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })); await s.clock.pass(0);
        return s.session.view.attempt.channel;""",
    )
    assert channel == "sms"


def test_without_a_server_it_expires_by_the_pages_clock(site: Page) -> None:
    """A little later than announced, and then nothing is asked any more."""
    result = run(
        site,
        f"""const s = await h.started({{ 'GET /vrf_1': ['drop'] }},
          {{ first: h.view({{ expires_in: 30 }}) }});
        {ENDED}
        await s.clock.pass(38); const late = s.session.pending; await s.clock.pass(60);
        const asked = s.server.calls.length; await s.clock.pass(600);
        return [late, s.session.view.status, await ending, s.server.calls.length - asked];""",
    )
    ended = {"slug": "verification-expired", "reason": None, "verification": "vrf_1"}
    assert result == [True, "expired", ended, 0]


@pytest.mark.parametrize(
    ("answer", "status", "slug"),
    [
        ("[200, h.view({ status: 'failed', reason: 'no_call' })]", "failed", "verification-failed"),
        ("[200, h.view({ status: 'cancelled' })]", "cancelled", "verification-cancelled"),
        ("h.problem('challenge-expired', 410)", "expired", "verification-expired"),
        ("h.problem('not-found', 404)", "expired", "not-found"),
        ("h.problem('unauthorized', 401)", "failed", "unauthorized"),
        ("[200, '<html>']", "failed", "unexpected-answer"),
    ],
)
def test_every_other_end_has_its_name(site: Page, answer: str, status: str, slug: str) -> None:
    """How `result` fails; and nothing is asked again afterwards."""
    result = run(
        site,
        f"""const s = await h.started({{ 'GET /vrf_1': [{answer}], 'DELETE /vrf_1': ['drop'] }});
        {ENDED}
        await s.clock.pass(20); const asked = s.server.named('GET /vrf_1').length;
        return [s.session.view.status, (await ending).slug, asked];""",
    )
    assert result == [status, slug, 1]


def test_what_the_server_refuses_for_good_is_cancelled_there(site: Page) -> None:
    result = run(
        site,
        """const s = await h.started({ 'POST /vrf_1/confirm': [h.problem('verifier-mismatch', 403)],
          'DELETE /vrf_1': [[200, h.view({ status: 'cancelled' })]] });
        const { slug } = await h.fails(() => s.session.enter('0018')); await s.clock.pass(0);
        return [slug, s.session.view.status, s.server.named('DELETE /vrf_1').length];""",
    )
    assert result == ["verifier-mismatch", "failed", 1]


def test_another_channel_that_is_not_possible_yet_is_told_with_its_wait(site: Page) -> None:
    result = run(
        site,
        """const s = await h.started({ 'POST /vrf_1/next': [h.problem('too-early', 409,
          { retry_after: 12 })] });
        const told = []; s.session.onprogress = ({ kind, seconds }) => told.push([kind, seconds]);
        const { slug } = await h.fails(() => s.session.next('sms'));
        return [slug, told, s.session.pending];""",
    )
    assert result == ["too-early", [["refused", 12]], True]


def test_a_signal_cancels_it_at_the_server_too(site: Page) -> None:
    result = run(
        site,
        f"""const abort = new AbortController();
        const s = await h.started({{ 'DELETE /vrf_1': ['drop'] }}, {{ options: {{ signal: abort.signal }} }});
        {ENDED}
        abort.abort(); await s.clock.pass(60);
        return [s.session.view.status, (await ending).slug, s.server.named('DELETE /vrf_1').length];""",
    )
    assert result == ["cancelled", "verification-cancelled", 1]
