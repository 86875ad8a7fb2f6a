"""ringproof.js by the rules of the other clients: the same words, the same reading of what people type."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, get_args
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from ringproof import _errors as sdk_errors
from ringproof._evidence import Inbox
from ringproof._match import matches
from ringproof._models import CallerIdPattern, FlashCall, Verification, verification_from
from ringproof._progress import ProgressKind
from ringproof_server.domain.errors import CLIENT_ERRORS
from ringproof_server.http import PROBLEM_STATUS
from tests.web_pages.module_site import run, site
from tests.web_pages.stand_in import code_view, flash_view

__all__ = ["site"]

pytestmark = pytest.mark.browser

BACK_END_ONLY = (sdk_errors.TokenInvalidError, sdk_errors.WebhookInvalidError)
BROWSERS_OWN = {
    "origin-not-allowed",
    "insecure-context",
    "push-unsupported",
    "push-refused",
    "push-occupied",
}
TYPED = "(await import('/assets/ringproof/typed.js'))"
EVIDENCE = f"""const {{ evidenceIn }} = {TYPED};
return argument[1].map((one) => evidenceIn(argument[0], one, 'manual'));"""


def listed(site: Page, name: str) -> list[str]:
    found: list[str] = run(site, f"return (await import('/assets/ringproof.js')).{name};")
    return found


def families(kind: type[Exception]) -> Iterator[type[Exception]]:
    for below in kind.__subclasses__():
        yield below
        yield from families(below)


def slug_of(kind: type[Exception]) -> str:
    name = kind.__name__.removesuffix("Error")
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in name).lstrip("-")


def test_the_list_of_problems_is_that_of_server_and_sdk(site: Page) -> None:
    assert sorted(listed(site, "PROBLEMS")) == sorted(error.slug for error in CLIENT_ERRORS)
    assert sorted(listed(site, "PROBLEMS")) == sorted(sdk_errors.PROBLEM_SLUGS)


def test_what_else_can_go_wrong_has_the_names_of_the_sdks_classes(site: Page) -> None:
    """All of them but those of a back end; and what only browsers know."""
    abstract = {sdk_errors.ProblemError, sdk_errors.NotVerifiedError}
    theirs = {
        slug_of(kind)
        for kind in families(sdk_errors.RingproofError)
        if not issubclass(kind, (*BACK_END_ONLY, sdk_errors.ProblemError)) and kind not in abstract
    }
    assert "server-unreachable" in theirs
    assert set(listed(site, "OWN_PROBLEMS")) == theirs | BROWSERS_OWN


def test_the_kinds_of_progress_are_the_sdks(site: Page) -> None:
    assert listed(site, "PROGRESS_KINDS") == list(get_args(ProgressKind))


def test_the_digits_of_every_script_are_digits(site: Page) -> None:
    """Every decimal digit that Python knows has the same value here."""
    digits = "".join(chr(code) for code in range(sys.maxunicode + 1) if chr(code).isdecimal())
    read = run(site, f"return {TYPED}.asciiDigits(argument);", digits)
    assert read == "".join(str(int(digit)) for digit in digits)
    assert len(digits) > 600


prefixes = st.sampled_from(["+", "+4", "+44", "+4420", "+44207946", "+1", "+1212", "+7495", "+55", "+372"])
patterns = st.builds(CallerIdPattern, prefixes, st.one_of(st.none(), st.integers(min_value=8, max_value=16)))
lead = st.sampled_from(
    ["", "+", "00", "0", "011", "0011", "810", "8", "1", "0021", "tel:", "sip:+", "(0)", "\uff0b", "%2B"]
)
bodies = st.one_of(
    st.sampled_from(["442079460018", "2079460018", "12125550142", "74951234567", "551112345678"]),
    st.text(alphabet="0123456789 -()+;@:", max_size=20),
    st.from_regex(r"[0-9]{6,15}", fullmatch=True),
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cases=st.lists(
        st.tuples(patterns, lead, bodies, st.sampled_from(["", ";phone-context=x", "@host"])), min_size=40
    )
)
def test_the_whole_number_is_known_in_whatever_way_it_is_written(site: Page, cases: list[Any]) -> None:
    """The same answer as the SDK's for every pattern and every writing."""
    asked = [(pattern, before + body + after) for pattern, before, body, after in cases]
    wire = [[{"prefix": one.prefix, "length": one.length}, text] for one, text in asked]
    said = run(
        site,
        f"const {{ matches }} = {TYPED}; return argument.map(([one, text]) => matches(one, text));",
        wire,
    )
    assert said == [matches(pattern, text) for pattern, text in asked]


TYPINGS = [
    "0018", "00 18", "018", "", "+44 20 7946 0018", "020 7946 0018", "442079460018", "7946 0018", "٠٠١٨",
    "+44 20 7946 00189", "tel:+442079460018", "abcd", "1 2 3 4 5", "9" * 65,
]  # fmt: skip


def test_typed_digits_become_the_evidence_that_the_sdk_makes_of_them(site: Page) -> None:
    """The last digits, the whole number, or nothing when there are too few."""
    view = flash_view()
    said = run(
        site,
        EVIDENCE,
        [view, TYPINGS],
    )
    for typed, made in zip(TYPINGS, said, strict=True):
        assert made == _evidence_of_the_sdk(typed), typed


def _evidence_of_the_sdk(typed: str) -> dict[str, object] | None:
    from ringproof._evidence import _typed  # noqa: PLC0415
    from ringproof._match import ascii_digits  # noqa: PLC0415

    text = typed.strip()
    if len(ascii_digits(text)) < 4 or len(text) > 64:
        return None
    return dict(_typed(text, FlashCall(CallerIdPattern("+4420", 13))).facts)


CODES = ["123456", "123 456", " 12-34-56 ", "١٢٣٤٥٦", "12345", "1234567", "", "-", "abcdef", "1" * 65]


def test_a_code_is_cleaned_and_a_slip_of_the_finger_is_not_sent(site: Page) -> None:
    from ringproof._calls import TypedCode  # noqa: PLC0415
    from ringproof._models import verification_from  # noqa: PLC0415

    view: Verification = verification_from(code_view())
    said = run(
        site,
        EVIDENCE,
        [code_view(), CODES],
    )
    for typed, made in zip(CODES, said, strict=True):
        inbox = Inbox()
        inbox.take_code(TypedCode(typed))
        assert (made is None) == inbox.drop_slip(view), typed
        if made is not None:
            assert json.dumps(made["code"]).isascii()
            assert made["code"] == typed.translate(str.maketrans("١٢٣٤٥٦", "123456", " -"))


def test_every_problem_of_the_server_arrives_whole(site: Page) -> None:
    """By its slug, with everything that the SDK reads of it too"""
    told = run(
        site,
        """const seen = [];
        for (const [slug, status] of argument) {
          const more = { retry_after: 30, verification: 'vrf_2', errors: [{ field: 'f', message: 'm' }] };
          const problem = h.problem(slug, status, more);
          const start = await h.started({ 'POST ': [problem] }).catch((one) => one);
          seen.push([start.slug, start.status, start.title, start.detail, start.instance, start.retryAfter,
            start.verification, start.errors, start.passes]);
        }
        return seen;""",
        list(PROBLEM_STATUS.items()),
    )
    for (slug, status), seen in zip(PROBLEM_STATUS.items(), told, strict=True):
        body = {
            "type": f"/problems/{slug}",
            "title": slug,
            "detail": slug,
            "instance": "req_1",
            "retry_after": 30,
            "verification": "vrf_2",
            "errors": [{"field": "f", "message": "m"}],
        }
        theirs = sdk_errors.problem_from(status, {}, body)
        faults = [fault._asdict() for fault in theirs.errors]
        assert seen[:8] == [theirs.slug, theirs.status, theirs.title, theirs.detail, theirs.instance,
                            theirs.retry_after, theirs.verification, faults]  # fmt: skip
        waits = isinstance(theirs, (sdk_errors.TooEarlyError, sdk_errors.RateLimitedError))
        assert seen[8] == (waits or status >= 500), slug


@pytest.mark.parametrize(
    "answer",
    [
        "[]", '{"status": "pending"}', '{"id": "vrf_1"}', '{"id": 1, "status": "pending"}', "<html>", "",
        '{"id": "vrf_1", "status": "pending"}',
    ],
)  # fmt: skip
def test_what_is_no_answer_to_a_start_is_told_as_that(site: Page, answer: str) -> None:
    """Not a verification, or one without a challenge to go on with."""
    problem = run(site, "return h.fails(() => h.started({ 'POST ': [[201, argument]] }));", answer)
    assert problem["slug"] == "unexpected-answer"


def test_a_view_is_read_leniently(site: Page) -> None:
    """Odd members count as missing and unknown ones are left out, for old pages and new servers."""
    odd = {
        "id": "vrf_1", "status": "pending", "attempt": [], "flashcall": {"digits_to_type": "4"}, "next": 7,
        "keypad": {"digits": "12a"}, "skipped": [None, {"channel": "push"}], "code": 1, "checks_left": True,
        "expires_in": "soon", "result": "perhaps", "color": "red",
    }  # fmt: skip
    view = run(
        site,
        "const { viewFrom } = await import('/assets/ringproof/view.js'); return viewFrom(argument);",
        odd,
    )
    empty = ["reason", "phone_number", "reference", "expires_in", "attempt", "code", "keypad", "checks_left",
             "assurance_bits", "result"]  # fmt: skip
    assert {name: view[name] for name in empty} == dict.fromkeys(empty)
    assert view["flashcall"]["digits_to_type"] == 4
    assert view["flashcall"]["caller_id_pattern"] == {"prefix": "+", "length": None}
    assert view["next"] == {"check_in": None, "channels": {}, "automatic": None}
    assert view["skipped"] == [{"channel": "push", "reason": ""}]
    assert "color" not in view


@pytest.mark.parametrize(
    "call",
    [
        {"caller_id_pattern": {"prefix": "", "length": 0}},
        {"caller_id_pattern": {"prefix": "+44", "length": 1e11}},
        {"caller_id_pattern": {"prefix": "+44", "length": -5}},
        {"caller_id_pattern": {"prefix": "+44", "length": "13"}},
        {"caller_id_pattern": {"prefix": "+4420", "length": 5}},
        {"caller_id_pattern": {"prefix": "<b>", "length": 13}},
        {"digits_to_type": 1e9, "calls": -1, "call": 1e9, "caller_id_pattern": {"prefix": "+" + "4" * 16}},
    ],
)
def test_a_call_that_cannot_be_is_read_as_the_sdk_reads_it(site: Page, call: dict[str, Any]) -> None:
    """Nothing fits such a pattern, and no page draws a hundred thousand million dots for it."""
    body = {
        "id": "vrf_1", "status": "pending", "flashcall": {**call, "interception_timeout": 1e11},
        "code": {"length": 0 if "digits_to_type" in call else -6},
        "next": {"channels": {f"channel {number}": number for number in range(1_000)}},
    }  # fmt: skip
    read = run(
        site,
        "const { viewFrom } = await import('/assets/ringproof/view.js'); return viewFrom(argument);",
        body,
    )
    theirs = asdict(verification_from(body))
    assert {name: read[name] for name in ("flashcall", "code")} == {
        name: theirs[name] for name in ("flashcall", "code")
    }
    assert read["next"]["channels"] == theirs["next"]["channels"]
    assert read["code"] == {"length": None}
    assert len(read["next"]["channels"]) == 50
    assert read["flashcall"]["caller_id_pattern"] == {"prefix": "+", "length": None}
    assert read["flashcall"]["interception_timeout"] == 600


@pytest.mark.parametrize(
    "server",
    [
        "http://verify.example",
        "ftp://verify.example",
        "verify.example",
        "https://me:secret@verify.example",
        "",
    ],
)
def test_a_key_travels_over_https_only(site: Page, server: str) -> None:
    slug = run(
        site,
        """const { Ringproof } = await import('/assets/ringproof.js');
        return h.fails(async () => Ringproof({ server: argument, key: 'rp_pk_1' }));""",
        server,
    )
    assert slug["slug"] == "insecure-server"


@pytest.mark.parametrize("server", ["https://verify.example/", "http://localhost:8000", "http://127.0.0.1:1"])
def test_this_computer_and_https_are_fine(site: Page, server: str) -> None:
    assert (
        run(
            site,
            """const { Ringproof } = await import('/assets/ringproof.js');
        return h.fails(async () => Ringproof({ server: argument, key: 'rp_pk_1' }));""",
            server,
        )
        is None
    )


def test_no_request_follows_a_redirect_or_carries_cookies(site: Page) -> None:
    """Of whatever kind: key, challenge and verifier go to the configured address only."""
    asked = run(
        site,
        """const asked = new Set();
        const answer = (changes) => (call, { redirect, credentials, cache, mode }) => {
          asked.add([call.method, redirect, credentials, cache, mode].join());
          return [200, h.view(changes)];
        };
        const s = await h.started({ 'POST ': [(...sent) => [201, answer()(...sent)[1]]],
          'GET /vrf_1': [answer()], 'POST /vrf_1/confirm': [answer({ result: 'mismatch' })],
          'DELETE /vrf_1': [answer({ status: 'cancelled' })] });
        await s.session.poll(); await s.session.enter('0018'); await s.session.cancel();
        return [...asked].sort();""",
    )
    assert asked == [f"{method},manual,omit,no-store,cors" for method in ("DELETE", "GET", "POST")]


def test_what_is_kept_for_a_reload_is_kept_no_longer_than_it_is_good_for(site: Page) -> None:
    """Not beyond the expiry and a minute; nor where the clock was set, or somebody wrote, a time far away."""
    read = run(
        site,
        """const { Drawer } = await import('/assets/ringproof/kept.js');
        const drawer = new Drawer('a test');
        const proofs = { id: 'vrf_1', challenge: 'a.b.c', verifier: 'v' };
        const after = (ms) => {
          drawer.write({ ...proofs, webotp: true, note: '', evidence: null }, 1_000_000, 300);
          return drawer.read(1_000_000 + ms)?.id ?? null;
        };
        const found = [after(0), after(359_999), after(360_000), after(-90_000_000)];
        return [...found, drawer.read(1_000_000)?.id ?? null];""",
    )
    assert read == ["vrf_1", "vrf_1", None, None, None]


def test_an_answer_that_was_overtaken_does_not_bring_an_earlier_step_back(site: Page) -> None:
    """A look that left before the change of channel comes back after it: the field stays the code's."""
    shown = run(
        site,
        """let release; const late = new Promise((resolve) => { release = resolve; });
        const s = await h.started({ 'GET /vrf_1': [() => late], 'POST /vrf_1/next': [[200, h.sms()]] });
        const look = s.session.poll();
        await s.session.next('sms');
        release([200, h.view()]); await look;
        return [s.session.view.attempt.channel, s.session.view.flashcall];""",
    )
    assert shown == ["sms", None]


@pytest.mark.parametrize("name", ["../../otp/x", "a/b", "a?b=c", "a#b", "a%2fb", " "])
def test_whatever_a_verification_is_called_it_is_one_part_of_the_path(site: Page, name: str) -> None:
    """Key and challenge go to no other place of the server."""
    paths = run(
        site,
        """const answer = [200, h.view({ id: argument })];
        const s = await h.started({ '*': [answer] }, { first: h.view({ id: argument }) });
        await s.session.poll(); await s.session.confirmDigits('0018');
        return s.server.calls.slice(1).map((call) => call.path);""",
        name,
    )
    whole = quote(name, safe="")
    assert paths == [f"/{whole}", f"/{whole}/confirm"]


@pytest.mark.parametrize("milliseconds", [2**31, 2**32, 10**12])
def test_a_pause_of_years_does_not_end_at_once(site: Page, milliseconds: int) -> None:
    """Browsers keep 32 bits of a time and take many a long one for none: nobody would be left alone."""
    first = run(
        site,
        """const { systemClock } = await import('/assets/ringproof/transport.js');
        const over = new AbortController();
        const asleep = systemClock.sleep(argument, over.signal).then(() => 'the long one', () => 'nobody');
        const first = await Promise.race([asleep, systemClock.sleep(30).then(() => 'the short one')]);
        over.abort(new Error('enough'));
        return [first, await asleep];""",
        milliseconds,
    )
    assert first == ["the short one", "nobody"]
