"""Phone numbers as people write them."""

from __future__ import annotations

from string import ascii_uppercase

import phonenumbers
import pytest

from reminderctl.channels.addresses import e164, region_mistakes
from reminderctl.errors import Rejected


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("+34 600 12 34 56", None, "+34600123456"),
        (" 0034-600-123-456 ", None, "+34600123456"),
        ("0034600123456", "ES", "+34600123456"),
        ("600 123 456", "ES", "+34600123456"),
        ("600123456", "es", "+34600123456"),
        ("34600123456", "ES", "+34600123456"),
        ("+44 20 7946 0018", "ES", "+442079460018"),
        ("(212) 456-7890", "US", "+12124567890"),
        ("011 15 2345-6789", "AR", "+5491123456789"),
        ("+52 1 55 1234 5678", None, "+525512345678"),  # as it was dialled until 2019
        ("1 55 1234 5678", "MX", "+525512345678"),
        ("+15005550006", None, "+15005550006"),  # Twilio's test number
        ("+10000000001", None, "+10000000001"),  # who writes the country may know more than our tables
        ("+34\u0666\u0660\u0660\u0661\u0662\u0663\u0664\u0665\u0666", None, "+34600123456"),
    ],
)
def test_a_number_as_people_write_it_becomes_e164(written: str, region: str | None, number: str) -> None:
    assert e164(written, region=region) == number


@pytest.mark.parametrize(
    ("written", "region", "why"),
    [
        ("600123456", None, "'600123456' has no country code"),
        ("600123456", "XX", "region 'XX' is none"),
        ("123456789", "ES", "does not exist in ES"),
        ("112", "ES", "does not exist in ES"),
        ("+34911", None, "does not exist"),
        ("+999123456789", None, "is not a valid phone number"),
        ("ana@example.com", "ES", "is not a valid phone number"),
        ("", None, "is not a valid phone number"),
        ("x" * 500, "ES", "is not a valid phone number"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(written: str, region: str | None, why: str) -> None:
    with pytest.raises(Rejected, match=r"write it like \+34600123456") as caught:
        e164(written, region=region)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_regions_of_settings_are_those_that_the_library_knows() -> None:
    pairs = {f"{first}{second}" for first in ascii_uppercase for second in ascii_uppercase}
    assert {pair for pair in pairs if not region_mistakes(pair)} == phonenumbers.SUPPORTED_REGIONS
    assert region_mistakes(None) == region_mistakes("es") == []
    assert region_mistakes("Spain") == ["region: 'Spain' is not a country; use its two letters, such as ES, MX or US"]
