"""Random numbers that exist in their countries' plans, and the ways in which they are written."""

from __future__ import annotations

import re
from functools import cache

import phonenumbers
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP)
ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FULLWIDTH = str.maketrans("+0123456789", "＋０１２３４５６７８９")


def e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def region_of(number: PhoneNumber) -> str:
    """The main region of the number's country calling code."""
    assert number.country_code is not None
    return phonenumbers.region_code_for_country_code(number.country_code)


@cache
def _examples(region: str) -> list[PhoneNumber]:
    found = (phonenumbers.example_number_for_type(region, kind) for kind in TYPES)
    return [number for number in found if number is not None]


def _main_regions() -> list[str]:
    regions = {
        phonenumbers.region_code_for_country_code(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    }
    return sorted(region for region in regions if region != "001" and _examples(region))


REGIONS = _main_regions()
"""The main region of every country calling code that belongs to a country: more than two hundred."""


@st.composite
def valid_numbers(draw: st.DrawFn, regions: tuple[str, ...] = tuple(REGIONS)) -> PhoneNumber:
    """A number of one of the regions whose last four to six digits are random, if such a number exists."""
    model = draw(st.sampled_from(_examples(draw(st.sampled_from(regions)))))
    bare = phonenumbers.national_significant_number(model)
    tail = draw(st.text("0123456789", min_size=4, max_size=6))[: len(bare) - 1]
    number = phonenumbers.parse(f"+{model.country_code}{bare[: -len(tail)]}{tail}")
    return number if phonenumbers.number_type(number) != PhoneNumberType.UNKNOWN else model


def international_forms(number: PhoneNumber, callee_region: str) -> dict[str, str]:
    """Complete forms that name the country code, as phones in `callee_region` may show them."""
    full = e164(number)
    spaced = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    forms = {
        "E.164": full,
        "international": spaced,
        "dots": spaced.replace(" ", ".").replace("-", "."),
        "tel URI": phonenumbers.format_number(number, PhoneNumberFormat.RFC3966),
        "sip URI": f"sip:{full}@pstn.example;user=phone",
        "name and sip URI": f'"A caller" <sip:{full}@10.0.0.1:5060>;tag=1928301774',
        "Arabic-Indic": full.translate(ARABIC_INDIC),
        "fullwidth": spaced.translate(FULLWIDTH),
    }
    return forms | {f"exit {prefix}": prefix + full[1:] for prefix in _exit_prefixes(callee_region, full[1:])}


def _exit_prefixes(region: str, digits: str) -> list[str]:
    """What is dialled in `region` before a country code, and 00 where that means nothing else there."""
    plan = PhoneMetadata.metadata_for_region(region)
    assert plan is not None
    assert plan.international_prefix is not None
    local = re.sub(r"[^0-9]", "", plan.preferred_international_prefix or plan.international_prefix)
    candidates = {"00"} | ({local} if re.fullmatch(plan.international_prefix, local) else set())
    found = {prefix: re.match(plan.international_prefix, prefix + digits) for prefix in candidates}
    return sorted(prefix for prefix, match in found.items() if match is None or match.group() == prefix)


def national_forms(number: PhoneNumber) -> dict[str, str]:
    """Complete forms without an explicit country code, for a callee in the same country."""
    written = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    bare = phonenumbers.national_significant_number(number)
    return {
        "national": written,
        "national, digits": "".join(filter(str.isdecimal, written)),
        "national, dashes": written.replace(" ", "-"),
        "significant digits": bare,
        "no plus": e164(number)[1:],
        "national, Arabic-Indic": written.translate(ARABIC_INDIC),
        "significant, fullwidth": bare.translate(FULLWIDTH),
    }
