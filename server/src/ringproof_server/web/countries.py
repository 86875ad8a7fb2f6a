"""The countries of the number field: which regions there are and how their numbers begin."""

from __future__ import annotations

from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from ringproof_server.domain.numbering_plan import NO_REGION


@cache
def dialling_codes() -> tuple[tuple[str, str], ...]:
    """Pairs of ISO 3166 region and calling code without the plus, e.g. ("GB", "44").

    Where several regions share a code, the main one comes first (ITU-T E.164 as phonenumbers has it).
    """
    return tuple(
        (region, str(code))
        for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items())
        for region in regions
        if region not in NO_REGION
    )
