"""One picture of every screen in every state, for looking at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ringproof import Verification, Verified
from ringproof._models import (
    Attempt,
    Automatic,
    CallerIdPattern,
    CodeStep,
    FlashCall,
    KeypadStep,
    NextActions,
    Session,
)
from ringproof.errors import (
    ProblemError,
    RateLimitedError,
    ServerUnreachableError,
    UnauthorizedError,
    VerificationExpiredError,
    VerificationFailedError,
)
from ringproof_demo import picturing
from ringproof_demo.advice import advice
from ringproof_demo.countries import country_of, search
from ringproof_demo.phone import Noticing
from ringproof_demo.settings import Fault, Settings
from ringproof_demo.verifying import State, Times
from ringproof_demo.view import CountriesView, NumberView, Shown, View
from ringproof_demo.words import AppWords

NUMBER, HOST = "+44 7700 900123", "verify.example"


def _calling(now: float) -> State:
    told = Verification(
        id="vrf_1",
        status="pending",
        phone_number="+44••••••0123",
        attempt=Attempt("att_1", "flashcall", "ringing"),
        flashcall=FlashCall(CallerIdPattern("+4420", 13)),
        next=NextActions(0, {"sms": 0, "voice": 47}, Automatic("sms", 38)),
        checks_left=2,
        assurance_bits=11.7,
    )
    return State("calling", told, now, until=now + 38, hears=True)


def _coded(now: float) -> State:
    told = Verification(
        id="vrf_1",
        status="pending",
        attempt=Attempt("att_2", "sms", "delivered"),
        code=CodeStep(6),
        next=NextActions(0, {"sms": 52, "voice": 0}),
        checks_left=4,
    )
    return State("code", told, now, hears=True)


def pictures(words: AppWords, settings: Settings, now: float) -> Iterator[tuple[str, Shown]]:
    for name, view in _views(words, settings, now):
        yield name, Shown(view, words, settings.appearance)


def _views(words: AppWords, settings: Settings, now: float) -> Iterator[tuple[str, View]]:
    britain = country_of("GB", words.tag)
    assert britain is not None
    yield "01-number", NumberView(britain, "7700 900123", hint=True)
    yield "02-number-wrong", NumberView(britain, "77", hint=True, error=words.page("number_invalid"))
    yield "03-countries", CountriesView("un", search("un", words.tag), "GB")
    yield "04-countries-none", CountriesView("zzz", (), "GB")
    consents = {
        "05-consent": Noticing("log", "permission"),
        "06-consent-plain": Noticing(),
        "07-consent-screening": Noticing("screening", "role"),
        "08-consent-blocked": Noticing(blocked=True),
    }
    for name, noticing in consents.items():
        yield name, picturing.consent(words, number=NUMBER, server=HOST, noticing=noticing, link=True)
    yield from _running(words, now)
    yield from _ends(words)
    yield from _settings(words, settings)


def _running(words: AppWords, now: float) -> Iterator[tuple[str, View]]:
    def picture(state: State) -> View:
        return picturing.picture(state, words, number=NUMBER, asks=True, two_sims=False)

    calling, coded = _calling(now), _coded(now)
    yield "10-asking", picture(State())
    yield "11-calling", picture(calling)
    yield "12-ringing", picture(replace(calling, kind="ringing"))
    yield "13-calling-denied", picture(replace(calling, hears=False, refused=True))
    yield "14-calling-wrong", picture(replace(calling, hears=False, wrong="entry"))
    yield "15-calling-offline", picture(replace(calling, offline=True))
    yield "16-checking", picture(replace(calling, checking=True))
    yield "17-code", picture(coded)
    yield "18-code-filled", picture(replace(coded, filled="482913", checking=True))
    yield "19-code-wrong", picture(replace(coded, wrong="entry"))
    keypad = replace(calling.told, flashcall=None, keypad=KeypadStep("4829"))  # type: ignore[type-var]
    yield "20-keypad", picture(replace(calling, kind="keypad", told=keypad))
    yield "21-waiting", picture(replace(calling, kind="waiting"))


def _ends(words: AppWords) -> Iterator[tuple[str, View]]:
    told = _calling(0).told
    assert told is not None
    verified = Verified("token", "+447700900123", "flashcall", told, Session("vrf_1"))
    yield "30-done", picturing.done(verified, Times(7.4, 5.1), words, number=NUMBER)
    errors = {
        "31-failed": VerificationFailedError("no"),
        "32-expired": VerificationExpiredError("late"),
        "33-offline": ServerUnreachableError("gone"),
        "34-limited": RateLimitedError("slow", slug="rate-limited", retry_after=540, instance="req_7f3a"),
        "35-key": UnauthorizedError("who", slug="unauthorized"),
        "36-unknown": ProblemError("new", slug="invented-later"),
    }
    for name, error in errors.items():
        yield name, advice(error, words, number=NUMBER, server=HOST)


def _settings(words: AppWords, settings: Settings) -> Iterator[tuple[str, View]]:
    yield (
        "40-settings",
        picturing.settings(words, settings, first=False, fault=None, notice=words.app("saved")),
    )
    yield (
        "41-settings-first",
        picturing.settings(words, Settings(), first=True, fault=None, notice=None),
    )
    wrong = Settings("http://verify.example", "rp_pk_x")
    fault = Fault("server", "server_insecure")
    yield "42-settings-wrong", picturing.settings(words, wrong, first=False, fault=fault, notice=None)
    screens = replace(settings, screening=True)
    yield (
        "43-settings-screening",
        picturing.settings(words, screens, first=False, fault=None, notice=None, screening=True),
    )
