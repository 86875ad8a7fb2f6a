"""The person's own number as a suggestion: what the phone says of it is checked, and said once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ringproof.android import suggest_number

OWN = "+447400123456"


class Picker:
    """A dialog that answers what a test says, as often as it says."""

    def __init__(self, *answers: str | None) -> None:
        self._answers = answers

    def pick(self, done: Callable[[str | None], None]) -> None:
        for answer in self._answers:
            done(answer)


def suggested(*answers: str | None) -> list[str | None]:
    told: list[str | None] = []
    suggest_number(told.append, picker=Picker(*answers))
    return told


@pytest.mark.parametrize("answers", [(OWN, OWN), (OWN, None), (None, OWN), (None, "+4915112345678")])
def test_the_first_answer_counts_and_no_other(answers: tuple[str | None, ...]) -> None:
    """Whatever the phone does twice, the field is filled once."""
    assert suggested(*answers) == [answers[0]]


@pytest.mark.parametrize(
    "written", [OWN, "+44 7400 123456", "+44 (7400) 123-456", "+44.7400.123456", f" {OWN}\n"]
)
def test_an_international_number_is_suggested_in_e164(written: str) -> None:
    """In whatever way it is written."""
    assert suggested(written) == [OWN]


ODD = [
    "", "+", "07400 123456", "447400123456", "+0447400123456", "+44740", "+" + "4" * 16, "+44x",
    "+٤٤٧٤٠٠١٢٣٤٥٦", OWN + " " * 64, "a" * 1_000_000,
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_what_is_no_international_number_is_none(odd: str) -> None:
    """National numbers cannot be completed, and other apps may have written into the card."""
    assert suggested(odd) == [None]
