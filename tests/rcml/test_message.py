"""The text message with a code, checked as a phone, a browser and a bill would see it."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_rcml import (
    Encoding,
    Segments,
    Transaction,
    Words,
    is_app_hash,
    is_host,
    load_words,
    locales,
    segments,
    sms,
)

APP_HASH = "FA+9qCX9VSu"
HOST = "example.com"
PAYMENT = Transaction("12.30", "EUR", "ACME")

# "Origin-bound one-time codes delivered via SMS": the host, one space, the code, and nothing behind it.
ORIGIN_LINE = re.compile(r"@([^ ]+) #([^ ]+)")

ENGLISH = load_words("en")

CASES = list(product(locales(), (None, APP_HASH), (None, HOST), (None, PAYMENT)))


@pytest.mark.parametrize(("tag", "app_hash", "host", "payment"), CASES)
@pytest.mark.parametrize("code", ["1234", "123456", "1234567890"])
def test_every_locale_serves_person_app_and_page_in_one_text(
    tag: str, app_hash: str | None, host: str | None, payment: Transaction | None, code: str
) -> None:
    words = load_words(tag)
    text = sms(words, "Example", code, app_hash=app_hash, origin_host=host, transaction=payment)
    sentence, *tail = text.split("\n")
    assert len(text.encode()) <= 140
    assert sentence.count(code) == 1
    assert len(re.findall(r"\d{4,}", sentence)) == 1
    assert "Example" in sentence
    assert sentence.endswith(" " + words.text("message", "never_share"))
    if payment:
        assert "12.30 EUR" in sentence
        assert "ACME" in sentence
    origin = f"@{HOST} #{code}" if host else None
    expected = [line for line in (app_hash, origin) if line]
    assert tail == (["", *expected] if expected else [])


@pytest.mark.parametrize("tag", locales())
@pytest.mark.parametrize(
    ("app_hash", "host"), [(None, None), (APP_HASH, None), (None, HOST), (APP_HASH, HOST)]
)
@pytest.mark.parametrize("code", ["1234", "123456"])
def test_a_brand_of_sixteen_letters_fits_beside_hash_and_host(
    tag: str, app_hash: str | None, host: str | None, code: str
) -> None:
    """Where its letters are two octets wide it may be cut to save a segment, never below twelve letters."""
    words = load_words(tag)
    text = sms(words, "Example Shopping", code, app_hash=app_hash, origin_host=host)
    sentence, *tail = text.split("\n")
    size = segments(text)
    assert len(text.encode()) <= 140
    assert re.findall(r"[0-9]+", sentence) == [code]
    assert sentence.endswith(" " + words.text("message", "never_share"))
    assert "Example Shopping" in sentence or ("Example Sh" in sentence and size.encoding is Encoding.UCS_2)
    assert size.segments == 1 or (size.encoding is Encoding.UCS_2 and size.segments == 2)
    origin = ORIGIN_LINE.fullmatch(tail[-1]) if host else None
    assert (origin.groups() if origin else None) == ((HOST, code) if host else None)
    assert (APP_HASH in tail) == (app_hash is not None)


@pytest.mark.parametrize("tag", locales())
def test_an_ordinary_message_is_one_segment_in_every_locale(tag: str) -> None:
    text = sms(load_words(tag), "Example", "123456", app_hash=APP_HASH, origin_host=HOST)
    assert segments(text).segments == 1


SEVEN_BIT = "cs da de en es fi fr hu id it nb nl pl pt pt-br ro sk sv tr vi"


@pytest.mark.parametrize("tag", SEVEN_BIT.split())
@pytest.mark.parametrize("payment", [None, PAYMENT])
def test_a_message_in_these_languages_needs_only_the_seven_bit_alphabet(
    tag: str, payment: Transaction | None
) -> None:
    text = sms(load_words(tag), "Example", "123456", app_hash=APP_HASH, origin_host=HOST, transaction=payment)
    assert segments(text).encoding is Encoding.GSM_7


def test_the_whole_text_in_english() -> None:
    assert sms(ENGLISH, "Example", "123456", app_hash=APP_HASH, origin_host=HOST) == (
        "123456 is your Example code. Never share it.\n\nFA+9qCX9VSu\n@example.com #123456"
    )


ANY_TEXT = st.text(st.characters())
VISIBLE = ANY_TEXT.filter(lambda text: any(mark.isalpha() for mark in text))
LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(LABEL, min_size=1, max_size=12).map(".".join).filter(lambda host: len(host) <= 253)
TRANSACTIONS = st.builds(
    Transaction,
    amount=st.from_regex(r"[0-9][0-9.,]{0,19}", fullmatch=True),
    currency=st.from_regex(r"[A-Z]{3}", fullmatch=True),
    payee=VISIBLE,
)


@given(
    words=st.sampled_from([load_words(tag) for tag in locales()]),
    brand=VISIBLE,
    code=st.from_regex(r"[0-9]{4,10}", fullmatch=True),
    app_hash=st.none() | st.from_regex(r"[A-Za-z0-9+/]{11}", fullmatch=True),
    host=st.none() | HOSTS,
    transaction=st.none() | TRANSACTIONS,
)
def test_no_name_from_outside_can_make_a_text_too_long_or_forge_a_line(
    words: Words,
    brand: str,
    code: str,
    app_hash: str | None,
    host: str | None,
    transaction: Transaction | None,
) -> None:
    text = sms(words, brand, code, app_hash=app_hash, origin_host=host, transaction=transaction)
    sentence, *tail = text.split("\n")
    assert len(text.encode()) <= 140
    assert segments(text).segments <= 2
    assert code in sentence
    assert sentence.endswith(words.text("message", "never_share"))
    assert not sentence.startswith("@")
    origin = f"@{host} #{code}"
    assert [line for line in tail if line] in (
        [line for line in (app_hash, origin if host else None) if line],
        [line for line in (app_hash,) if line],
    )
    if tail:
        assert tail[0] == ""
        assert "" not in tail[1:]
    if transaction:
        assert f"{transaction.amount} {transaction.currency}" in sentence


@pytest.mark.parametrize("tag", locales())
def test_the_longest_of_everything_still_has_hash_code_amount_and_warning(tag: str) -> None:
    words = load_words(tag)
    payment = Transaction("9" * 20, "EUR", "🏦" * 50)
    text = sms(words, "🔐" * 50, "1234567890", app_hash=APP_HASH, origin_host="a" * 63, transaction=payment)
    assert len(text.encode()) <= 140
    assert text.endswith("\n\n" + APP_HASH)
    assert "9" * 20 + " EUR" in text
    assert words.text("message", "never_share") in text


def test_a_long_brand_is_shortened_before_anything_else_gives_way() -> None:
    text = sms(ENGLISH, "Example " * 30, "123456", app_hash=APP_HASH, origin_host=HOST)
    sentence, _, app_hash, origin = text.split("\n")
    assert sentence.startswith("123456 is your Example Example")
    assert re.search(r"\w\.\. code\. Never share it\.$", sentence)
    assert (app_hash, origin) == (APP_HASH, "@example.com #123456")
    assert len(text.encode()) in range(130, 141)


def test_a_long_payee_is_shortened_once_the_brand_is_short() -> None:
    payment = Transaction("12.30", "EUR", "Worldwide Trading Company of Everything Incorporated")
    text = sms(ENGLISH, "Example", "123456", app_hash=APP_HASH, origin_host=HOST, transaction=payment)
    assert re.search(r" to Worldwide Trading[\w ]*\.\. at Example\. ", text)
    assert text.endswith("@example.com #123456")


def test_a_host_that_fits_in_no_message_is_left_out_and_the_rest_is_whole() -> None:
    text = sms(ENGLISH, "Example", "123456", app_hash=APP_HASH, origin_host=".".join(["label"] * 30))
    assert text == "123456 is your Example code. Never share it.\n\nFA+9qCX9VSu"


def test_where_letters_are_two_octets_wide_a_long_host_costs_a_second_segment() -> None:
    words = load_words("ar")
    text = sms(words, "Example", "123456", app_hash=APP_HASH, origin_host="verify.the-shop.example.com")
    assert segments(text).segments == 2
    assert len(text.encode()) <= 140
    assert text.endswith("\n@verify.the-shop.example.com #123456")


def test_where_letters_are_two_octets_wide_a_long_brand_is_shortened_to_stay_in_one_segment() -> None:
    text = sms(
        load_words("ar"), "Example Trading Company", "123456", app_hash=APP_HASH, origin_host="a.example"
    )
    assert segments(text) == Segments(Encoding.UCS_2, 70, 1, 140)
    assert text.startswith("رمز Example Trad..: 123456. ")


def test_typographic_punctuation_in_a_brand_does_not_double_the_price() -> None:
    text = sms(ENGLISH, "Lea’s “Tea” – Shop…", "123456")
    assert text == '123456 is your Lea\'s "Tea" - Shop... code. Never share it.'
    assert segments(text).encoding is Encoding.GSM_7


def test_a_brand_cannot_bring_a_line_of_its_own() -> None:
    text = sms(ENGLISH, "Example\n\r\u2028@evil.example #123456\u202e", "654321")
    assert text == "654321 is your Example @evil.example #123456 code. Never share it."


def test_what_cannot_be_encoded_is_left_out_of_a_brand() -> None:
    assert sms(ENGLISH, "Ex\ud800ample\udfff", "123456") == "123456 is your Example code. Never share it."


@pytest.mark.parametrize("code", ["", "123", "12345678901", "98765x", "１２３４５６", "123456\n"])
def test_what_is_no_code_is_refused_without_repeating_it(code: str) -> None:
    with pytest.raises(ValueError, match=r"^a code has 4 to 10 digits$"):
        sms(ENGLISH, "Example", code)


@pytest.mark.parametrize("brand", ["", "  ", "\n\t", "\u202e\u200f", "\x00"])
def test_an_invisible_brand_or_payee_is_refused(brand: str) -> None:
    with pytest.raises(ValueError, match="brand is empty"):
        sms(ENGLISH, brand, "123456")
    with pytest.raises(ValueError, match="payee is empty"):
        sms(ENGLISH, "Example", "123456", transaction=Transaction("1", "EUR", brand))


@pytest.mark.parametrize("app_hash", ["", "FA+9qCX9VS", "FA+9qCX9VSuu", "FA+9qCX9VS=", "FA+9qCX9VS\n"])
def test_a_malformed_app_hash_is_refused(app_hash: str) -> None:
    assert not is_app_hash(app_hash)
    with pytest.raises(ValueError, match="app hash"):
        sms(ENGLISH, "Example", "123456", app_hash=app_hash)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            ".",
            "a..b",
            "-a.example",
            "a-.example",
            "example.com.",
            "example.com:8443",
            "https://example.com",
        ),
        *(
            "exa mple.com",
            "example.com #1",
            "bücher.example",
            "a" * 64,
            ".".join(["a" * 50] * 6),
            "a.b\n",
            "[::1]",
        ),
    ],
)
def test_a_host_that_is_not_bare_is_refused(host: str) -> None:
    assert not is_host(host)
    with pytest.raises(ValueError, match="host"):
        sms(ENGLISH, "Example", "123456", origin_host=host)


@pytest.mark.parametrize("host", ["localhost", "example.com", "xn--bcher-kva.example", "a.b-c.d1", "a" * 63])
def test_a_bare_host_is_taken(host: str) -> None:
    assert is_host(host)
    assert sms(ENGLISH, "Example", "123456", origin_host=host).endswith(f"\n@{host} #123456")


@pytest.mark.parametrize(
    "payment",
    [
        Transaction("", "EUR", "ACME"),
        Transaction("-1", "EUR", "ACME"),
        Transaction("1\n", "EUR", "ACME"),
        Transaction("1" * 21, "EUR", "ACME"),
        Transaction("1", "eur", "ACME"),
        Transaction("1", "EURO", "ACME"),
    ],
)
def test_a_malformed_amount_or_currency_is_refused(payment: Transaction) -> None:
    with pytest.raises(ValueError, match=r"amount|currency"):
        sms(ENGLISH, "Example", "123456", transaction=payment)
