"""One closed list of problems, the same for the server, HTTP, the SDK and the words that people read."""

from __future__ import annotations

import re

from ringproof.errors import PROBLEM_SLUGS, ProblemError
from ringproof_rcml import load_words, locales
from ringproof_server.domain.errors import CLIENT_ERRORS, RingproofError
from ringproof_server.http import PROBLEM_STATUS
from ringproof_server.web.problem_notes import PROBLEM_NOTES
from tests.architecture.sources import ROOT

SLUGS = {error.slug for error in CLIENT_ERRORS}


def test_no_two_errors_share_a_slug_or_a_title() -> None:
    assert len(SLUGS) == len(CLIENT_ERRORS) == len({error.title for error in CLIENT_ERRORS})


def test_every_error_class_that_names_a_slug_is_in_the_list() -> None:
    assert {kind.slug for kind in _below(RingproofError)} == SLUGS


def test_http_has_a_status_for_every_problem_and_for_no_other() -> None:
    assert set(PROBLEM_STATUS) == SLUGS
    assert all(400 <= status <= 599 for status in PROBLEM_STATUS.values())


def test_the_sdk_has_a_class_of_its_own_for_every_problem_and_for_no_other() -> None:
    assert set(PROBLEM_SLUGS) == SLUGS
    assert len(set(PROBLEM_SLUGS.values())) == len(SLUGS)
    assert all(issubclass(kind, ProblemError) for kind in PROBLEM_SLUGS.values())


def test_the_classes_of_server_and_sdk_have_the_same_names() -> None:
    for error in CLIENT_ERRORS:
        assert PROBLEM_SLUGS[error.slug].__name__ == f"{error.__name__}Error"


def test_the_page_of_every_problem_says_why_and_what_to_do() -> None:
    assert set(PROBLEM_NOTES) == SLUGS


def test_every_language_has_a_title_and_a_sentence_for_every_problem() -> None:
    for tag in locales():
        words = load_words(tag)
        assert not SLUGS - set(words.section("problem")), tag
        assert set(words.section("problem_title")) == SLUGS, tag


def test_the_page_script_lists_the_same_problems() -> None:
    text = (ROOT / "server/src/ringproof_server/web/static/ringproof/problem.js").read_text()
    listed = re.search(r"export const PROBLEMS = .*?\[(.*?)\]", text, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r'"([a-z-]+)"', listed[1])) == SLUGS


def _below(kind: type[RingproofError]) -> set[type[RingproofError]]:
    """The subclasses that a slug of their own makes a problem of their own."""
    found = {kind} if "slug" in vars(kind) else set()
    for child in kind.__subclasses__():
        found |= _below(child)
    return found
