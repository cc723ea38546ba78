"""Text for people: counts, lengths of time, sizes, local times, any value; and text that is cut or made harmless."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

DEEPEST = 8  # levels of lists in lists that are still written out
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_UNITS = (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", timedelta(seconds=1)))

# Local times, as `local_time` writes them.
SORTABLE = "%Y-%m-%d %H:%M"
WEEKDAY = "%a %d %b %Y %H:%M"
WEEKDAY_OF_THIS_YEAR = "%a %d %b %H:%M"
WEEKDAY_SORTABLE = "%a %Y-%m-%d %H:%M"

# What makes a terminal do something, turns around what a reader sees, or cannot be printed at all. A text, which `re`
# compiles when it is first used: an idle run shows nothing.
HARMFUL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"


# Of Unicode's category Cf, or a variation selector: they take no place, and no address or status has any.
INVISIBLE = "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
_BLANKS = r"[^\S\r\n]"


# --- numbers, lengths of time, sizes ----------------------------------------------------------------------------------


def pluralize(count: int, noun: str) -> str:
    """Return `1 message`, `2 messages`, `1,200 deliveries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def rough_length(length: timedelta, *, day: str = "d", least: str = "s") -> str:
    """Return a length of time in the largest unit of which there are two, or in the least: 40 s, 12 min, 5 h, 3 d."""
    length = max(length, timedelta())
    unit, size = next((unit, size) for unit, size in _UNITS if length >= 2 * size or unit == least)
    return f"{length // size} {day if unit == 'd' else unit}"


def length_in_two_units(length: timedelta) -> str:
    """Return a length of time to the minute in its two largest units: 12 min, 5 h 0 min, 3 d 7 h."""
    minutes = round(length.total_seconds() / 60)
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def hours_and_minutes(minutes: int) -> str:
    """Return a number of minutes as `30 min`, `2 h` or `26 h 30 min`; an empty text for none."""
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def spelled_length(length: timedelta) -> str:
    """Return `90 minutes`, `23 hours`, `9 days 1 hour`; a day is 24 hours here, and named from the third on."""
    days, rest = divmod(length, DAY) if length >= 3 * DAY else (0, length)
    hours, rest = divmod(rest, HOUR) if length >= 2 * HOUR or length == HOUR else (0, rest)
    parts = ((days, "day"), (hours, "hour"), (rest // MINUTE, "minute"))
    return " ".join(pluralize(count, unit) for count, unit in parts if count) or "0 minutes"


def compact_length(length: timedelta) -> str:
    """Return a length of time as the YAML writes it, in the largest unit of which it is a multiple: 6h, 90m, 10s."""
    for unit, size in (("h", HOUR), ("m", MINUTE)):
        if length and not length % size:
            return f"{length // size}{unit}"
    return f"{length.total_seconds():g}s"


def describe_size(size: int) -> str:
    """Return a number of bytes as `120 kB`, `3.4 MB` or `82.0 GB`."""
    for unit, bytes_in_it in (("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_in_it:
            return f"{size / bytes_in_it:,.1f} {unit}"
    return f"{size // 1000} kB"


# --- times ------------------------------------------------------------------------------------------------------------


def local_time(instant: datetime, zone: tzinfo, *, form: str = SORTABLE) -> str:
    """Return an instant as the clocks of a zone show it, to the minute."""
    return f"{instant.astimezone(zone):{form}}"


# --- any value --------------------------------------------------------------------------------------------------------


def as_text(given: object, *, depth: int = 0) -> str:
    """Return any value as a person would write it: numbers plainly, lists with commas, nothing for nothing."""
    if isinstance(given, str):
        return given
    if isinstance(given, bool):
        return "true" if given else "false"
    if given is None or depth > DEEPEST:
        return ""
    if isinstance(given, float):
        return _plain_number(given)
    if isinstance(given, datetime):
        return given.isoformat(sep=" ", timespec="minutes")
    if isinstance(given, Mapping):
        pairs = ((as_text(key), as_text(part, depth=depth + 1)) for key, part in given.items())
        return ", ".join(f"{key}: {part}" for key, part in pairs if part)
    if isinstance(given, Iterable) and not isinstance(given, (bytes, type)):
        return ", ".join(filter(None, (as_text(part, depth=depth + 1) for part in given)))
    return str(given)


def _plain_number(number: float) -> str:
    if not math.isfinite(number):
        return ""
    return str(int(number)) if number.is_integer() else format(Decimal(repr(number)), "f")


# --- cut, and harmless ------------------------------------------------------------------------------------------------


def shorten(text: str, most: int, *, end: str = "...") -> str:
    """Return a text with its first so many characters, and three dots where there are more."""
    return text if len(text) <= most else f"{text[:most]}{end}"


def sanitize(text: str) -> str:
    """Return a text as a terminal may show it: whoever wrote what is in it, it moves no cursor and hides no line."""
    return re.sub(HARMFUL, "\N{REPLACEMENT CHARACTER}", text)


def sanitize_line(text: str) -> str:
    """Return the same without line ends and tabs, which would pass for further rows and columns."""
    return sanitize(text.replace("\r\n", "\n")).replace("\n", " ").replace("\t", " ")


def remove_invisible(text: str) -> str:
    """Return a text without characters that nobody sees, every blank of Unicode in it as the common one."""
    return text if text.isascii() else re.sub(_BLANKS, " ", re.sub(INVISIBLE, "", text)).strip()


def strip_invisible(text: str) -> str:
    """Return a text without blanks, and without characters that nobody sees, at its beginning and its end."""
    return text.strip() if text.isascii() else re.sub(rf"^(?:\s|{INVISIBLE})+|(?:\s|{INVISIBLE})+$", "", text)


def printable(text: str) -> str:
    """Return a text with a blank for every character that cannot be seen."""
    return "".join(character if character.isprintable() else " " for character in text)
