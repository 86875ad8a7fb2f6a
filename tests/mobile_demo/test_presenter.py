"""The app's behaviour on a scripted phone: every screen, every answer of the server, every slip."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Final

import pytest

from ringproof import Ringproof
from ringproof._system import SystemClock as SdkClock
from ringproof.calls import Copy, ringing_once, withheld
from ringproof.errors import ServerUnreachableError
from ringproof.testing import FakeServer
from ringproof_demo.phone.desk import Desk
from ringproof_demo.presenter import Presenter
from ringproof_demo.settings import Settings, SettingsFile
from ringproof_demo.view import (
    CallView,
    CodeView,
    ConsentView,
    CountriesView,
    DoneView,
    EndedView,
    KeypadView,
    NumberView,
    SettingsView,
    Shown,
)
from tests.mobile_demo.stage import CALLER, KEY, OWNER, SERVER, ReadMessages, Stage

ALTERED: Final = "+442079460099"


@pytest.fixture(name="stage")
def _stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


# The number


def test_the_first_screen_asks_for_a_number_of_the_devices_country(stage: Stage) -> None:
    view = stage.now(NumberView)
    assert (view.country.iso, view.country.code, view.national, view.error) == ("GB", "44", "", None)
    assert view.hint


def test_an_empty_number_field_is_asked_for(stage: Stage) -> None:
    stage.presenter.submit_number()
    assert stage.now(NumberView).error == "Please enter your phone number."


@pytest.mark.parametrize("text", ["12", "+", "00", "+99", "0"])
def test_what_cannot_be_a_number_is_not_sent(stage: Stage, text: str) -> None:
    stage.presenter.type_number(text)
    stage.presenter.submit_number()
    error = stage.now(NumberView).error
    assert error is not None
    assert "phone number" in error
    assert stage.server.requests == []


def test_typing_takes_the_complaint_away(stage: Stage) -> None:
    stage.presenter.submit_number()
    stage.presenter.type_number("7")
    assert stage.now(NumberView).error is None


def test_a_number_with_a_country_code_changes_the_country(stage: Stage) -> None:
    stage.presenter.type_number("+49 1512 3456789")
    assert stage.now(NumberView).country.iso == "DE"
    assert stage.presenter.number == "+4915123456789"


def test_the_devices_own_number_fills_the_field(stage: Stage) -> None:
    stage.presenter.use_hint()
    assert stage.presenter.number == OWNER
    assert stage.now(NumberView).national == "7700 900123"


def test_a_person_who_picks_no_number_keeps_what_is_typed(stage: Stage) -> None:
    stage.phone.own_number = None
    stage.presenter.type_number("7700")
    stage.presenter.use_hint()
    assert stage.now(NumberView).national == "7700"


def test_a_country_is_found_by_name_and_by_code_and_chosen(stage: Stage) -> None:
    stage.presenter.type_number("7700 900123")
    stage.presenter.open_countries()
    assert len(stage.now(CountriesView).found) > 200
    for text in ("germ", "+49", "GERM", "49"):
        stage.presenter.search_countries(text)
        assert [country.iso for country in stage.now(CountriesView).found] == ["DE"]
    stage.presenter.choose_country("DE")
    view = stage.now(NumberView)
    assert (view.country.iso, view.national) == ("DE", "7700 900123")


def test_the_way_back_leads_to_the_number_and_then_out_of_the_app(stage: Stage) -> None:
    stage.presenter.open_countries()
    assert stage.presenter.back()
    stage.now(NumberView)
    assert not stage.presenter.back()


def test_a_number_that_the_server_refuses_is_mended_where_it_was_typed(stage: Stage) -> None:
    stage.server.fail(stage.server.problem(422, "invalid-phone-number"))
    stage.verify()
    view = stage.now(NumberView)
    assert view.error is not None
    assert view.national == "7700 900123"


# What is asked for before the call


def test_the_disclosure_says_what_is_read_why_and_what_never_leaves(stage: Stage) -> None:
    stage.phone.script = ()
    stage.presenter.type_number("7700 900123")
    stage.presenter.submit_number()
    view = stage.now(ConsentView)
    titles = [title for title, _ in view.points]
    assert titles == ["What is read", "Why", "What never leaves this phone", "When it ends"]
    assert "verify.example" in dict(view.points)["What never leaves this phone"]
    assert view.asks_next is not None
    assert view.without is not None
    assert "+44 7700 900123" in view.text
    assert stage.server.requests == []


def test_a_device_that_notices_no_calls_asks_for_nothing(stage: Stage) -> None:
    stage.presenter.type_number("7700 900123")
    stage.presenter.submit_number()
    view = stage.now(ConsentView)
    assert (view.points, view.asks_next, view.without) == ((), None, None)


def test_with_call_screening_the_disclosure_is_of_that_and_not_of_the_list_of_calls(stage: Stage) -> None:
    """And it says what it costs, before the phone asks."""
    stage.phone.script = ()
    stage.presenter.choose_screening(True, stage.presenter.settings)
    stage.presenter.back()
    stage.presenter.type_number("7700 900123")
    stage.presenter.submit_number()
    view = stage.now(ConsentView)
    assert dict(view.points)["What is read"].endswith("call screening. Not the list of calls.")
    assert "stops your own call filter" in (view.asks_next or "")
    assert len(view.points) == 4
    assert view.without is not None


def consent(stage: Stage, number: str = "7700 900123") -> ConsentView:
    stage.presenter.type_number(number)
    stage.presenter.submit_number()
    return stage.now(ConsentView)


def test_a_device_that_refuses_for_good_offers_its_settings_once_for_each_number(stage: Stage) -> None:
    """And no button is in the way of going on without."""
    stage.phone.blocked = True
    view = consent(stage)
    assert view.in_settings == "Allow in the phone’s settings"
    assert (view.points, view.without) == ((), None)
    stage.presenter.wake()
    assert stage.now(ConsentView).in_settings is not None
    stage.presenter.back()
    assert consent(stage).in_settings is None
    stage.presenter.remedy("again")
    assert stage.now(ConsentView).in_settings is None
    assert consent(stage, "7700 900124").in_settings is not None
    assert stage.phone.settings_opened == 0


def test_the_way_to_the_devices_settings_goes_when_it_was_taken(stage: Stage) -> None:
    stage.phone.blocked = True
    consent(stage)
    stage.presenter.open_phone_settings()
    stage.presenter.open_phone_settings()
    assert stage.phone.settings_opened == 1
    stage.presenter.wake()
    assert stage.now(ConsentView).in_settings is None


def test_what_was_allowed_in_the_devices_settings_is_disclosed_before_it_is_used(stage: Stage) -> None:
    stage.phone.blocked, stage.phone.script = True, ringing_once(CALLER)
    consent(stage)
    stage.presenter.open_phone_settings()
    stage.phone.blocked = False
    stage.presenter.wake()
    assert len(stage.now(ConsentView).points) == 4
    assert stage.server.requests == []
    stage.presenter.start(permitted=True)
    stage.now(DoneView)


def test_a_device_that_can_still_be_asked_offers_no_settings(stage: Stage) -> None:
    stage.phone.script = ()
    assert consent(stage).in_settings is None
    stage.presenter.open_phone_settings()
    assert stage.phone.settings_opened == 0


# The call


def test_a_call_that_comes_proves_the_number_and_the_screen_says_how(stage: Stage) -> None:
    stage.phone.script = ringing_once("020 7946 0018", after=2, ring=5)
    stage.verify()
    phases = [view.phase for view in stage.all(CallView)]
    assert list(dict.fromkeys(phases)) == ["asking", "starting", "calling", "ringing", "checking"]
    facts = dict(stage.now(DoneView).facts)
    assert facts["Number"] == "+44••••••0123"
    assert facts["Confirmed by"] == "A call"
    assert facts["Strength of the proof"] == "11.7 bits"
    assert facts["Chance of passing by guessing"] == "1 in 3 327"
    assert facts["From the first ring to the proof"] == "5.0 s"
    assert facts["Time in all"] == "7.0 s"


def test_the_digits_are_there_from_the_first_second(stage: Stage) -> None:
    stage.phone.script = ringing_once(CALLER)
    stage.verify()
    views = stage.all(CallView)
    assert all(view.digits == 4 and "digits" in view.label for view in views)
    assert [view.can_check for view in views if view.phase == "calling"] == [True]


def test_the_screen_counts_down_to_what_the_server_will_do(stage: Stage) -> None:
    stage.phone.script = ringing_once(CALLER)
    began = stage.clock.monotonic()
    stage.verify()
    view = next(view for view in stage.all(CallView) if view.phase == "calling")
    assert view.until == began + 45
    assert view.automatic == ("sms", began + 45)
    assert [(way.channel, way.ready_at) for way in view.ways] == [("sms", began)]


def test_without_permission_the_digits_prove_it(stage: Stage) -> None:
    stage.phone.script = ringing_once(CALLER)
    stage.once(CallView, lambda _: stage.presenter.submit_digits("0018"), after=5)
    stage.verify(permitted=False)
    assert dict(stage.now(DoneView).facts)["Confirmed by"] == "A call"
    assert "From the first ring to the proof" not in dict(stage.now(DoneView).facts)
    (confirm,) = stage.server.calls_to("POST", "/confirm")
    assert confirm.body["evidence"] == {"channel": "flashcall", "last_digits": "0018"}


def test_a_refused_permission_is_accepted_and_the_digits_are_asked_for(stage: Stage) -> None:
    stage.phone.script = ringing_once(CALLER)
    stage.phone.granted = False
    stage.once(CallView, lambda _: stage.presenter.submit_digits("00 18"), after=5)
    stage.verify()
    calling = next(view for view in stage.all(CallView) if view.phase == "calling")
    assert calling.hint is not None
    assert "that is fine" in calling.hint
    assert calling.label == "Type the last 4 digits of the number that called"
    stage.now(DoneView)


def test_too_few_digits_are_not_sent(stage: Stage) -> None:
    def short_then_right(_: CallView) -> None:
        stage.presenter.submit_digits("18")
        assert stage.now(CallView).error == "Please type 4 digits."
        stage.presenter.submit_digits("0018")

    stage.once(CallView, short_then_right)
    stage.verify()
    assert len(stage.server.calls_to("POST", "/confirm")) == 1


def test_wrong_digits_say_so_and_how_many_attempts_are_left(stage: Stage) -> None:
    stage.once(CallView, lambda _: stage.presenter.submit_digits("1111"))
    stage.clock.later(3, lambda: stage.presenter.submit_digits("0018"))
    stage.verify()
    errors = {view.error for view in stage.all(CallView)} - {None}
    assert errors == {
        "Those are not the last digits of the number that called. Please look at your list of calls again. "
        "Attempts left: 2"
    }
    stage.now(DoneView)


def test_an_altered_caller_id_is_not_blamed_on_the_person(stage: Stage) -> None:
    stage.phone.script = ringing_once(ALTERED, after=1, ring=2) + ringing_once(CALLER, after=9, ring=4)
    stage.verify()
    (error,) = {view.error for view in stage.all(CallView)} - {None}
    assert error is not None
    assert error.startswith("A call came that did not show the expected number.")
    stage.now(DoneView)


def test_a_withheld_call_leads_to_a_message_whose_code_proves_it(stage: Stage) -> None:
    stage.phone.script = withheld(after=2, ring=4)
    stage.once(CodeView, lambda _: stage.presenter.submit_code("123 456"))
    stage.verify()
    code = stage.all(CodeView)[0]
    assert "+44 7700 900123" in code.text
    assert code.length == 6
    assert dict(stage.now(DoneView).facts)["Confirmed by"] == "A text message"


def test_several_calls_are_counted(stage: Stage) -> None:
    stage.server = FakeServer(stage.clock, caller_ids=(CALLER, "+442079460021"))
    stage.phone.script = ringing_once(CALLER, after=2, ring=4) + ringing_once(
        "+442079460021", after=9, ring=4
    )
    stage.verify()
    progress = list(dict.fromkeys(view.progress for view in stage.all(CallView) if view.progress))
    assert progress == ["Call 1 of 2", "Call 2 of 2"]
    assert any(view.heading == "We are calling you once more" for view in stage.all(CallView))
    stage.now(DoneView)


def test_nothing_rang_and_a_message_is_asked_for(stage: Stage) -> None:
    def ask(view: CallView) -> None:
        assert [way.label for way in view.ways] == ["Send a code by text message"]
        stage.presenter.switch("sms")

    stage.once(CallView, ask, after=10)
    stage.once(CodeView, lambda _: stage.presenter.submit_code("123456"))
    stage.verify()
    stage.now(DoneView)


def test_a_switch_that_is_too_early_says_when(stage: Stage) -> None:
    stage.server.fail(stage.server.problem(409, "too-early", retry_after=12), path="/next")
    stage.phone.script = ringing_once(CALLER, after=6)
    stage.once(CallView, lambda _: stage.presenter.switch("sms"))
    stage.verify()
    assert "That is possible in 12 s." in {view.notice for view in stage.all(CallView)}
    stage.now(DoneView)


# Codes


def test_a_message_instead_of_a_call(stage: Stage) -> None:
    stage.presenter.type_number("7700 900123")
    stage.presenter.submit_number()
    stage.once(CodeView, lambda _: stage.presenter.submit_code("123456"))
    stage.presenter.start_with_message()
    assert stage.server.calls_to("POST")[0].body["channels"] == ["sms"]
    stage.now(DoneView)


def test_a_code_that_the_device_reads_fills_the_field_and_proves_it(stage: Stage) -> None:
    messages = ReadMessages(stage.clock, "123456", after=50)
    stage.phone.messages = messages
    stage.verify()
    filled = [view for view in stage.all(CodeView) if view.filled]
    assert {view.filled for view in filled} == {"123456"}
    assert "Your code was filled in from the text message." in {view.notice for view in filled}
    assert stage.server.calls_to("POST", "/confirm")[-1].body["evidence"]["source"] == "retriever"
    assert messages.stopped
    stage.now(DoneView)


def test_a_device_that_gives_up_reading_leaves_the_field(stage: Stage) -> None:
    stage.phone.messages = ReadMessages(stage.clock, None, after=50)
    stage.once(CodeView, lambda _: stage.presenter.submit_code("123456"), after=20)
    stage.verify()
    stage.now(DoneView)


def test_a_code_of_the_wrong_length_costs_no_attempt(stage: Stage) -> None:
    def slip(_: CodeView) -> None:
        stage.presenter.submit_code("12345")
        assert stage.now(CodeView).error == "Please type all 6 digits of the code."
        stage.presenter.submit_code("123456")

    stage.once(CodeView, slip)
    stage.verify()
    assert len(stage.server.calls_to("POST", "/confirm")) == 1
    stage.now(DoneView)


def test_a_wrong_code_can_be_corrected(stage: Stage) -> None:
    stage.once(CodeView, lambda _: stage.presenter.submit_code("000000"))
    stage.clock.later(60, lambda: stage.presenter.submit_code("123456"))
    stage.verify()
    errors = {view.error for view in stage.all(CodeView)} - {None}
    assert errors == {"That is not the code. Please look at the latest message again. Attempts left: 2"}
    stage.now(DoneView)


def test_every_wrong_attempt_used_up_ends_it_with_a_way_on(stage: Stage) -> None:
    for second in (50, 51, 52):
        stage.clock.later(second, lambda: stage.presenter.submit_code("000000"))
    stage.verify()
    view = stage.now(EndedView)
    assert (view.kind, view.heading) == ("failed", "We could not confirm your number")
    assert [remedy for remedy, _ in view.remedies] == ["again", "number"]


def test_digits_for_a_call_are_shown_and_typed_there(stage: Stage) -> None:
    stage.server = FakeServer(stage.clock, fallback="keypad", code="2468")
    stage.once(KeypadView, lambda _: stage.server.type_keys("2468"), after=5)
    stage.verify()
    view = stage.all(KeypadView)[0]
    assert view.digits == "2 4 6 8"
    stage.now(DoneView)


# What gets in the way


def test_a_server_that_is_down_is_named_and_up_again_it_works(stage: Stage) -> None:
    for _ in range(2):
        stage.server.fail(ServerUnreachableError("gone"))
    stage.verify()
    view = stage.now(EndedView)
    assert view.kind == "offline"
    assert "verify.example" in view.text
    assert [remedy for remedy, _ in view.remedies] == ["again", "settings"]
    stage.presenter.remedy("again")
    stage.now(ConsentView)
    stage.phone.script = ringing_once(CALLER)
    stage.presenter.start(permitted=True)
    stage.now(DoneView)


def test_a_lost_connection_is_said_and_taken_back(stage: Stage) -> None:
    stage.phone.script = ringing_once(CALLER, after=2, ring=5)
    for _ in range(4):
        stage.server.fail(ServerUnreachableError("gone"), path="/confirm")
    stage.verify()
    notices = [view.notice for view in stage.all(CallView)]
    assert any(notice and "we keep trying" in notice for notice in notices)
    stage.now(DoneView)


def test_a_quiet_connection_counts_as_back_after_a_while(stage: Stage) -> None:
    for _ in range(2):
        stage.server.fail(ServerUnreachableError("gone"), path="/vrf_fake")
    stage.phone.script = ringing_once(CALLER, after=40, ring=3)
    stage.verify()
    notices = [view.notice is not None for view in stage.all(CallView)]
    assert True in notices
    assert notices[notices.index(True) :].count(False) > 0
    stage.now(DoneView)


def test_time_that_runs_out_ends_it(stage: Stage) -> None:
    stage.verify()
    view = stage.now(EndedView)
    assert (view.kind, view.heading) == ("expired", "Time is up")


def test_cancelling_shows_at_once_and_reaches_the_server(stage: Stage) -> None:
    def leave(_: CallView) -> None:
        stage.presenter.cancel()
        assert stage.now(EndedView).kind == "cancelled"

    stage.once(CallView, leave, after=3)
    stage.verify()
    assert stage.server.state == "cancelled"
    assert stage.now(EndedView).kind == "cancelled"


def test_the_way_back_during_a_call_cancels_it(stage: Stage) -> None:
    stage.once(CallView, lambda _: print(stage.presenter.back()), after=3)
    stage.verify()
    assert stage.server.state == "cancelled"


def test_a_cancelled_verification_says_nothing_more(stage: Stage) -> None:
    """What the old one still learns must not replace the screen of the next."""
    stage.phone.script = ringing_once(CALLER, after=2, ring=5)

    def leave(_: CallView) -> None:
        stage.presenter.cancel()
        stage.presenter.remedy("number")

    stage.once(CallView, leave, after=3)
    stage.verify()
    stage.now(NumberView)


def test_an_app_that_is_closed_tells_the_server(tmp_path: Path) -> None:
    """On real threads: the process may end as soon as `close` returns."""
    server = FakeServer(SdkClock())
    file = SettingsFile(tmp_path / "settings.json")
    file.save(Settings(SERVER, KEY))
    calling = Event()

    def post(shown: Shown) -> None:
        if isinstance(shown.view, CallView) and shown.view.can_check:
            calling.set()

    def connect(settings: Settings, language: str) -> Ringproof:
        return Ringproof(settings.server, settings.key, transport=server, language=language)

    presenter = Presenter(Desk(["en-GB"]), file, post, connect=connect)
    presenter.type_number("7700 900123")
    presenter.submit_number()
    presenter.start(permitted=False)
    assert calling.wait(20)
    presenter.close()
    assert server.state == "cancelled"


def test_a_number_counts_as_meant_when_the_person_has_gone_on_with_it(stage: Stage) -> None:
    """While it is typed, its beginnings are numbers of other people."""
    stage.presenter.type_number("7700 900123")
    assert stage.presenter.number_meant is None
    stage.presenter.submit_number()
    assert stage.presenter.number_meant == OWNER


def test_a_second_start_while_one_runs_does_nothing(stage: Stage) -> None:
    stage.phone.script = ringing_once(CALLER)
    stage.once(CallView, lambda _: stage.presenter.start(permitted=True), after=1)
    stage.verify()
    assert len([seen for seen in stage.server.calls_to("POST") if seen.path == "/v1/verifications"]) == 1
    stage.now(DoneView)


def test_an_app_that_comes_back_looks_at_the_server_at_once(stage: Stage) -> None:
    stage.once(CallView, lambda _: stage.presenter.wake(), after=3)
    stage.clock.later(4, lambda: stage.presenter.submit_digits("0018"))
    stage.verify()
    assert stage.server.calls_to("GET")[0].at == pytest.approx(1003)


def test_another_number_begins_afresh_in_the_same_country(stage: Stage) -> None:
    stage.phone.script = ringing_once(CALLER)
    stage.verify()
    stage.presenter.another_number()
    view = stage.now(NumberView)
    assert (view.country.iso, view.national) == ("GB", "")


# What the server is told


def test_the_server_learns_language_and_app_hash(tmp_path: Path) -> None:
    stage = Stage(tmp_path, languages=("ja-JP", "de-AT"))
    stage.phone.script = ringing_once(CALLER)
    stage.presenter.type_number("+447700900123")
    stage.presenter.submit_number()
    stage.presenter.start(permitted=True)
    body = stage.server.calls_to("POST")[0].body
    assert body["language"] == "ja-JP"
    assert body["capabilities"]["sms_app_hash"] == "FA+9qCX9VSu"
    assert body["phone_number"] == OWNER


def test_the_app_speaks_the_first_language_that_it_is_worded_in(tmp_path: Path) -> None:
    assert Stage(tmp_path, languages=("ja-JP", "de-AT")).seen[-1].words.tag == "de"
    assert Stage(tmp_path, languages=("pt-BR",)).seen[-1].words.tag == "pt"
    assert Stage(tmp_path, languages=("ja-JP",)).seen[-1].words.tag == "en"


# The settings


def test_an_app_without_a_server_begins_with_the_settings(tmp_path: Path) -> None:
    stage = Stage(tmp_path, settings=Settings())
    view = stage.now(SettingsView)
    assert view.first
    assert view.notice is not None
    assert not stage.presenter.back()
    stage.server.fail(stage.server.problem(404, "not-found"))
    stage.presenter.save_settings(Settings(f" {SERVER}/ ", KEY))
    stage.now(NumberView)
    assert stage.file.load() == Settings(SERVER, KEY)


@pytest.mark.parametrize(
    ("draft", "field", "words"),
    [
        (Settings("", KEY), "server", "enter the address"),
        (Settings("verify.example", KEY), "server", "no address of a server"),
        (Settings("ftp://verify.example", KEY), "server", "no address of a server"),
        (Settings("https://", KEY), "server", "no address of a server"),
        (Settings("https://user:secret@verify.example", KEY), "server", "no address of a server"),
        (Settings("http://verify.example", KEY), "server", "use https"),
        (Settings(SERVER, ""), "key", "enter the publishable key"),
        (Settings(SERVER, "rp_sk_secret"), "key", "secret key"),
        (Settings(SERVER, "key"), "key", "begins with rp_pk_"),
        (Settings(SERVER, "rp_pk_ä"), "key", "begins with rp_pk_"),
    ],
)
def test_settings_that_cannot_work_are_refused_without_asking_anybody(
    stage: Stage, draft: Settings, field: str, words: str
) -> None:
    stage.presenter.open_settings()
    stage.presenter.save_settings(draft)
    view = stage.now(SettingsView)
    errors = {"server": view.server_error, "key": view.key_error}
    told = errors.pop(field)
    assert told is not None
    assert words in told
    assert list(errors.values()) == [None]
    assert stage.server.requests == []
    assert stage.file.load() == Settings(SERVER, KEY)


@pytest.mark.parametrize("loopback", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_plain_http_is_good_enough_for_the_device_itself(stage: Stage, loopback: str) -> None:
    stage.presenter.open_settings()
    stage.server.fail(stage.server.problem(404, "not-found"))
    stage.presenter.save_settings(Settings(loopback, KEY))
    assert stage.now(SettingsView).notice == "Saved. The server answers and knows the key."
    assert stage.file.load().server == loopback


def test_settings_are_tried_at_the_server_before_they_are_kept(stage: Stage) -> None:
    stage.presenter.open_settings()
    stage.server.fail(stage.server.problem(401, "unauthorized"))
    stage.presenter.save_settings(Settings(SERVER, "rp_pk_other"))
    assert (stage.now(SettingsView).key_error or "").startswith("The server does not know this key.")
    for _ in range(2):
        stage.server.fail(ServerUnreachableError("gone"))
    stage.presenter.save_settings(Settings("https://nowhere.example", KEY))
    assert "nowhere.example does not answer" in (stage.now(SettingsView).server_error or "")
    assert stage.file.load() == Settings(SERVER, KEY)
    assert any(view.busy for view in stage.all(SettingsView))
    assert not stage.now(SettingsView).busy


def test_something_else_at_the_address_is_told_from_a_server(stage: Stage) -> None:
    stage.presenter.open_settings()
    page = stage.server.problem(404, "")
    stage.server.fail(type(page)(404, {"content-type": "text/html"}, b"<html>"))
    stage.presenter.save_settings(Settings("https://other.example", KEY))
    assert "no Ringproof server" in (stage.now(SettingsView).server_error or "")


def test_language_and_appearance_change_at_once_and_are_kept(stage: Stage) -> None:
    stage.presenter.open_settings()
    stage.presenter.choose_language("fr", Settings("https://half-typed", ""))
    assert stage.seen[-1].words.tag == "fr"
    assert stage.now(SettingsView).draft.server == "https://half-typed"
    stage.presenter.choose_appearance("dark", Settings(SERVER, KEY))
    assert stage.seen[-1].appearance == "dark"
    assert stage.file.load() == Settings(SERVER, KEY, "fr", "dark")
    stage.presenter.back()
    assert stage.now(NumberView).country.name == "Royaume-Uni"


def test_call_screening_is_off_until_somebody_turns_it_on_and_is_then_kept(stage: Stage) -> None:
    stage.phone.script = ringing_once(CALLER)
    stage.verify()
    stage.presenter.open_settings()
    assert stage.now(SettingsView).screening
    assert not stage.now(SettingsView).draft.screening
    stage.presenter.choose_screening(True, Settings("https://half-typed", ""))
    view = stage.now(SettingsView)
    assert (view.draft.server, view.draft.screening) == ("https://half-typed", True)
    assert stage.file.load() == Settings(SERVER, KEY, screening=True)
    stage.server.fail(stage.server.problem(404, "not-found"))
    stage.presenter.save_settings(Settings(SERVER, KEY))
    assert stage.file.load().screening
    stage.presenter.back()
    stage.server = FakeServer(stage.clock)
    stage.verify()
    stage.now(DoneView)
    assert stage.phone.screened == [False, True]


def test_a_device_without_such_a_role_offers_no_call_screening(stage: Stage) -> None:
    stage.phone.offers_screening = False
    stage.presenter.open_settings()
    assert not stage.now(SettingsView).screening


def test_settings_cannot_be_opened_during_a_verification(stage: Stage) -> None:
    stage.phone.script = ringing_once(CALLER)
    stage.once(CallView, lambda _: stage.presenter.open_settings(), after=1)
    stage.verify()
    assert stage.all(SettingsView) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.presenter.open_settings()
    (tmp_path / "settings.new").mkdir()
    stage.server.fail(stage.server.problem(404, "not-found"))
    stage.presenter.save_settings(Settings(SERVER, KEY))
    assert stage.now(SettingsView).notice == "The settings could not be saved on this device."


def test_no_screen_shows_a_full_number_or_code_in_its_repr(stage: Stage) -> None:
    stage.phone.messages = ReadMessages(stage.clock, "123456", after=50)
    stage.phone.script = (Copy(1, "IDLE"),)
    stage.verify()
    shown = repr([shown.view for shown in stage.seen]).replace(" ", "").replace("+44••••••0123", "")
    assert "123456" not in shown
    assert "900123" not in shown
