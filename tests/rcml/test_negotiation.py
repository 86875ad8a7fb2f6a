"""Which words a language tag finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof_rcml import load_words, locales, negotiate
from ringproof_rcml.language_tags import from_narrow_to_wide, lookup_order


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("zh", "zh-hans"),
        ("zh-CN", "zh-hans"),
        ("zh-SG", "zh-hans"),
        ("zh-Hans", "zh-hans"),
        ("zh-Hans-TW", "zh-hans"),
        ("zh-TW", "zh-hant"),
        ("zh-HK", "zh-hant"),
        ("zh-MO", "zh-hant"),
        ("zh-Hant", "zh-hant"),
        ("zh-Hant-CN", "zh-hant"),
        ("zh_TW", "zh-hant"),
        ("zh-x-hant", "zh-hans"),
        ("zh-cmn-Hant", "zh-hant"),
        ("cmn", "zh-hans"),
        ("cmn-Hant-TW", "zh-hant"),
        ("yue", "zh-hant"),
        ("yue-HK", "zh-hant"),
        ("pt", "pt"),
        ("pt-PT", "pt"),
        ("pt-MZ", "pt"),
        ("pt-BR", "pt-br"),
        ("no", "nb"),
        ("no-NO", "nb"),
        ("nn", "nb"),
        ("nb-SJ", "nb"),
        ("iw", "he"),
        ("iw-IL", "he"),
        ("he-IL", "he"),
        ("in", "id"),
        ("in-ID", "id"),
        ("mo", "ro"),
        ("ro-MD", "ro"),
        ("fa-AF", "fa"),
        ("prs", "fa"),
        ("es-419", "es"),
        ("ar-MA", "ar"),
        ("uk-UA", "uk"),
    ],
)
def test_script_region_and_older_codes_find_their_words(tag: str, found: str) -> None:
    locale = negotiate([tag])
    assert locale.tag == found
    assert locale.requested == tag.lower().replace("_", "-")


@pytest.mark.parametrize(
    "tag", ["sr", "sr-Latn-RS", "hr", "ca", "eu", "ur", "bn", "yi", "tlh", "und", "x-zh"]
)
def test_a_language_without_words_leaves_it_to_the_next_preference(tag: str) -> None:
    assert negotiate([tag, "it-CH"]).tag == "it"
    assert negotiate([tag], default="zh-TW").tag == "zh-hant"
    assert negotiate([tag]).tag == "en"


def test_a_preference_is_looked_for_in_every_way_before_the_next_one() -> None:
    """Otherwise an Israeli whose old browser says "iw, en" would read English."""
    assert negotiate(["iw", "en"]).tag == "he"
    assert negotiate(["zh-TW", "en"]).tag == "zh-hant"


@pytest.mark.parametrize("tag", locales())
def test_every_catalogue_is_found_under_its_own_name(tag: str) -> None:
    assert negotiate([tag]).tag == tag
    assert negotiate([tag.upper()]).tag == tag
    assert negotiate([f"{tag}-x-any"]).tag == tag


SUBTAGS = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
TAGS = st.builds(
    lambda language, rest: "-".join([language, *rest]),
    st.sampled_from(["zh", "yue", "cmn", "no", "iw", "in", "pt", "en", "tlh"])
    | st.from_regex(r"[a-z]{2,3}", fullmatch=True),
    st.lists(SUBTAGS | st.sampled_from(["hans", "hant", "tw", "hk", "br", "x"]), max_size=4),
).filter(lambda tag: len(tag) <= 35)


@given(TAGS)
def test_the_exact_names_come_before_all_others(tag: str) -> None:
    narrow = list(from_narrow_to_wide(tag))
    assert list(lookup_order(tag))[: len(narrow)] == narrow


@given(TAGS)
def test_chinese_finds_chinese_and_nothing_else_does(tag: str) -> None:
    chinese = tag.split("-", maxsplit=1)[0] in {"zh", "yue", "cmn"}
    assert negotiate([tag]).tag.startswith("zh-") == chinese


@given(st.lists(TAGS, max_size=5), st.sampled_from(locales()))
def test_the_words_are_those_of_a_preference_or_of_the_default(tags: list[str], default: str) -> None:
    found = negotiate(tags, default)
    assert load_words(found).tag == found.tag
    assert found.tag == default or any(found == negotiate([tag], default) for tag in tags)
