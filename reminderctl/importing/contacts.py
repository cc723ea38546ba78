"""Addresses as exports write them: what is clear is put right, of the rest a person hears.

What is stored is what was written, without what surrounds it: the channels put an address into its one form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import unquote

from reminderctl.channels.addresses import e164, parse_chat, parse_mailbox
from reminderctl.errors import Rejected
from reminderctl.importing.row_options import PhoneOptions
from reminderctl.text import remove_invisible, shorten, strip_invisible

_NOTHING = frozenset(
    {"-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "n/a", "#n/a", "none", "null", "nil", "nan", "\\n", "undefined"}
)
_AROUND = " \t\r\n;,"
_MAIL_SCHEME = re.compile(r"mailto:(?://)?", re.IGNORECASE)
_COMMENT = re.compile(r"([^\s()<>]+@[^\s()<>]+)\s*\([^()]*\)")  # ana@example.com (Ana)
_PHONE_SCHEME = re.compile(
    r"(?:tel|sms|smsto|callto|whatsapp|phone|mobile|mob|tel[eé]fono|m[oó]vil)\s*[.:]+/*", re.IGNORECASE
)
_WHATSAPP_LINK = re.compile(
    r"(?:https?://)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=)\+?(\d{6,15})\b.*", re.IGNORECASE
)
_CHAT_LINK = re.compile(r"(?:https?://)?(?:t|telegram)\.me/@?(\w+)/?", re.IGNORECASE)
_BESIDE_A_NUMBER = re.compile(r"(?<=\d)\s*(?:\(0\)|\([^()\d]*\)$)\s*")  # +34 (0) 600123456, 600123456 (mother)
_WHOLE_FLOAT = re.compile(r"(\+?\d+)[.,]0+")  # a number that some program took for one with a fraction
_LONGEST = 60  # characters of an address that are shown
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)


class Cleaned(NamedTuple):
    """A cell without what is no part of its value; `problem` says why nothing can be sent to it, if that is so."""

    text: str | None
    problem: str = ""


def is_nothing(text: str) -> bool:
    """Return True for what programs write into a cell that has no value: `-`, `n/a`, `NULL`."""
    return text.casefold() in _NOTHING


def clean_email(text: str) -> Cleaned:
    """Return the address of `mailto:ana@example.com`, `Ana <ana@example.com>;` and the like."""
    is_turned = re.search(r"\S[\u202d\u202e]\S", text)  # nobody knows which address is meant then
    written = (strip_invisible if is_turned else remove_invisible)(text).strip(_AROUND + "'\"")
    without_scheme = _MAIL_SCHEME.sub("", written, count=1)
    if without_scheme != written:
        written = unquote(without_scheme.split("?")[0])
    if comment := _COMMENT.fullmatch(written):
        written = comment[1]
    written = re.sub(r"\s*@\s*", "@", written.replace("\uff20", "@"))
    with suppress(ValueError):
        if written.endswith(">") or written.startswith("<"):
            written = parse_mailbox(written).address
    if written.count("@") == 1:
        written = written.strip(".:<>()[]")
    return _judge(written, parse_mailbox, right="one address such as ana@example.com")


def clean_phone(text: str, options: PhoneOptions) -> Cleaned:
    """Return the number of `tel:+34-600-123-456`, `'+34600123456` and the like.

    Where the region is a guess, a number must only be as long as those of the region are.
    """
    written = remove_invisible(text).strip(_AROUND + "'\"`")
    if link := _WHATSAPP_LINK.fullmatch(written):
        written = f"+{link[1]}"
    if scheme := _PHONE_SCHEME.match(written):
        written = re.split("[;?]", unquote(written[scheme.end() :]))[0].strip()
    if whole := _WHOLE_FLOAT.fullmatch(written):
        written = whole[1]
    if _ROUNDED.fullmatch(written):
        digits = _read_all_digits(written)
        if digits is None:
            return Cleaned(written, f"{written!r} was rounded by a spreadsheet; export that column as text")
        written = digits
    cleaned = _judge_phone(written, options)
    shorter = _BESIDE_A_NUMBER.sub("", written)
    if cleaned.problem and shorter != written and not (other := _judge_phone(shorter, options)).problem:
        return other
    return cleaned


def clean_chat(text: str) -> Cleaned:
    """Return the chat of `https://t.me/ana` and the like."""
    written = remove_invisible(text).strip(_AROUND + "'\"")
    if link := _CHAT_LINK.fullmatch(written):
        written = f"@{link[1]}"
    return _judge(written, parse_chat, right="the number of a chat, or @name of a channel")


def _judge(written: str, parse: Callable[[str], object], *, right: str) -> Cleaned:
    try:
        parse(written)
    except ValueError as error:
        return Cleaned(written, f"{shorten(written, _LONGEST)!r} {error}; write {right}")
    return Cleaned(written)


def _judge_phone(written: str, options: PhoneOptions) -> Cleaned:
    first, *others = [_find_phone_mistake(written, region, is_guess=options.is_guess) for region in options.regions]
    return Cleaned(written, first if first and all(others) else "")


def _read_all_digits(written: str) -> str | None:
    """Return the digits of `3.4600123456E+10`; None where there are fewer than the number has."""
    number = Decimal(written.replace(",", "."))
    return f"{number:f}" if number.as_tuple().exponent == 0 else None


def _find_phone_mistake(written: str, region: str | None, *, is_guess: bool) -> str:
    import phonenumbers

    with suppress(phonenumbers.NumberParseException):
        if is_guess and phonenumbers.is_possible_number(phonenumbers.parse(re.sub("^00", "+", written), region)):
            return ""
    try:
        e164(written, region=region)
    except Rejected as error:
        return str(error)
    return ""
