"""Spellings of an address in what providers and servers say of a message."""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORTEST_ADDRESS = 5  # characters; a shorter text may stand in an error by chance
_PHONE = re.compile(r"\+?[\d\s().\-/]{7,}")
_BETWEEN = r"(?:[\s().\-/\u00a0\u2009\u2010\u2011]|%20|&nbsp;){0,3}"  # the digits of a phone number
_COUNTRY_CODE = 3  # digits at most, which a provider may leave out or write as 0


def pattern_of(addresses: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds each of these addresses in a text, however it is spelled; None where there are none.

    A phone number with other signs between its digits, with or without `+` or `00`, or as its country dials it; any
    other address in capitals, escaped as in JSON, HTML or a URL, with its domain in ASCII.
    """
    patterns = [
        _pattern_of_phone(address) if _PHONE.fullmatch(address) else _pattern_of_text(spelled)
        for address in sorted(addresses, key=len, reverse=True)
        if len(address) >= SHORTEST_ADDRESS
        for spelled in _domains(address)
    ]
    return re.compile("|".join(dict.fromkeys(patterns)), re.IGNORECASE) if patterns else None


def _pattern_of_phone(address: str) -> str:
    digits = re.sub(r"\D", "", address).removeprefix("00")
    tail = digits[-max(7, len(digits) - _COUNTRY_CODE) :]
    return rf"(?<!\d)(?:\+|\()?(?:\d{_BETWEEN}){{0,6}}{_BETWEEN.join(tail)}(?!\d)"


def _pattern_of_text(text: str) -> str:
    return "".join(
        rf"(?:{re.escape(each)}|{''.join(f'%{byte:02x}' for byte in each.encode())}"
        rf"|\\u{ord(each):04x}|&\#0*{ord(each)};|&\#x0*{ord(each):x};)"
        for each in text
    )


def _domains(address: str) -> list[str]:
    """Return an address as it is, and with its domain in ASCII where that has other letters."""
    local, at, domain = address.rpartition("@")
    if not at or address.isascii():
        return [address]
    try:
        return [address, f"{local}@{domain.encode('idna').decode()}"]
    except UnicodeError:
        return [address]
