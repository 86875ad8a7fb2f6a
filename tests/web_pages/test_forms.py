"""The verification page without scripts: forms and redirects over a whole server, time in the test's hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringproof_rcml import load_words, locales
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.policy import Policy
from ringproof_server.http.form_cookies import Kept, Proofs
from tests.server.carriers.webpush.bench import made
from tests.support.world import NUMBER, OTHER_NUMBER
from tests.web_pages.form_site import OURS, Form, FormSite, Shown, Visitor, form_site, location

WORDS = load_words("en")


def say(key: str) -> str:
    """A sentence up to its first value, as it stands in HTML."""
    return WORDS.text("page", key) if "{" not in WORDS.section("page")[key] else _before_value(key)


def _before_value(key: str) -> str:
    return WORDS.section("page")[key].split("{")[0].strip()


def wrong(right: str) -> str:
    return "0" * len(right) if right != "0" * len(right) else "1" * len(right)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FormSite]:
    made = form_site(tmp_path)
    yield made
    made.world.close()


@pytest.fixture
def visitor(site: FormSite) -> Visitor:
    return site.visitor()


def test_the_last_digits_of_the_number_that_called_confirm_it(site: FormSite, visitor: Visitor) -> None:
    page = visitor.begin()
    assert re.fullmatch(r"/verify/vrf_[\w-]+", page.path)
    assert say("calling_heading") in page.texts["heading"]
    page = visitor.answer(site.caller_id()[-4:])
    assert page.path.endswith("/ok")
    assert page.texts["heading"] == say("verified_heading")
    assert page.texts["proof-channel"] == say("by_flashcall")
    assert "3\u202f300" in page.texts["proof-chance"]
    assert page.texts["token"].count(".") == 2
    assert '"phone_number_verified": true' in page.texts["claims"]


def test_outside_the_demo_the_signed_proof_is_not_shown(tmp_path: Path) -> None:
    site = form_site(tmp_path, demo=False)
    visitor = site.visitor()
    visitor.begin()
    page = visitor.answer(site.caller_id()[-4:])
    assert page.path.endswith("/ok")
    assert "token" not in page.texts
    site.world.close()


def test_a_form_that_is_sent_twice_starts_one_call(site: FormSite, visitor: Visitor) -> None:
    form = visitor.get("/verify").form(having="number")
    first, second = (visitor.sent(form, number=NUMBER, way="") for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert location(first) == location(second)
    visitor.get(location(second))
    page = visitor.answer(site.caller_id()[-4:])
    assert page.path.endswith("/ok")
    assert len({call.call for call in site.world.calls_seen()}) == 1


def test_looking_again_and_going_back_start_nothing(site: FormSite, visitor: Visitor) -> None:
    page = visitor.begin()
    for _ in range(3):
        visitor.get(page.path)
        visitor.get(f"{page.path}?do=next&channel=sms")
        visitor.get(f"{page.path}?do=cancel")
        visitor.get("/verify")
    site.world.pass_time(10)
    assert len({call.call for call in site.world.calls_seen()}) == 1
    assert site.world.messages_seen() == []
    assert say("calling_heading") in visitor.get(page.path).texts["heading"]


def test_wrong_digits_are_told_beside_the_field_and_cost_one_attempt_however_often_they_are_sent(
    site: FormSite, visitor: Visitor
) -> None:
    visitor.begin()
    digits = site.caller_id()[-4:]
    assert visitor.page is not None
    form = visitor.page.form(having="answer")
    for _ in range(3):
        page = visitor.send(form, answer=wrong(digits))
    assert say("mismatch_digits") in page.texts["digits-error"]
    assert "Attempts left: \u20682\u2069" in page.texts["digits-error"]
    field = next(one for one in page.all("input") if one.get("id") == "digits")
    assert field["aria-invalid"] == "true"
    assert "digits-error" in field["aria-describedby"].split()
    assert visitor.answer(digits).path.endswith("/ok")


@pytest.mark.parametrize("typed", ["", "12", "abcd"])
def test_missing_digits_cost_nothing(site: FormSite, visitor: Visitor, typed: str) -> None:
    visitor.begin()
    digits = site.caller_id()[-4:]
    page = visitor.answer(typed)
    assert _before_value("digits_incomplete") in page.texts["digits-error"]
    assert "Attempts left" not in page.html
    assert visitor.answer(digits).path.endswith("/ok")


def test_the_whole_number_and_digits_of_another_script_are_understood(
    site: FormSite, visitor: Visitor
) -> None:
    visitor.begin()
    arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    assert visitor.answer(site.caller_id().translate(arabic)).path.endswith("/ok")


def test_the_text_message_that_comes_by_itself_is_there_after_a_look(
    site: FormSite, visitor: Visitor
) -> None:
    site.world.behave("withheld")
    page = visitor.begin()
    assert _before_value("automatic_sms") in page.texts["automatic"]
    again = next(one["href"] for one in page.all("a") if one.get("id") == "look")
    site.world.pass_time(60)
    page = visitor.get(again)
    assert page.texts["heading"] == say("code_heading")
    field = next(one for one in page.all("input") if one.get("id") == "code")
    assert field["autocomplete"] == "one-time-code"
    assert field["inputmode"] == "numeric"
    page = visitor.answer(site.code())
    assert page.texts["proof-channel"] == say("by_sms")


def test_a_text_message_can_be_asked_for_instead_of_the_call(site: FormSite, visitor: Visitor) -> None:
    page = visitor.begin(way="sms")
    assert page.texts["heading"] == say("code_heading")
    code = site.code()
    page = visitor.answer(wrong(code))
    assert say("mismatch_code") in page.texts["code-error"]
    assert visitor.answer(f" {code[:3]} {code[3:]} ").path.endswith("/ok")
    assert site.world.calls_seen() == []


def test_a_text_message_on_demand_ends_the_call(site: FormSite, visitor: Visitor) -> None:
    visitor.begin()
    page = visitor.press("channel", "sms")
    assert page.texts["heading"] == say("code_heading")
    assert visitor.answer(site.code()).path.endswith("/ok")


def test_a_button_that_has_to_wait_says_for_how_long_and_pressing_it_does_nothing(
    site: FormSite, visitor: Visitor
) -> None:
    page = visitor.begin(way="sms")
    site.code()
    page = visitor.get(page.path)
    assert "available in" in page.html
    page = visitor.press("channel", "sms")
    assert page.texts["alert"] == WORDS.text("problem", "too-early")
    assert "aria-invalid" not in page.html
    site.world.pass_time(2)
    assert len(site.world.messages_seen()) == 1


def test_my_phone_did_not_ring_leads_on(site: FormSite, visitor: Visitor) -> None:
    visitor.begin()
    page = visitor.press("do", "no_call")
    assert page.texts["heading"] == say("code_heading")


def test_small_pools_ring_twice_and_say_so(tmp_path: Path) -> None:
    site = form_site(tmp_path, pool="+442079460000-+442079460049")
    visitor = site.visitor()
    page = visitor.begin()
    assert page.texts["call-progress"] == "Call \u20681\u2069 of \u20682\u2069"
    first = site.caller_id()
    page = visitor.answer(first[-4:])
    assert say("another_call_heading") in page.texts["heading"]
    site.world.pass_time(20)
    second = site.world.calls_seen()[-1].caller_id or ""
    assert second != first
    assert visitor.answer(second[-4:]).path.endswith("/ok")
    site.world.close()


def test_digits_typed_in_a_call_confirm_the_number_once_they_were(tmp_path: Path) -> None:
    site = form_site(tmp_path, policy=Policy(workflow=(Channel.KEYPAD,)))
    site.world.behave("answer")
    visitor = site.visitor()
    page = visitor.begin()
    digits = page.texts["keypad-digits"].replace(" ", "")
    assert re.fullmatch(r"[0-9]{4,10}", digits)
    page = visitor.send(page.form(having="length"))
    assert page.texts["keypad-digits"]
    site.world.pass_time(8)
    site.world.press(digits)
    site.world.pass_time(8)
    page = visitor.send(page.form(having="length"))
    assert page.texts["proof-channel"] == say("by_keypad")
    site.world.close()


# --- endings


def test_what_took_too_long_says_so_and_leads_to_a_new_start(site: FormSite, visitor: Visitor) -> None:
    page = visitor.begin()
    for seconds in (301, 200):
        site.world.pass_time(seconds)
        ended = visitor.get(page.path)
        assert ended.path.endswith("/not-ok")
        assert ended.texts["heading"] == say("expired_heading")
    again = next(one["href"] for one in ended.all("a") if one.get("id") == "start-again")
    assert "number-form" in visitor.get(again).texts


def test_cancelling_ends_it_and_changing_the_number_leads_to_the_first_page(
    site: FormSite, visitor: Visitor
) -> None:
    visitor.begin()
    page = visitor.press("do", "cancel")
    assert page.path.endswith("/not-ok")
    assert page.texts["heading"] == say("cancelled_heading")
    visitor.begin(OTHER_NUMBER)
    assert visitor.press("do", "change").path == "/verify"


def test_five_wrong_codes_end_it(site: FormSite, visitor: Visitor) -> None:
    page = visitor.begin(way="sms")
    code = site.code()
    for _ in range(5):
        page = visitor.answer(wrong(code))
        site.world.pass_time(121 if page.path.endswith("not-ok") is False else 0)
        page = visitor.get(page.path)
        if page.path.endswith("/not-ok"):
            break
    assert page.path.endswith("/not-ok")


def test_a_code_of_an_authenticator_is_asked_for_without_claiming_that_one_was_sent(tmp_path: Path) -> None:
    """Also where nobody has enrolled one: what a stranger reads must not tell."""
    site = form_site(tmp_path, policy=Policy(workflow=(Channel.TOTP,)))
    page = site.visitor().begin()
    assert say("code_sent_totp") in page.html
    assert say("code_sent_other") not in page.html
    assert page.form(having="answer")
    site.world.close()


def test_a_wrong_code_of_an_authenticator_points_at_the_app_and_not_at_a_message(tmp_path: Path) -> None:
    site = form_site(tmp_path, policy=Policy(workflow=(Channel.TOTP,)))
    visitor = site.visitor()
    visitor.begin()
    page = visitor.answer("000000")
    assert say("mismatch_totp") in page.texts["code-error"]
    assert "Attempts left" in page.texts["code-error"]
    assert say("mismatch_code") not in page.html
    site.world.close()


def test_a_code_for_an_enrolled_browser_is_said_to_be_there_and_not_at_the_number(tmp_path: Path) -> None:
    """Also where nobody has enrolled one: what a stranger reads must not tell."""
    site = form_site(
        tmp_path,
        policy=Policy(workflow=(Channel.PUSH,)),
        carriers=lambda _storage, clock, random, seals: {"webpush": made(clock, random, seals)},
    )
    page = site.visitor().begin()
    assert page.texts["code-sent"] == say("code_sent_push")
    assert page.form(having="answer")
    site.world.close()


def test_the_end_that_is_not_yet_or_another_one_leads_to_where_it_stands(
    site: FormSite, visitor: Visitor
) -> None:
    page = visitor.begin()
    for ending in ("ok", "not-ok"):
        assert visitor.get(f"{page.path}/{ending}").path == page.path
    visitor.get(page.path)
    done = visitor.answer(site.caller_id()[-4:])
    for address in (page.path, f"{page.path}/not-ok"):
        assert visitor.get(address).path == done.path
    assert visitor.send(page.form(button=("do", "cancel")), do="cancel").path == done.path


def test_another_server_process_goes_on_where_the_first_stopped(site: FormSite, visitor: Visitor) -> None:
    """All that is remembered is in the database and with the browser."""
    page = visitor.begin()
    digits = site.caller_id()[-4:]
    other = site.visitor(site.world.process())
    for cookie in visitor.cookies:
        other.client.set_cookie(
            cookie.key, cookie.value, domain="ringproof.example", path=cookie.path, secure=True
        )
    other.get(page.path)
    assert other.answer(digits).path.endswith("/ok")


# --- problems


@pytest.mark.parametrize(
    ("number", "status", "sentence"),
    [
        ("+44 909 879 0000", 403, WORDS.text("problem", "number-not-allowed")),
        ("0909 879 0000", 422, WORDS.text("page", "number_invalid")),
        ("+44 1", 422, WORDS.text("page", "number_invalid")),
        ("\x00", 422, WORDS.text("page", "number_invalid")),
        ("  ", 422, WORDS.text("page", "number_missing")),
        ("9" * 5_000, 422, WORDS.text("page", "number_invalid")),
        ('"><script>alert(1)</script>', 422, WORDS.text("page", "number_invalid")),
    ],
)
def test_what_is_wrong_with_a_number_stands_beside_it_and_the_number_stays(
    visitor: Visitor, number: str, status: int, sentence: str
) -> None:
    page = visitor.begin(number)
    assert (page.path, page.status) == ("/verify", status)
    assert page.texts["number-error"] == sentence
    field = next(one for one in page.all("input") if one.get("id") == "number")
    assert field["value"] == number[:64]
    assert (field["type"], field["inputmode"], field["autocomplete"]) == ("tel", "tel", "tel")
    assert not page.all("script")


def test_zeros_for_abroad_and_spaces_are_understood(site: FormSite, visitor: Visitor) -> None:
    page = visitor.begin("00 44 7700 900 123")
    assert page.path.startswith("/verify/vrf_")


def test_too_many_starts_of_one_address_are_told_with_the_wait(site: FormSite) -> None:
    """The limit counts the address of the person, as it does for the API, and not that of the server."""
    busy, other = site.visitor(), site.visitor()
    other.address = "203.0.113.9"
    numbers = [f"+4477009006{position:02}" for position in range(12)]
    pages = [busy.begin(number) for number in numbers]
    refused = next(page for page in pages if page.status == 429)
    assert "too many attempts" in refused.texts["number-error"]
    assert int(refused.headers["Retry-After"]) > 0
    assert other.begin("+447700900700").status == 200


# --- who may


def started(site: FormSite, number: str = NUMBER) -> int:
    site.world.pass_time(5)
    return len(site.world.calls_seen(number)) + len(site.world.messages_seen(number))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://ringproof.example.evil.example"},
    ],
)
def test_another_site_starts_nothing_even_with_a_stolen_form(
    site: FormSite, visitor: Visitor, headers: dict[str, str]
) -> None:
    form = visitor.get("/verify").form(having="number")
    answer = visitor.sent(form, headers=headers, number=NUMBER, way="")
    assert answer.status_code == 403
    assert "0123" not in answer.text
    assert started(site) == 0


@pytest.mark.parametrize("headers", [{}, {"Origin": "null"}, {"Origin": "https://ringproof.example"}])
def test_old_browsers_are_known_by_the_token(visitor: Visitor, headers: dict[str, str]) -> None:
    form = visitor.get("/verify").form(having="number")
    assert visitor.sent(form, headers=headers, number=NUMBER, way="").status_code == 303


@pytest.mark.parametrize(
    "forged", [{"token": "0" * 64}, {"token": ""}, {"token": "é"}, {"once": ""}, {"once": "x" * 24}]
)
def test_a_forged_form_starts_nothing_and_keeps_the_number(
    site: FormSite, visitor: Visitor, forged: dict[str, str]
) -> None:
    form = visitor.get("/verify").form(having="number")
    page = visitor.send(form, forged, number=NUMBER, way="")
    assert page.status == 403
    assert page.texts["number-error"] == WORDS.text("problem", "invalid-request")
    assert page.form(having="number").fields["number"] == NUMBER
    assert started(site) == 0
    assert visitor.send(page.form(having="number"), way="").path.startswith("/verify/vrf_")


def test_the_form_of_another_browser_is_forged(site: FormSite, visitor: Visitor) -> None:
    theirs = site.visitor().get("/verify").form(having="number")
    visitor.get("/verify")
    assert visitor.send(theirs, number=NUMBER, way="").status == 403
    assert started(site) == 0


def test_without_a_cookie_the_form_is_shown_again_and_works_then(site: FormSite, visitor: Visitor) -> None:
    """So does that of the page with scripts where the scripts did not arrive."""
    page = visitor.send(Form("/verify?lang=en", "post"), number=NUMBER)
    assert page.status == 403
    assert started(site) == 0
    assert visitor.send(page.form(having="number"), way="").path.startswith("/verify/vrf_")


@pytest.mark.parametrize("do", ["confirm", "next", "no_call", "cancel", "change"])
def test_a_forged_step_changes_nothing(site: FormSite, visitor: Visitor, do: str) -> None:
    page = visitor.begin()
    form = page.form(button=("do", "cancel"))
    said = {"do": do, "channel": "sms", "token": "0" * 64}
    answer = visitor.send(form, said)
    assert answer.status == 403
    assert WORDS.text("problem", "invalid-request") in answer.texts["alert"]
    crossed = visitor.sent(form, headers={"Sec-Fetch-Site": "cross-site"}, do=do, channel="sms")
    assert crossed.status_code == 403
    assert visitor.get(page.path).path == page.path
    site.world.pass_time(2)
    assert site.world.messages_seen() == []


def test_nobody_else_sees_or_moves_a_verification(site: FormSite, visitor: Visitor) -> None:
    page = visitor.begin()
    stranger = site.visitor()
    stranger.begin(OTHER_NUMBER)
    for address in (page.path, f"{page.path}/ok", f"{page.path}/not-ok"):
        seen = stranger.get(address)
        assert seen.status == 403
        assert seen.texts["heading"] == WORDS.text("problem_title", "verifier-mismatch")
    assert stranger.sent(page.form(button=("do", "cancel")), do="cancel").status_code == 403
    assert visitor.get(page.path).status == 200


@pytest.mark.parametrize("sealed", ["", "x", "A" * 200, "A" * 3_500, "é", "v1.AAAA"])
def test_a_cookie_that_is_not_ours_is_none(visitor: Visitor, sealed: str) -> None:
    page = visitor.begin()
    name = "__Secure-ringproof-verification"
    visitor.client.set_cookie(name, sealed, domain="ringproof.example", path=page.path)
    assert visitor.get(page.path).status == 403


def test_the_cookie_of_one_verification_opens_no_other(site: FormSite, visitor: Visitor) -> None:
    first, second = visitor.begin().path, visitor.begin(OTHER_NUMBER).path
    kept = {one.path: one.value for one in visitor.cookies}
    name = "__Secure-ringproof-verification"
    visitor.client.set_cookie(name, kept[first], domain="ringproof.example", path=second)
    assert visitor.get(first).status == 200
    assert visitor.get(second).status == 403


def test_cookies_are_for_this_server_alone(site: FormSite, visitor: Visitor) -> None:
    page = visitor.get("/verify")
    answer = visitor.sent(page.form(having="number"), number=NUMBER, way="")
    for cookie in (page.headers["Set-Cookie"], answer.headers["Set-Cookie"]):
        assert cookie.startswith("__Secure-ringproof-")
        for flag in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/verify", "Max-Age="):
            assert flag in cookie
        assert "Domain" not in cookie
    assert f"Path={location(answer)}" in answer.headers["Set-Cookie"]


def test_only_on_a_loopback_address_cookies_are_not_secure(site: FormSite) -> None:
    local = site.visitor(public_url="http://127.0.0.1:8000")
    assert "Secure" not in local.get("/verify").headers["Set-Cookie"]
    plain = site.visitor(public_url="http://ringproof.example")
    assert "Secure" in plain.get("/verify").headers["Set-Cookie"]


def test_pages_are_kept_nowhere_and_name_nothing_secret(site: FormSite, visitor: Visitor) -> None:
    pages = [visitor.get("/verify"), visitor.begin()]
    digits = site.caller_id()[-4:]
    pages += [visitor.answer(wrong(digits)), visitor.answer(digits)]
    shown = "".join(page.html for page in pages[:-1])
    assert NUMBER.removeprefix("+") not in shown
    assert "eyJ" not in shown
    assert site.key not in shown
    for page in pages:
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        for tag, said in page.elements:
            assert tag not in {"script", "style", "base", "iframe"}
            assert not {name for name in said if name == "style" or name.startswith("on")}
        assert not [one for one in page.all("meta") if one.get("http-equiv")]


def test_what_a_browser_keeps_is_not_shown_when_it_is_printed() -> None:
    kept = Kept(id="vrf_1", verifier="the-verifier", challenge="the-challenge", token="the-token")
    proofs = Proofs(verifier="the-verifier", challenge="public")
    assert not re.search("the-verifier|the-challenge|the-token", f"{kept!r} {proofs!r}")


# --- words


@pytest.mark.parametrize("tag", locales())
def test_every_language_has_every_page(site: FormSite, tag: str) -> None:
    """And the choice is kept along the way."""
    visitor = site.visitor()
    words = load_words(tag)
    site.world.behave("ring")
    pages = [visitor.begin("+44 909 879 0000", address=f"/verify?lang={tag}")]
    pages.append(visitor.begin(address=f"/verify?lang={tag}"))
    digits = site.caller_id()[-4:]
    pages.append(visitor.answer(wrong(digits)))
    pages.append(visitor.press("channel", "sms"))
    pages.append(visitor.press("do", "cancel"))
    for page in pages:
        html = page.all("html")[0]
        assert (html["lang"], html["dir"]) == (tag, words.direction)
        assert page.headers["Content-Language"] == tag
        assert not re.search(r"\{[a-z_]+\}", page.html)
    assert pages[-1].texts["heading"] == words.text("page", "cancelled_heading")


def test_the_language_follows_the_browser_unless_it_is_chosen(visitor: Visitor) -> None:
    page = visitor.get("/verify", **{"Accept-Language": "xx, de-AT;q=0.9"})
    assert page.all("html")[0]["lang"] == "de"
    chooser = page.form(having="number")
    assert "lang" not in chooser.action
    picker = next(one for one in page.forms if one.method == "get")
    assert picker.action == "/verify"
    hostile = visitor.get("/verify?lang=%22%3E%3Cscript%3E")
    assert not hostile.all("script")
    assert "script" not in hostile.form(having="number").action


def test_what_an_address_tells_is_looked_up_and_never_shown(visitor: Visitor) -> None:
    page = visitor.begin()
    for told in ("%3Cscript%3Ealert(1)%3C/script%3E", "code_heading", "", "x" * 9_000):
        seen = visitor.get(f"{page.path}?told={told}")
        assert not {"digits-error", "alert"} & seen.texts.keys()
        assert not seen.all("script")


def test_a_hostile_brand_stays_text(tmp_path: Path) -> None:
    site = form_site(tmp_path, brand="</title><img src=x onerror=alert(1)>{{7*7}}")
    page = site.visitor().get("/verify")
    assert not page.all("img")
    assert "{{7*7}}" in page.html
    site.world.close()


def test_the_page_with_scripts_leads_here_without_them(visitor: Visitor) -> None:
    page = visitor.get("/?lang=ar")
    refresh = next(one for one in page.all("meta") if one.get("http-equiv") == "refresh")
    assert refresh["content"] == "0; url=/verify?lang=ar"
    start = page.html.index("<noscript>")
    assert page.html.index(refresh["content"]) in range(start, page.html.index("</noscript>", start))
    assert page.form(having="number").action == "/verify?lang=ar"


def test_the_api_reference_does_not_name_the_forms(visitor: Visitor) -> None:
    document: dict[str, Any] = visitor.client.get("/openapi.json").get_json()
    assert not [path for path in document["paths"] if path.startswith("/verify")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), step=st.booleans())
def test_no_body_breaks_the_forms(visitor: Visitor, body: bytes, *, step: bool) -> None:
    address = "/verify"
    if step:
        if visitor.page is None or not visitor.page.path.startswith("/verify/vrf_"):
            visitor.begin()
        assert visitor.page is not None
        address = visitor.page.path
    answer = visitor.client.post(address, data=body, base_url="https://ringproof.example", headers=OURS)
    assert answer.status_code in {400, 403}


def test_what_is_larger_than_any_form_is_refused(visitor: Visitor) -> None:
    form = visitor.get("/verify").form(having="number")
    assert visitor.sent(form, number="1" * 70_000, way="").status_code == 413


# --- errors


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/verify/", 404, "not-found"),
        ("GET", "/verify/nothing/here", 404, "not-found"),
        ("GET", "/verify/vrf_unknown/elsewhere", 404, "not-found"),
        ("DELETE", "/verify", 405, "invalid-request"),
        ("PUT", "/verify/vrf_unknown", 405, "invalid-request"),
    ],
)
def test_whatever_goes_wrong_below_the_forms_is_told_to_people(
    visitor: Visitor, method: str, path: str, status: int, slug: str
) -> None:
    """A page in their language with the way back, never a document for programs."""
    answer = visitor.client.open(path, method=method, headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert answer.headers["Cache-Control"] == "no-store"
    page = Shown(answer)
    assert page.texts["heading"] == WORDS.text("problem_title", slug)
    assert [one["href"] for one in page.all("a")] == ["/verify"]
    assert ("Allow" in answer.headers) == (status == 405)
    german = visitor.client.open(f"{path}?lang=de", method=method)
    assert Shown(german).texts["heading"] == load_words("de").text("problem_title", slug)


def test_a_form_larger_than_any_of_ours_is_refused_with_a_page(site: FormSite, visitor: Visitor) -> None:
    form = visitor.get("/verify").form(having="number")
    answer = visitor.sent(form, number="1" * 100_000)
    assert (answer.status_code, answer.mimetype) == (413, "text/html")
    assert WORDS.text("problem_title", "payload-too-large") in answer.text


def test_a_fault_of_ours_is_a_page_with_a_name_and_nothing_else(
    site: FormSite, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference is for the operator's log; what went wrong stays there."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the reason")

    monkeypatch.setattr(site.world.server.service, "start", broken)
    form = visitor.get("/verify").form(having="number")
    answer = visitor.sent(form, number=NUMBER, way="")
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert WORDS.text("problem_title", "internal") in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert "the reason" not in answer.text


@pytest.mark.parametrize("path", ["/verify/nothing", "/verify/vrf_unknown"])
def test_programs_that_ask_for_json_get_it_there_too(visitor: Visitor, path: str) -> None:
    answer = visitor.client.get(path, headers={"Accept": "application/problem+json, application/json"})
    assert answer.mimetype == "application/problem+json"
    assert answer.status_code in {403, 404}


def test_elsewhere_an_error_is_a_document_whoever_asks(visitor: Visitor) -> None:
    answer = visitor.client.get("/verifyx", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
