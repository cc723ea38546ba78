"""Phone numbers in the one form that providers take: E.164."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

from reminderctl.errors import Rejected
from reminderctl.text import shorten

__all__ = ["Region", "digits", "e164", "region_mistakes"]

Region = Annotated[
    str | None,
    Meta(description="The country of phone numbers that are written without a country code: ES, MX, US, ..."),
]

# Those that phonenumbers knows. They stand here because the settings are checked often, and seldom need the library.
_COUNTRIES = (
    "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA "
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR "
    "MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO "
    "RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT "
    "TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
_MEXICAN_MOBILE = re.compile(r"\+521(\d{10})")  # the 1 was dialled until 2019; it stands in many address books still
_LONGEST_QUOTE = 40  # characters of what is no phone number


def e164(raw: str, *, region: str | None) -> str:
    """A phone number as people write it, in the form `+34600123456`; `region` is the country of one that names none.

    Raises `Rejected` where it is no phone number, or would need a region to be one.
    """
    import phonenumbers

    # Most of the world dials 00 before a country code; with a region, phonenumbers knows what that country dials.
    written = raw.strip() if region else re.sub("^00", "+", raw.strip())
    try:
        number = phonenumbers.parse(written, region.upper() if region else None, keep_raw_input=True)
    except phonenumbers.NumberParseException as error:
        if error.error_type == error.INVALID_COUNTRY_CODE and not written.startswith("+"):
            what = f"{_quote(raw)} has no country code"
            hint = f"the channel's region {region!r} is none" if region else "set the channel's `region`"
            raise Rejected(f"the phone number {what}; write it like +34600123456, or {hint}") from None
        raise Rejected(f"{_quote(raw)} is no phone number; write it like +34600123456") from None
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if mexican := _MEXICAN_MOBILE.fullmatch(text):
        return f"+52{mexican[1]}"
    # Where people wrote the country, its numbering plan may be newer than ours: only the length is judged, the provider
    # knows the rest. Where we assumed the country, a number that it does not have is one from elsewhere.
    assumed = number.country_code_source == phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not possible or (assumed and not phonenumbers.is_valid_number(number)):
        place = f" in {region}" if assumed else ""
        raise Rejected(f"the phone number {_quote(raw)} does not exist{place}; write it like +34600123456")
    return text


def digits(number: str) -> str:
    """An E.164 number without its `+`, as several providers want it."""
    return number.removeprefix("+")


def region_mistakes(region: str | None) -> list[str]:
    """What is wrong with the `region` of a channel's settings."""
    if region is None or region.upper() in _COUNTRIES.split():
        return []
    return [f"region: {region!r} is no country; write its two letters, such as ES, MX or US"]


def _quote(raw: str) -> str:
    return repr(shorten(raw, _LONGEST_QUOTE))
