"""An address that a provider repeats is found however it spells it, and nothing else is."""

from __future__ import annotations

import re

import pytest

from reminderctl.ledger.spellings import pattern_of

PHONE = "+34600123456"
MAIL = "Ana.Luz+x@Example.com"


def without(text: str, *addresses: str) -> str:
    pattern = pattern_of(addresses)
    return pattern.sub("(erased)", text) if pattern else text


@pytest.mark.parametrize("address", [PHONE, "0034600123456", "+34 600 123 456", "600 12 34 56", "600123456"])
@pytest.mark.parametrize(
    "spelled",
    [
        "+34600123456",
        "34600123456",
        "0034600123456",
        "+34 600 12 34 56",
        "+34 (600) 123-456",
        "(+34) 600.123.456",
        "600123456",
        "600 12 34 56",
        "600\u00a0123\u00a0456",
        "+34-600-123-456",
        "+34 600%20123%20456",
    ],
)
def test_a_phone_number_is_found_however_it_is_spelled(address: str, spelled: str) -> None:
    said = without(f"The number {spelled} is not a mobile", address)
    assert re.fullmatch(r"The number [(+]{0,2}\(erased\) is not a mobile", said)


@pytest.mark.parametrize("address", ["+4917112345678", "017112345678", "+49 171 12345678"])
@pytest.mark.parametrize("spelled", ["+4917112345678", "017112345678", "0171 1234 5678", "0049 (171) 12345678"])
def test_a_number_with_a_zero_of_its_country_is_found(address: str, spelled: str) -> None:
    assert "12345678" not in without(f"to {spelled}", address).replace(" ", "")


@pytest.mark.parametrize(
    "text", ["+34600123457", "+346001234567", "code 21211", "2026-06-10 10:00", "message 98600123456789", "600 123"]
)
def test_other_numbers_stay(text: str) -> None:
    assert without(text, PHONE) == text


@pytest.mark.parametrize(
    "spelled",
    [
        MAIL,
        "ana.luz+x@example.com",
        "ANA.LUZ+X@EXAMPLE.COM",
        "ana.luz%2bx%40example.com",
        "ana.luz%2Bx%40example%2Ecom",
        "ana.luz&#43;x&#64;example.com",
        "ana.luz\\u002bx\\u0040example.com",
    ],
)
def test_a_mail_address_is_found_however_it_is_spelled(spelled: str) -> None:
    assert without(f"<{spelled}>: no such user", MAIL) == "<(erased)>: no such user"


def test_a_domain_is_found_in_ascii() -> None:
    assert without("user@xn--bcher-kva.example unknown", "user@bücher.example") == "(erased) unknown"


def test_short_addresses_are_left_in_words() -> None:
    assert without("a word", "word") == "a word"
    assert pattern_of([]) is None
