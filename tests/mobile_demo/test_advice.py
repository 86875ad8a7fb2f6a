"""Every error of the SDK has a sentence that says what to do, in every language of the app."""

from __future__ import annotations

import pytest

from ringproof import errors
from ringproof.errors import PROBLEM_SLUGS, NotVerifiedError, ProblemError, RateLimitedError
from ringproof_demo.advice import advice
from ringproof_demo.view import EndedView
from ringproof_demo.words import APP_LOCALES, AppWords, app_words

NUMBER, HOST = "+44 7700 900123", "verify.example"
UNKNOWN = "Something happened that this app does not know."


def _advice(error: Exception, words: AppWords | None = None) -> EndedView:
    return advice(error, words or app_words(["en"]), number=NUMBER, server=HOST)


def _every_error() -> list[Exception]:
    made: list[Exception] = [kind("title", slug=slug, status=400) for slug, kind in PROBLEM_SLUGS.items()]
    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, ProblemError):
            made.append(kind("what the machine says"))
    return [*made, ProblemError("new", slug="invented-later", status=418), OSError("disk"), ValueError("x")]


@pytest.mark.parametrize("tag", APP_LOCALES)
@pytest.mark.parametrize("error", _every_error(), ids=lambda error: f"{type(error).__name__}")
def test_every_error_says_what_happened_and_offers_a_way_on(error: Exception, tag: str) -> None:
    words = app_words([tag])
    view = _advice(error, words)
    assert view.heading
    assert view.text.endswith(".")
    assert "what the machine says" not in view.text
    assert view.remedies
    assert all(label for _, label in view.remedies)


@pytest.mark.parametrize("slug", PROBLEM_SLUGS)
def test_every_problem_of_the_server_has_its_own_sentence(slug: str) -> None:
    assert not _advice(PROBLEM_SLUGS[slug]("title", slug=slug)).text.startswith(UNKNOWN)


def test_a_problem_of_a_newer_server_is_still_explained() -> None:
    assert _advice(ProblemError("new", slug="invented-later")).text.startswith(UNKNOWN)


def test_a_wait_is_told_in_what_people_count_in() -> None:
    def text(seconds: float) -> str:
        return _advice(RateLimitedError("slow down", slug="rate-limited", retry_after=seconds)).text

    assert "in 42 s" in text(41.2)
    assert "in 10 min" in text(600)
    assert "in 3 h" in text(3 * 3600)


def test_the_request_to_quote_is_shown() -> None:
    view = _advice(PROBLEM_SLUGS["internal"]("broken", slug="internal", instance="req_123"))
    assert view.detail == "If you ask for help, please mention req_123."


def test_a_wrong_key_leads_to_the_settings_and_a_refused_number_to_the_number() -> None:
    def first(slug: str) -> str:
        return _advice(PROBLEM_SLUGS[slug]("title", slug=slug)).remedies[0][0]

    assert [first("unauthorized"), first("forbidden")] == ["settings", "settings"]
    assert [first("country-not-allowed"), first("opted-out")] == ["number", "number"]
    assert first("internal") == "again"


def test_every_end_of_a_verification_is_told_apart() -> None:
    ends = {_advice(kind("ended")).kind for kind in NotVerifiedError.__subclasses__()}
    assert ends == {"failed", "expired", "cancelled"}
