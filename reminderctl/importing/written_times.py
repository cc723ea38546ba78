"""Times as people and programs write them, where that can mean one instant only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache, lru_cache

from reminderctl.import_lock import IMPORTING

_NAMED_IN = ("en", "es", "de", "fr", "it", "pt", "nl", "ca", "pl")  # the languages whose months are known
_MONTH = r"(?P<month_name>[^\W\d_]{3,})\.?"
_DATES = (
    r"(?P<year>\d{4})(?P<_>[-/.])(?P<month>\d{1,2})(?P=_)(?P<day>\d{1,2})",
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})",  # with dots nobody writes the month first
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?[\s-]+(?:de\s+)?{_MONTH}[\s,-]+(?:del?\s+)?(?P<year>\d{{4}})",
    rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})",
)
_WEEKDAY = r"(?:[^\W\d_]{2,}\.?,?\s+)?"
_BEFORE_A_TIME = r"(?:\s*,\s*|\s+|T)(?:(?:at|a\s+las?|um|à|alle|às|om|o)\s+)?"
_TIME = (
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\.?|\s*(?P<hours>uhr|hrs?|h|horas?)\.?)?"
)
_OFFSET = r"\s*(?P<utc>Z|UTC|GMT)?(?P<offset>[+-]\d{2}(?::?\d{2})?)?(?:\s*\([^()]*\))?"
_SLASHES = re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}\b.*", re.DOTALL)
_SERIAL = re.compile(r"[2-7]\d{4}(?:[.,]\d+)?")
_BETWEEN = re.compile(
    r"\s*[\u2013\u2014\u2192~]\s*|\s+(?:-|to|until|till|a|al|à|bis|tot|do|até|hasta|fino\s+alle)\s+|/"
)
_HYPHEN = re.compile(r"(?P<start>.*\d{1,2}(?::\d{2})?)-(?P<end>\d{1,2}(?::\d{2})?)", re.DOTALL)
_SURELY_TWO = re.compile(
    r"(.*\d:\d{2}:\d{2})-(\d{1,2}:\d{2}:\d{2})|(.*\d\s*[ap]\.?m\.?)-(\d.*)|(.*\d)-(\d[\d:.]*\s*[ap]\.?m\.?)",
    re.DOTALL | re.IGNORECASE,
)
_LENGTH_OF_A_DATE = len("2026-11-23")
_LONGEST = 80  # characters of a time


def parse_time(text: str, date_format: str = "") -> datetime:
    """Return a time as it is written, with its offset if it has one; raises ValueError that says what is wrong.

    With a `date_format`, as `read_date_format` returns it, what is written so is read so.
    """
    if date_format and (time := _parse_formatted(text, date_format)):
        return time
    if time := _parse_iso(text) or _parse_spelled(text):
        return time
    if _is_date(text) or (date_format and _try_format(text, _cut_time(date_format))):
        raise ValueError(f"{text!r} has no time of day; write 2026-11-23T09:00")
    if _SLASHES.fullmatch(text) and date_format:
        raise ValueError(f"{text!r} is not a time in the form of --date-format")
    if _SLASHES.fullmatch(text):
        raise ValueError(f"{text!r} is not a time without --date-format: DD/MM/YYYY, MM/DD/YYYY or the like")
    if _SERIAL.fullmatch(text):
        problem = "is not a time, but the number by which a spreadsheet counts days; export that column as a date"
        raise ValueError(f"{text!r} {problem}")
    raise ValueError(f"{text!r} is not a time; write 2026-11-23T09:00 or 2026-11-23T08:00:00Z")


def parse_end(text: str, start: datetime, *, date_format: str = "") -> datetime:
    """Return the end of what starts then; a time of day alone is of that day, or of the next one."""
    clock = re.fullmatch(_TIME + _OFFSET, text, re.IGNORECASE)
    if clock is None or (
        clock["minute"] is None and clock["half"] is None and clock["hours"] is None and len(text) > 2
    ):
        return parse_time(text, date_format)
    end = _set_clock(start, clock)
    return end if end > start else end + timedelta(days=1)


# --- a start and an end in one text ---------------------------------------------------------------------------------


def split_range(text: str, date_format: str = "") -> tuple[str, str] | None:
    """Return the start and the end in a text that surely holds both: `2026-12-01 14:00 - 15:30`."""
    for between in _BETWEEN.finditer(text):
        start, end = text[: between.start()], text[between.end() :]
        if _is_time(start, date_format) and end[:1].isalnum():
            return _share_half(start, end), end
    if two := _SURELY_TWO.fullmatch(text):
        start, end = filter(None, two.groups())
        if _is_time(start, date_format):
            return _share_half(start, end), end
    start, end = split_hyphen(text) or ("", "")
    # Offsets lie between -12:00 and +14:00, and go by quarters of an hour.
    hours, _, minutes = end.partition(":")
    is_offset = bool(start) and (int(hours), int(minutes or 0)) <= (12, 0) and int(minutes or 0) % 15 == 0
    return (start, end) if start and not is_offset and _is_time(start, date_format) else None


def split_hyphen(text: str) -> tuple[str, str] | None:
    """Return the two parts of `2026-12-01 10:00-11:00`, which is a start and an end, or a start and its offset."""
    parts = _HYPHEN.fullmatch(text)
    return (parts["start"], parts["end"]) if parts and re.search(r"[T ]\d{1,2}(?::\d{2})?$", parts["start"]) else None


def _share_half(start: str, end: str) -> str:
    """Return a start with the `pm` that is written behind the end only: `2:00 - 3:30 PM`."""
    half = re.search(r"([ap])\.?\s?m\.?$", end, re.IGNORECASE)
    if half is None or re.search(r"[ap]\.?\s?m\.?$", start, re.IGNORECASE):
        return start
    first, last = (
        re.findall(r"(\d{1,2})(?:[:.]\d{2})?(?=\s*(?:[ap]\.?\s?m\.?)?$)", each, re.I) for each in (start, end)
    )
    is_other = bool(first and last) and int(first[0]) % 12 > int(last[0]) % 12
    return f"{start} {'am' if (half[1].lower() == 'p') is is_other else 'pm'}"


def _is_time(text: str, date_format: str) -> bool:
    try:
        parse_time(text, date_format)
    except ValueError:
        return False
    return True


# --- texts ----------------------------------------------------------------------------------------------------------


def _parse_iso(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if len(text) <= _LENGTH_OF_A_DATE else time


def _is_date(text: str) -> bool:
    return any(re.fullmatch(_WEEKDAY + date, text, re.IGNORECASE) for date in _DATES)


def _parse_spelled(text: str) -> datetime | None:
    for date in _DATES:
        pattern = _WEEKDAY + date + _BEFORE_A_TIME + _TIME + _OFFSET
        parts = re.fullmatch(pattern, text, re.IGNORECASE) if len(text) <= _LONGEST else None
        if parts and (parts["minute"] or parts["half"] or parts["hours"]):
            try:
                return _set_clock(_read_date(parts), parts)
            except (ValueError, OverflowError):
                continue
    return None


def _read_date(parts: re.Match[str]) -> datetime:
    found = parts.groupdict()
    month = int(found["month"]) if "month" in found else _months().get(found["month_name"].casefold(), 0)
    return datetime(int(found["year"]), month, int(found["day"]))  # noqa: DTZ001 - a wall clock


def _set_clock(day: datetime, parts: re.Match[str]) -> datetime:
    """Return the time of day in a match on a day, with the offset that it names; raises ValueError."""
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if parts["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{hour} is no hour before {parts['half']}m")
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    is_midnight = (hour, minute, second) == (24, 0, 0)
    time = day.replace(hour=0 if is_midnight else hour, minute=minute, second=second, microsecond=0)
    time += timedelta(days=is_midnight)
    if offset := parts["offset"]:
        sign = -1 if offset[0] == "-" else 1
        length = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:].strip(":") or 0))
        return time.replace(tzinfo=timezone(sign * length))
    return time.replace(tzinfo=UTC) if parts["utc"] else time


@cache
def _months() -> dict[str, int]:
    """Return the number of each month's name, whole or shortened; not of those that mean two months."""
    with IMPORTING:
        from babel.dates import get_month_names

    names: dict[str, set[int]] = {}
    for language in _NAMED_IN:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    names.setdefault(str(name).strip(".").casefold().removeprefix("de "), set()).add(int(number))
    return {name.removeprefix("d\u2019"): min(numbers) for name, numbers in names.items() if len(numbers) == 1}


# --- --date-format --------------------------------------------------------------------------------------------------

_TOKENS = re.compile(r"(?i)y+|m+|d+|h+|s+|tt|[ap]m|a|.", re.DOTALL)
_SAMPLE = datetime(2026, 12, 31, 22, 59, 58)  # noqa: DTZ001 - a wall clock
_TIME_DIRECTIVE = re.compile(r"[\s,T]*%-?[HIMSpf].*", re.DOTALL)


@lru_cache(maxsize=16)
def read_date_format(text: str) -> str:
    """Return the pattern for `strptime` of `DD/MM/YYYY HH:mm`, or of such a pattern itself; raises ValueError."""
    pattern = text.strip() if "%" in text else _translate(text.strip())
    try:
        # From Python 3.13 on, `strptime` warns of a day without a year.
        has_year = re.search("%[YyGcx]", pattern) is not None
        is_whole = has_year and datetime.strptime(_SAMPLE.strftime(pattern), pattern).date() == _SAMPLE.date()  # noqa: DTZ007
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError(f"{text!r} names no day, month and year; write DD/MM/YYYY, MM/DD/YYYY HH:mm or %d/%m/%Y")
    return pattern


def _translate(text: str) -> str:
    """Return the pattern of letters such as YYYY: M after an hour is minutes, h without am and pm counts to 24."""
    has_halves = re.search(r"(?i)tt|am|pm|\ba\b", text) is not None
    parts: list[str] = []
    for token in _TOKENS.findall(text):
        letter, length = token[:1].lower(), len(token)
        if letter == "m" and token.lower() != "pm":
            is_minute = any(part in ("%H", "%I") for part in parts) and "%M" not in parts
            parts.append("%M" if is_minute else "%B" if length > 3 else "%b" if length == 3 else "%m")
        elif letter in "yds":
            parts.append({"y": "%Y" if length > 2 else "%y", "d": "%d", "s": "%S"}[letter])
        elif letter == "h":
            parts.append("%I" if has_halves else "%H")
        else:
            parts.append("%p" if token.lower() in ("tt", "am", "pm", "a") else token)
    return "".join(parts)


def _parse_formatted(text: str, pattern: str) -> datetime | None:
    """Return the time of a text in a pattern; a pattern of a date alone may be followed by any time of day."""
    if _TIME_DIRECTIVE.search(pattern) and (time := _try_format(text, pattern)):
        return time
    date = _cut_time(pattern)
    for clock in re.finditer(_BEFORE_A_TIME + _TIME + _OFFSET + "$", text, re.IGNORECASE):
        if (day := _try_format(text[: clock.start()], date)) and (clock["minute"] or clock["half"] or clock["hours"]):
            return _set_clock(day, clock)
    return None


def _cut_time(pattern: str) -> str:
    return _TIME_DIRECTIVE.sub("", pattern)


def _try_format(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), pattern)  # noqa: DTZ007 - its zone is that of the row
    except ValueError:
        return None
