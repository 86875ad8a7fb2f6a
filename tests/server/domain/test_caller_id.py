"""What a phone may show for a call, and what it may never pass for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber

from ringproof_server.domain.caller_id import (
    Match,
    compare,
    compare_last_digits,
    is_altered,
)
from tests.server.domain.valid_numbers import (
    REGIONS,
    e164,
    international_forms,
    national_forms,
    region_of,
    valid_numbers,
)

LEEDS = "+441134960123"
LONDON = "+442079460018"
WASHINGTON = "+12025550143"
PARIS = "+33139980012"
MILAN = "+390212345678"
BUENOS_AIRES = "+5491123456789"
SAO_PAULO = "+5511987654321"
MEXICO = "+525512345678"
SINGAPORE = "+6562234567"
BRITON, AMERICAN, GERMAN, ITALIAN = "+447700900123", "+14155550199", "+4915112345678", "+393123456789"
BRAZILIAN, ARGENTINE, MEXICAN, RUSSIAN = "+5511912345678", "+5491187654321", "+525587654321", "+79161234567"

MATCHES = [
    (LEEDS, BRITON, "+441134960123"),
    (LEEDS, BRITON, "441134960123"),
    (LEEDS, BRITON, "00441134960123"),
    (LEEDS, BRITON, "01134960123"),
    (LEEDS, BRITON, "1134960123"),
    (LEEDS, BRITON, "(0113) 496-0123"),
    (LEEDS, BRITON, "0113.496.0123"),
    (LEEDS, BRITON, "0113/4960123"),
    (LEEDS, BRITON, "+44 (0)113 496 0123"),
    (LEEDS, BRITON, "(+44) 113 496 0123"),
    (LEEDS, BRITON, "0044 (0)113 496 0123"),
    (LEEDS, BRITON, "\t+441134960123\n"),
    (LEEDS, BRITON, "\u202a+44\u00a0113\u2011496\u20110123\u202c"),
    (LEEDS, BRITON, "tel:+44-113-496-0123"),
    (LEEDS, BRITON, "TEL:%2B44-113-496-0123"),
    (LEEDS, BRITON, "tel:0113-496-0123;phone-context=+44"),
    (LEEDS, BRITON, "tel:1134960123;phone-context=pbx.example"),
    (LEEDS, BRITON, "sip:01134960123@pstn.example;user=phone"),
    (LEEDS, BRITON, "sips:+441134960123:pw@pstn.example"),
    (LEEDS, BRITON, "sip:+441134960123;phone-context=+44@pstn.example"),
    (LEEDS, BRITON, '"Anonymous" <sip:+441134960123@pstn.example>;tag=9'),
    (LEEDS, BRITON, "+441134960123@pstn.example"),
    (LEEDS, BRITON, "٠١١٣٤٩٦٠١٢٣"),
    (LEEDS, BRITON, "＋４４１１３４９６０１２３"),
    (LEEDS, BRITON, "०११३४९६०१२३"),
    (LEEDS, GERMAN, "00441134960123"),
    (LEEDS, GERMAN, "441134960123"),
    (LEEDS, GERMAN, "1134960123"),
    (LEEDS, GERMAN, "4401134960123"),
    (WASHINGTON, AMERICAN, "202-555-0143"),
    (WASHINGTON, AMERICAN, "1 (202) 555-0143"),
    (WASHINGTON, AMERICAN, "+1 202 555 0143"),
    (WASHINGTON, AMERICAN, "011 1 202 555 0143"),
    (WASHINGTON, AMERICAN, "0012025550143"),
    (WASHINGTON, BRITON, "12025550143"),
    (PARIS, "+33612345678", "01 39 98 00 12"),
    (PARIS, "+33612345678", "139980012"),
    (PARIS, "+33612345678", "0033 1 39 98 00 12"),
    (MILAN, ITALIAN, "0212345678"),
    (MILAN, ITALIAN, "+39 02 1234 5678"),
    (MILAN, ITALIAN, "390212345678"),
    (SAO_PAULO, BRAZILIAN, "(11) 98765-4321"),
    (SAO_PAULO, BRAZILIAN, "011 98765-4321"),
    (SAO_PAULO, BRAZILIAN, "0 21 11 98765 4321"),
    (SAO_PAULO, BRAZILIAN, "0 15 11 98765 4321"),
    (SAO_PAULO, BRAZILIAN, "0021 55 11 98765 4321"),
    (BUENOS_AIRES, ARGENTINE, "011 15-2345-6789"),
    (BUENOS_AIRES, ARGENTINE, "+54 9 11 2345 6789"),
    (BUENOS_AIRES, ARGENTINE, "+54 11 15 2345 6789"),
    (MEXICO, MEXICAN, "55 1234 5678"),
    (MEXICO, MEXICAN, "+52 55 1234 5678"),
    ("+74951234567", RUSSIAN, "8 (495) 123-45-67"),
    (LEEDS, RUSSIAN, "810 44 113 496 0123"),
    (SINGAPORE, AMERICAN, "+6562234567"),
    (SINGAPORE, AMERICAN, "0116562234567"),
]
MISMATCHES = [
    (LEEDS, BRITON, "+441134960124"),
    (LEEDS, BRITON, "01134960132"),
    (LEEDS, BRITON, "0123"),
    (LEEDS, BRITON, "4960123"),
    (LEEDS, BRITON, "134960123"),
    (LEEDS, BRITON, "+4960123"),
    (LEEDS, BRITON, "+1134960123"),
    (LEEDS, BRITON, "+11134960123"),
    (LEEDS, BRITON, "0011134960123"),
    (LEEDS, BRITON, "+4401134960124"),
    (LEEDS, BRITON, "+4411349601230"),
    (LEEDS, BRITON, "+44+441134960123"),
    (LEEDS, BRITON, "441134960123+"),
    (LEEDS, BRITON, "+441134960123/+441134960124"),
    (LEEDS, BRITON, "01134960124 01134960123"),
    (LEEDS, BRITON, "+441134960123 ext. 5"),
    (LEEDS, BRITON, "+441134960123#"),
    (LEEDS, BRITON, "*67 01134960123"),
    (LEEDS, BRITON, "+441134960123,01134960124"),
    (LEEDS, BRITON, "tel:+441134960123;ext=5"),
    (LEEDS, BRITON, "tel:+441134960123;isub=12"),
    (LEEDS, BRITON, "tel:1134960123;phone-context=+1"),
    (LEEDS, BRITON, "tel:0123;phone-context=+4411349"),
    (LEEDS, BRITON, "https://example.com/01134960123"),
    (LEEDS, BRITON, "1"),
    (LEEDS, BRITON, "-4"),
    (LEEDS, BRITON, "000"),
    (LEEDS, BRITON, "Aunt Mary"),
    (LEEDS, BRITON, "0113496012E"),
    (LEEDS, BRITON, "+" * 200),
    (LEEDS, BRITON, " " * 100 + "+441134960123" + " " * 20),
    (LEEDS, BRITON, "9" * 128),
    (WASHINGTON, AMERICAN, "5550143"),
    (WASHINGTON, AMERICAN, "+442025550143"),
    (WASHINGTON, AMERICAN, "011442025550143"),
    (MILAN, ITALIAN, "212345678"),
    (MILAN, ITALIAN, "+39212345678"),
    (SAO_PAULO, BRAZILIAN, "98765-4321"),
    (SAO_PAULO, BRAZILIAN, "0 99 98765-4321"),
    ("+3780549886377", "+37866661212", "886377"),
    ("+12423001234", "+12423591234", "3001234"),
    ("+441481212345", "+447781123456", "212345"),
]
# Refused although a network might have meant the number that called: it is another number as well.
ODD_ROWS = [
    pytest.param(
        SINGAPORE, AMERICAN, "6562234567", id="a Singapore number without plus is a number in Laredo"
    ),
    pytest.param(
        LONDON, AMERICAN, "2079460018", id="a London number without trunk zero is a number in Maine"
    ),
    pytest.param("+442033123456", GERMAN, "02033123456", id="020 3312 3456 is 0203 312 3456 in Duisburg"),
    pytest.param("+351912345678", "+34612345678", "912345678", id="a Portuguese mobile is a line in Madrid"),
    pytest.param(BUENOS_AIRES, ARGENTINE, "011 2345-6789", id="without 15 it is an Argentine landline"),
    pytest.param(BUENOS_AIRES, ARGENTINE, "+54 11 2345 6789", id="without 9 it is an Argentine landline"),
    pytest.param("+4313123456789", "+8613912345678", "013123456789", id="a Chinese mobile with trunk zero"),
    pytest.param("+497700900123", BRITON, "07700900123", id="a fictitious number of the callee's country"),
    pytest.param("+6621500334", "+66812345678", "006621500334", id="a Thai carrier's exit prefix is 006"),
    pytest.param(MEXICO, MEXICAN, "+52 1 55 1234 5678", id="the mobile 1 that Mexico gave up in 2019"),
    pytest.param(MEXICO, MEXICAN, "044 55 1234 5678", id="the mobile prefix that Mexico gave up in 2019"),
]
WITHHELD = [
    *(
        None,
        "",
        " ",
        "\t\n",
        "\u200e",
        "-",
        "+",
        "()",
        "???",
        "***",
        "<>",
        "-1",
        "-2",
        "-3",
        " -1 ",
        "−2",
        "- 3",
    ),
    *("anonymous", "Anonymous", "ANONYMOUS", "anonymous caller", "a n o n y m o u s", "Anonym"),
    *("unknown", "Unknown", "UNKNOWN CALLER", "unknown-number", "Caller unknown", "<unknown>", "(Unknown)"),
    *(
        "private",
        "Private Number",
        "PRIVATE CALLER",
        "restricted",
        "Restricted",
        "withheld",
        "Number withheld",
    ),
    *("No Caller ID", "no callerid", "No-Caller-ID", "No Number", "blocked", "Hidden", "unavailable"),
    *("Not available", "N/A", "out of area", "payphone", "Pay phone", "Coin line/payphone", "null", "None"),
    *("anonymous@anonymous.invalid", "sip:anonymous@anonymous.invalid", "sip:anonymous.invalid"),
    *('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', "sip:Unavailable@unknown.invalid"),
    *(
        "sip:restricted@10.0.0.1",
        "tel:anonymous",
        "Unbekannt",
        "UNTERDRÜCKT",
        "Private Nummer",
        "Numéro masqué",
    ),
    *("NUMERO MASQUE", "Appel privé", "Número oculto", "Desconocido", "Sconosciuto", "Numero privato"),
    *("Não identificado", "Privénummer", "Okänt nummer", "Skjult nummer", "Salattu numero", "Zastrzeżony"),
    *("Neznámé číslo", "Rejtett szám", "Număr privat", "Номер скрыт", "НЕИЗВЕСТНЫЙ", "Прихований номер"),
    *("Απόκρυψη", "Gizli numara", "GİZLİ NUMARA", "رقم خاص", "חסוי", "निजी नंबर", "หมายเลขส่วนตัว"),
    *(
        "Số riêng tư",
        "Nomor pribadi",
        "未知号码",
        "非通知設定",
        "公衆電話",
        "발신번호 표시제한",
        "ＵＮＫＮＯＷＮ",
    ),
]


def _vectors() -> list[tuple[str, str, str | None, str]]:
    """Verdicts that other implementations agree on, from a `shared` folder beside the checkout if there."""
    path = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "caller_ids.json"
    if not path.is_file():
        return []
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return [(case["sent"], case["callee"], case["reported"], case["verdict"]) for case in cases]


def test_verdicts_agree_with_the_shared_vectors() -> None:
    vectors = _vectors()
    if not vectors:
        pytest.skip("there is no shared/vectors/caller_ids.json beside this checkout")
    wrong = [case for case in vectors if compare(case[0], case[2], case[1]).value != case[3]]
    assert not wrong


@pytest.mark.parametrize(("sent", "callee", "reported"), MATCHES)
def test_forms_in_which_networks_and_phones_write_a_number_match(
    sent: str, callee: str, reported: str
) -> None:
    assert compare(sent, reported, callee) is Match.MATCH


@pytest.mark.parametrize(("sent", "callee", "reported"), MISMATCHES)
def test_other_numbers_parts_of_numbers_and_other_text_do_not_match(
    sent: str, callee: str, reported: str
) -> None:
    assert compare(sent, reported, callee) is Match.MISMATCH


@pytest.mark.parametrize(("sent", "callee", "reported"), ODD_ROWS)
def test_a_form_that_is_another_existing_number_to_the_callee_does_not_match(
    sent: str, callee: str, reported: str
) -> None:
    assert compare(sent, reported, callee) is Match.MISMATCH


@pytest.mark.parametrize("reported", WITHHELD)
def test_words_and_signs_for_a_number_that_was_not_shown_are_withheld(reported: str | None) -> None:
    assert compare(LEEDS, reported, BRITON) is Match.WITHHELD


@pytest.mark.parametrize("region", REGIONS)
def test_every_form_of_a_countrys_numbers_matches_within_the_country(region: str) -> None:
    @settings(deadline=None, max_examples=8)
    @given(sent=valid_numbers(regions=(region,)), callee=valid_numbers(regions=(region,)))
    def check(sent: PhoneNumber, callee: PhoneNumber) -> None:
        forms = international_forms(sent, region) | national_forms(sent)
        refused = {
            name: form
            for name, form in forms.items()
            if compare(e164(sent), form, e164(callee)) is not Match.MATCH
        }
        assert not refused

    check()


@settings(deadline=None, max_examples=300)
@given(sent=valid_numbers(), callee=valid_numbers())
def test_forms_with_a_country_code_match_across_any_border(sent: PhoneNumber, callee: PhoneNumber) -> None:
    forms = international_forms(sent, region_of(callee))
    refused = {
        name: form
        for name, form in forms.items()
        if compare(e164(sent), form, e164(callee)) is not Match.MATCH
    }
    assert not refused


@settings(deadline=None, max_examples=200)
@given(sent=valid_numbers(), callee=valid_numbers(regions=("AT", "DE", "FR", "GB", "SE")))
def test_a_foreign_number_that_lost_its_plus_matches_where_own_numbers_start_with_zero(
    sent: PhoneNumber, callee: PhoneNumber
) -> None:
    assert compare(e164(sent), e164(sent)[1:], e164(callee)) is Match.MATCH


@settings(deadline=None, max_examples=400)
@given(sent=valid_numbers(), callee=valid_numbers(), place=st.integers(0, 14), step=st.integers(1, 9))
def test_a_number_with_one_digit_changed_matches_in_no_form(
    sent: PhoneNumber, callee: PhoneNumber, place: int, step: int
) -> None:
    bare = phonenumbers.national_significant_number(sent)
    place %= len(bare)
    changed = bare[:place] + str((int(bare[place]) + step) % 10) + bare[place + 1 :]
    forms = international_forms(sent, region_of(callee)) | national_forms(sent)
    wrong = [form.replace(bare, changed) for form in forms.values() if bare in form]
    wrong += [changed, f"0{changed}", f"+{sent.country_code}{changed}"]
    assert all(compare(e164(sent), form, e164(callee)) is Match.MISMATCH for form in wrong)


@settings(deadline=None, max_examples=400)
@given(
    sent=valid_numbers(),
    callee=valid_numbers(),
    length=st.integers(2, 14),
    prefix=st.sampled_from(["", "0", "+"]),
)
def test_fewer_digits_than_the_national_number_never_match(
    sent: PhoneNumber, callee: PhoneNumber, length: int, prefix: str
) -> None:
    bare = phonenumbers.national_significant_number(sent)
    shorter = prefix + bare[-length:]
    assume(sum(map(str.isdecimal, shorter)) < len(bare))
    assert compare(e164(sent), shorter, e164(callee)) is Match.MISMATCH
    assert compare(e164(sent), bare[:length], e164(callee)) is Match.MISMATCH or length >= len(bare)


@settings(deadline=None, max_examples=400)
@given(sent=valid_numbers(), other=valid_numbers())
def test_a_number_of_the_callees_country_is_never_taken_for_a_foreign_caller(
    sent: PhoneNumber, other: PhoneNumber
) -> None:
    assume(sent.country_code != other.country_code)
    written = national_forms(other)["national"]
    assert compare(e164(sent), written, e164(other)) is Match.MISMATCH


@settings(deadline=None, max_examples=300)
@given(data=st.data(), region=st.sampled_from(REGIONS))
def test_one_report_matches_at_most_one_number_of_a_country_and_length(
    data: st.DataObject, region: str
) -> None:
    """The guess budget counts a report as one guess; a report that passed for two numbers would break it."""
    pool = data.draw(st.lists(valid_numbers(regions=(region,)), min_size=2, max_size=6, unique_by=e164))
    shown = data.draw(st.sampled_from(pool))
    callee = e164(data.draw(valid_numbers()))
    form = data.draw(
        st.sampled_from(list((international_forms(shown, region) | national_forms(shown)).values()))
    )
    hits = [e164(number) for number in pool if compare(e164(number), form, callee) is Match.MATCH]
    assert max(Counter(map(len, hits)).values(), default=0) <= 1


@settings(deadline=None, max_examples=500)
@given(
    sent=st.one_of(st.just(LEEDS), st.text(max_size=20)),
    reported=st.one_of(st.none(), st.text(max_size=140), st.text("+0123456789 ;:@<>=-%", max_size=40)),
    callee=st.one_of(st.just(BRITON), st.text(max_size=20)),
)
@example(LEEDS, "\ud800", BRITON)
@example("\ud800", "+441134960123", "\ud800")
@example(LEEDS, "tel:%FF%2B", BRITON)
@example("", "", "")
def test_any_text_gets_a_verdict(sent: str, reported: str | None, callee: str) -> None:
    assert isinstance(compare(sent, reported, callee), Match)
    assert isinstance(is_altered(sent, reported, callee), bool)
    assert isinstance(compare_last_digits(sent, reported or "", 4), bool)
