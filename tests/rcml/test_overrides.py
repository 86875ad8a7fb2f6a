"""An operator's own wording, and what it may not do."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_rcml import OverrideError, Words, load_words, locales, sms, with_overrides
from ringproof_rcml.overrides import LONGEST

ENGLISH = load_words("en")
SMS = "message.code"


def changed(name: str, text: str) -> Words:
    return with_overrides(ENGLISH, {name: text})


def test_a_sentence_is_replaced_and_all_others_stay() -> None:
    words = changed("page.intro", "We will give you a short ring.")
    assert words.text("page", "intro") == "We will give you a short ring."
    assert words.text("page", "heading") == ENGLISH.text("page", "heading")
    assert (words.tag, words.name, words.direction) == ("en", "English", "ltr")
    assert ENGLISH.text("page", "intro").startswith("We ring your phone")


def test_a_message_in_other_words_keeps_warning_hash_and_host() -> None:
    words = changed(SMS, "Welcome! {brand} code: {code}.")
    text = sms(words, "Example", "123456", app_hash="FA+9qCX9VSu", origin_host="example.com")
    assert text == ("Welcome! Example code: 123456. Never share it.\n\nFA+9qCX9VSu\n@example.com #123456")


@pytest.mark.parametrize("tag", locales())
def test_our_own_words_are_allowed_in_every_locale(tag: str) -> None:
    words = load_words(tag)
    own = {name: words.section(name.split(".")[0])[name.split(".")[1]] for name in LONGEST}
    assert with_overrides(words, own) == words


@pytest.mark.parametrize(
    "name",
    [
        *("message.never_share", "voice.never_share", "page.code_never_share"),
        *("message.transaction", "voice.spoken_code", "voice.spoken_again", "page.consent"),
        *("message", "code", "", "page.", "nothing.at_all", "locale.name"),
    ],
)
def test_what_keeps_people_safe_cannot_be_changed(name: str) -> None:
    with pytest.raises(OverrideError, match=r"cannot be changed; there are message\.code, "):
        changed(name, "Share it with your friends.")


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        (SMS, "Your code is on its way.", "each of these once: {brand} {code}"),
        (SMS, "{code} {code} {brand} code", "each of these once"),
        (SMS, "{code} is your {brand} code, {payee}", "each of these once"),
        (SMS, "{code} is your {Brand} code", "each of these once"),
        (SMS, "{code} is your {brand} code {0}", "braces around its placeholders only"),
        (SMS, "{code} is your {brand} code }", "braces around its placeholders only"),
        (SMS, "{code} {brand}!", "has words"),
        (SMS, "{brand} code: {code}", "does not begin with the brand"),
        (SMS, "{code} is your {brand} code. Ref 4711", "taken for a code"),
        (SMS, "{code} is your {brand} code. Ref ٤٧١١", "taken for a code"),
        (SMS, "{code} is your {brand} code, room 7", "taken for a code"),
        (SMS, "{code} is your {brand} code, see https://a.example", "no web address"),
        (SMS, "{code} is your {brand} code, see a.example", "no web address"),
        (SMS, "{code} is your code at {brand}.com", "no web address"),
        (SMS, "{code} is your {brand} code, see WWW", "no web address"),
        (SMS, "{code} is your {brand} code, ask help@a", "no web address"),
        (SMS, "{code} is your {brand} code\n@evil #1", "one line"),
        (SMS, "{code} is your  {brand} code", "one line"),
        (SMS, " {code} is your {brand} code", "one line"),
        (SMS, "{code} is your {brand} code\u202e", "one line"),
        (SMS, "{code} is your {brand} co\u00adde", "one line"),
        (SMS, "{code} is your {brand} code\u2028", "one line"),
        (SMS, "", "1 to 80 characters"),
        (SMS, "{code} is your {brand} code" + " please" * 10, "1 to 80 characters"),
        (SMS, "{code} {brand} " + "й" * 50, "leaves no room"),
        ("voice.confirming", "Press 1 to go on.", "taken for a code"),
        ("voice.confirming", "Thank you {brand}.", "each of these once: no placeholder"),
        ("voice.press_to_hear", "This is {brand}, press {digit} or 2.", "taken for a code"),
        ("page.intro", "Your code is 1234.", "taken for a code"),
        ("page.intro", "Your code is 12 34.", "taken for a code"),
        ("page.intro", "Your code is 1-2-3-4.", "taken for a code"),
        ("page.heading", "…", "has words"),
    ],
)
def test_what_could_mislead_people_or_break_a_message_is_refused(name: str, text: str, rule: str) -> None:
    with pytest.raises(OverrideError, match=re.escape(rule)) as refusal:
        changed(name, text)
    assert name in str(refusal.value)
    assert not text or text not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.intro", "We ring for 15 seconds. You pay nothing, e.g. no roaming."),
        ("voice.confirming", "All is well; hang up, please."),
        ("page.verified_text", "Hello {number}!"),
        (SMS, "Use {code} for {brand}"),
    ],
)
def test_plain_sentences_are_allowed(name: str, text: str) -> None:
    section, _, key = name.partition(".")
    assert changed(name, text).section(section)[key] == text


def test_nothing_to_change_changes_nothing() -> None:
    assert with_overrides(ENGLISH, {}) == ENGLISH


WORD = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Po"]), min_size=1, max_size=12)


@given(st.sampled_from(locales()), st.lists(WORD, max_size=5).map(" ".join))
def test_whatever_is_allowed_still_fits_and_warns(tag: str, extra: str) -> None:
    """Bytes, one code, the warning, hash and host: also for words nobody has thought of."""
    words = load_words(tag)
    try:
        own = with_overrides(words, {SMS: f"{{code}} for {{brand}} {extra}".strip()})
    except OverrideError:
        return
    text = sms(own, "B" * 12, "123456", app_hash="FA+9qCX9VSu", origin_host="example.com")
    sentence, *tail = text.split("\n")
    assert len(text.encode()) <= 140
    assert re.findall(r"\d+", sentence) == ["123456"]
    assert "B" * 12 in sentence
    assert sentence.endswith(" " + words.text("message", "never_share"))
    assert tail == ["", "FA+9qCX9VSu", "@example.com #123456"]
