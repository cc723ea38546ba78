"""Instants as text in the recipient's language."""

from __future__ import annotations

import functools
import re
from datetime import date as Date  # noqa: N812 - `date` is what a template asks for
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from reminderctl.messages.date_patterns import WIDTHS

if TYPE_CHECKING:
    from babel import Locale

Languages = tuple[str, ...]

# BCP 47: a language of two or three letters, then parts of up to eight. Babel knows others too, such as `root` and `c`,
# whose dates nobody reads.
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:_[A-Za-z0-9]{1,8})*")

# CLDR joins "5:30" and "PM" by a narrow no-break space: one such character doubles the price of an SMS (UCS-2).
_ORDINARY_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " "})


class FormattedInstant(str):
    """A formatted instant that still knows the instant, so that a template can format it in another way."""

    __slots__ = ("at", "languages")
    at: datetime  # in the zone of the reader
    languages: Languages

    def __new__(cls, text: str, *, at: datetime, languages: Languages) -> Self:
        """Make the text of an instant, which keeps the instant."""
        moment = super().__new__(cls, text.translate(_ORDINARY_BLANKS))
        moment.at = at
        moment.languages = languages
        return moment


def date(at: datetime, languages: Languages, *, pattern: str = "full") -> FormattedInstant:
    """`lunes, 23 de noviembre de 2026`, or another width, or a CLDR pattern such as `d MMM`.

    Raises ValueError for a pattern that says nothing.
    """
    text = (
        _written_date(at.date(), pattern, languages=languages)
        if pattern in WIDTHS
        else _in_pattern(at, pattern, languages=languages)
    )
    return FormattedInstant(text, at=at, languages=languages)


def time(at: datetime, languages: Languages, *, pattern: str = "short") -> FormattedInstant:
    """`17:30`, or another width, or a CLDR pattern such as `HH:mm`; raises ValueError as `date` does."""
    if pattern in WIDTHS:
        text = _written_time(at, at.tzinfo, fold=at.fold, width=pattern, languages=languages)
    else:
        text = _in_pattern(at, pattern, languages=languages)
    return FormattedInstant(text, at=at, languages=languages)


def date_time(at: datetime, languages: Languages) -> FormattedInstant:
    """`lunes, 23 de noviembre de 2026, 17:30`: date and time joined as the language joins them."""
    joined = str(locale(languages).datetime_formats["medium"]).replace("'", "")
    text = joined.replace("{1}", date(at, languages)).replace("{0}", time(at, languages))
    return FormattedInstant(text, at=at, languages=languages)


# Many messages name the same few days and times, and Babel takes as long for one as all else that is rendered.


@functools.lru_cache(maxsize=1024)
def _written_date(day: Date, width: str, *, languages: Languages) -> str:
    from babel.dates import format_date

    return format_date(day, width, locale=locale(languages))


@functools.lru_cache(maxsize=1024)
def _written_time(at: datetime, zone: tzinfo | None, *, fold: int, width: str, languages: Languages) -> str:  # noqa: ARG001 - an instant equals itself in another zone, and the hour that a zone repeats
    from babel.dates import format_time

    return format_time(at, width, tzinfo=zone, locale=locale(languages))


def _in_pattern(at: datetime, pattern: str, *, languages: Languages) -> str:
    from babel.dates import format_datetime

    return format_datetime(at, pattern, tzinfo=at.tzinfo, locale=locale(languages))


def parse(text: str, reader_zone: ZoneInfo) -> datetime | None:
    """The instant that an ISO 8601 text names, in the reader's zone; None where it names none.

    Without an offset it is wall clock of that zone; a date alone is its midnight.
    """
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(reader_zone) if found.tzinfo else found.replace(tzinfo=reader_zone)
    except (ValueError, OverflowError):
        return None


@functools.lru_cache(maxsize=256)
def locale(languages: Languages) -> Locale:
    """The first of the languages that CLDR knows, itself or as its base (`es` of `es-XX`), else English."""
    from babel import Locale, UnknownLocaleError

    for language in languages:
        tag = language.strip().replace("-", "_")
        for candidate in (tag, tag.partition("_")[0]):
            if not _LANGUAGE_TAG.fullmatch(candidate):
                continue
            try:
                return Locale.parse(candidate)
            except (ValueError, UnknownLocaleError):
                continue
    return Locale("en")
