"""Reading the code of a text message: ours in every language, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof.android._message_text import LONGEST_MESSAGE, app_hash, code_in
from ringproof_rcml.message import Transaction, sms
from ringproof_rcml.words import load_words, locales
from tests.support import leaks

MARK = "FA+9qCX9VSu"
CODE = "604127"
HOST = "shop.example"
PAYMENT = Transaction("1234.56", "EUR", "Example Payee")

leaks.secrets([CODE], "code")


@pytest.mark.parametrize("tag", locales())
@pytest.mark.parametrize("payment", [None, PAYMENT], ids=["code", "payment"])
@pytest.mark.parametrize("host", [None, HOST], ids=["no host", "host"])
def test_the_code_of_every_text_we_send_is_read(
    tag: str, payment: Transaction | None, host: str | None
) -> None:
    """In each language, for codes and payments, with and without the line for web pages, of each length."""
    for code in ("6041", CODE, "6041270918"):
        text = sms(load_words(tag), "Example", code, app_hash=MARK, origin_host=host, transaction=payment)
        assert code_in(text, app_hash=MARK, length=len(code)) == code
        assert code_in(text, app_hash=MARK) == code


@pytest.mark.parametrize("tag", locales())
def test_without_a_mark_the_person_must_have_chosen_the_message(tag: str) -> None:
    """A message that names no app counts as ours only after the person's own yes."""
    text = sms(load_words(tag), "Example", CODE)
    assert code_in(text, app_hash=None, length=6, chosen=True) == CODE
    assert code_in(text, app_hash=None, length=6) is None
    assert code_in(text, app_hash=MARK, length=6) is None


@pytest.mark.parametrize("chosen", [False, True])
def test_a_message_for_another_app_is_never_read(chosen: bool) -> None:
    """Its mark says whose it is, and no yes of the person makes it ours."""
    text = sms(load_words("en"), "Example", CODE, app_hash="AAAAAAAAAAA")
    assert code_in(text, app_hash=MARK, length=6, chosen=chosen) is None
    assert code_in(text, app_hash=None, length=6, chosen=chosen) is None


def test_a_message_for_another_host_is_never_read() -> None:
    """An app that knows its host refuses messages for other pages, and takes those for its own."""
    text = sms(load_words("en"), "Example", CODE, origin_host="other.example")
    assert code_in(text, app_hash=None, length=6, chosen=True, origin_host=HOST) is None
    assert code_in(text, app_hash=None, length=6, origin_host="OTHER.example") == CODE


def test_the_line_for_web_pages_and_the_sentence_must_agree() -> None:
    """Two different codes in one message leave a doubt."""
    text = f"604128 is your Example code.\n\n{MARK}\n@{HOST} #{CODE}"
    assert code_in(text, app_hash=MARK, length=6) is None


def test_the_line_for_web_pages_decides_between_two_numbers() -> None:
    """A payee whose name is a number is not taken for the code."""
    payment = Transaction("5", "EUR", "Shop 777777")
    text = sms(load_words("en"), "Example", CODE, app_hash=MARK, origin_host=HOST, transaction=payment)
    assert code_in(text, app_hash=MARK, length=6) == CODE


@pytest.mark.parametrize(
    "text",
    [
        f"604127 is your 888888 code.\n\n{MARK}",
        f"Pay 604127 EUR to Example.\n\n{MARK}",
        f"Call +4420604127 now.\n\n{MARK}",
        f"See example.com/604127 now.\n\n{MARK}",
        f"At 2026:11 on 11.2026 or 1,604127 times.\n\n{MARK}",
        f"x604127 and 604127x and 604127@example.\n\n{MARK}",
        f"Seven digits: 6041270.\n\n{MARK}",
        f"٦٠٤١٢٧ is your code.\n\n{MARK}",
        f"Your code: {MARK}",
        MARK,
        "",
        "\n \n",
        f"604127 is your code. {MARK} {'x' * LONGEST_MESSAGE}",
    ],
)
def test_a_doubtful_message_is_not_read(text: str) -> None:
    """Two candidates, amounts, phone numbers, addresses, dates, other lengths or digits, too long: none."""
    assert code_in(text, app_hash=MARK, length=6) is None


def test_the_mark_may_stand_behind_the_text() -> None:
    """Operators who write their own texts put it at the end of the only line."""
    assert code_in(f"604127 is your code. {MARK}", app_hash=MARK, length=6) == CODE


@given(st.text(), st.sampled_from([MARK, None]), st.booleans())
def test_any_text_is_survived_and_only_digits_come_out(text: str, mark: str | None, chosen: bool) -> None:
    """Whatever a message holds, the answer is 4 to 10 ASCII digits that stand in it, or None."""
    code = code_in(text, app_hash=mark, chosen=chosen)
    assert code is None or (code.isascii() and code.isdigit() and 4 <= len(code) <= 10 and code in text)


@given(st.text(max_size=60), st.from_regex(r"[0-9]{6}", fullmatch=True), st.text(max_size=60))
def test_a_code_of_ours_is_never_read_from_the_wrong_place(before: str, code: str, after: str) -> None:
    """With a mark that is not ours nothing is read, however the message is written."""
    assert code_in(f"{before}{code}{after}\nAAAAAAAAAAA", app_hash=MARK, length=6) is None


def test_the_hash_is_computed_as_google_describes_it() -> None:
    """Name, blank, certificate in hexadecimal digits; SHA-256; nine bytes; base64; eleven characters."""
    # printf '%s %s' org.example.app 0001…ff | openssl dgst -sha256 -binary | head -c 9 | openssl base64
    assert app_hash("org.example.app", bytes(range(256))) == "KVjPWAPR+7d"
