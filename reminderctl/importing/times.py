"""The times of one row: when a booking starts, when it ends or how long it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Any

from reminderctl.importing.columns import Text
from reminderctl.importing.values import Collector, read_text
from reminderctl.importing.written_times import parse_end, parse_time, split_hyphen, split_range
from reminderctl.text import remove_invisible

LONGEST_MINUTES = 60 * 24 * 3660
_ANY_DAY = datetime(2026, 11, 23)  # noqa: DTZ001 - a wall clock
_HOURS = re.compile(r"(\d{1,3}):(\d{2})(?::\d{2})?")  # 1:30, 01:30:00
_ISO_LENGTH = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")
_WORDS = re.compile(
    r"(?:(\d+(?:[.,]\d+)?)\s*(?:hours?|hrs?|h|horas?|heures?|stunden?|std\.?|ore|ora)\s*)?(?:(\d+)\s*(?:minut\w*|mins?\.?|m|')?)?"
)


def read_times(
    values: Mapping[str, Any], zone: tzinfo | None, *, date_format: str, collected: Collector
) -> tuple[datetime | None, datetime | None]:
    """Return start and end in UTC; None for one that cannot be read, with a problem in `collected`.

    A time without an offset is wall clock of the zone. A start may hold its end, too.
    """
    start, end = (_read_cell(values, column, collected=collected) for column in ("starts_at", "ends_at"))
    if not start:
        collected.problems.append("no starts_at")
        return None, None
    both = _split(start, end, values=values, zone=zone, date_format=date_format, collected=collected)
    if both:
        collected.warnings.append(f"starts_at {start!r} was read as a start and an end")
        start, end = both[0], both[1] if end in ("", start) else end
    started = _read_start(start, date_format=date_format, collected=collected)
    if started is None:
        if end:
            _read_end(end, _ANY_DAY, date_format=date_format, collected=collected)
        return None, None
    starts_at = _find_instant("starts_at", started, zone=zone, collected=collected)
    if not end:
        minutes = read_text(values, "duration", problems=collected.problems)
        return starts_at, _add_minutes(starts_at, minutes, problems=collected.problems)
    ended = _read_end(end, started, date_format=date_format, collected=collected)
    ends_at = _find_instant("ends_at", ended, zone=zone, collected=collected) if ended else None
    if starts_at and ended and ends_at and ends_at < starts_at:
        return starts_at, _move_end_behind_gap(started, ended, starts_at=starts_at, collected=collected)
    return starts_at, ends_at


def is_wall_clock(values: Mapping[str, Any], *, date_format: str) -> bool:
    """Return True if the start or the end of a row has no offset, so that its zone decides when that is."""
    for column in ("starts_at", "ends_at"):
        text = remove_invisible(str(values.get(column) or "")).strip()
        try:
            if text and parse_time(text, date_format).tzinfo is None:
                return True
        except ValueError:
            return True
    return False


def _read_cell(values: Mapping[str, Any], column: str, *, collected: Collector) -> str:
    text = read_text(values, column, problems=collected.problems)
    return remove_invisible(text) if isinstance(text, str) else ""


def _split(
    start: str, end: str, *, values: Mapping[str, Any], zone: tzinfo | None, date_format: str, collected: Collector
) -> tuple[str, str] | None:
    """Return start and end where the cell of the start holds both; a problem is added where nobody can know.

    `2026-12-01 10:00-11:00` may be 10:00 with the offset of Samoa. It is what the rest of the row says: its end, its
    duration, its zone.
    """
    if both := split_range(start, date_format):
        return both
    parts = split_hyphen(start)
    if parts is None or "T" in start or not start.isascii():
        return None
    written, clock = parse_time(start, date_format), parse_time(parts[0], date_format)
    last = parse_end(parts[1], clock)
    if zone and clock.replace(tzinfo=zone).utcoffset() == written.utcoffset():
        return None
    if end == start or _ends_then(values, end, clock=clock, last=last, date_format=date_format):
        return parts
    if last.date() == clock.date() and (not end or not end.endswith(f"-{parts[1]}")):
        problem = f"may be a start and an end, or a start with the offset -{parts[1]}"
        collected.problems.append(f"starts_at {start!r} {problem}; write the end into ends_at")
    return None


def _ends_then(values: Mapping[str, Any], end: str, *, clock: datetime, last: datetime, date_format: str) -> bool:
    """Return True if the end or the duration of a row says that it ends at this wall clock."""
    if end:
        try:
            return parse_end(end, clock, date_format=date_format).replace(tzinfo=None) == last
        except ValueError:
            return False
    minutes = _read_minutes(str(values.get("duration") or ""))
    return minutes is not None and clock + timedelta(minutes=minutes) == last


def _read_start(text: str, *, date_format: str, collected: Collector) -> datetime | None:
    try:
        return _parse_cached(text, date_format)
    except ValueError as error:
        collected.problems.append(f"starts_at {error}")
        return None


def _read_end(text: str, start: datetime, *, date_format: str, collected: Collector) -> datetime | None:
    try:
        return parse_end(text, start, date_format=date_format)
    except (ValueError, OverflowError) as error:
        collected.problems.append(f"ends_at {error}")
        return None


_parse_cached = lru_cache(maxsize=4096)(parse_time)  # many bookings start at the same times


def _find_instant(column: str, written: datetime, *, zone: tzinfo | None, collected: Collector) -> datetime | None:
    """Return the instant of a time, with a warning where the clocks skip or repeat it."""
    try:
        if written.tzinfo is not None:
            return written.astimezone(UTC)
        wall = written.replace(tzinfo=zone or UTC)
        instant = wall.astimezone(UTC)
    except OverflowError:
        collected.problems.append(f"{column} {written.isoformat()!r} is not a time; there is no such year")
        return None
    first, second = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    if zone is not None and first != second and first is not None and second is not None:
        problem = "does not exist" if first < second else "comes twice"
        taken = f"taken as {instant.astimezone(zone).isoformat()}" + ("" if first < second else ", the first")
        shown = written.isoformat(timespec="minutes")
        collected.warnings.append(f"{column} {shown} {problem} in {getattr(zone, 'key', zone)}: {taken}")
    return instant


# --- how long it takes ----------------------------------------------------------------------------------------------


def _add_minutes(starts_at: datetime | None, length: Text, *, problems: list[str]) -> datetime | None:
    """Return the end of a booking that takes so long."""
    if not isinstance(length, str) or not length:
        problems.append("no ends_at; without it a column `duration` must give the minutes")
        return None
    minutes = _read_minutes(length)
    if minutes is None or not 0 <= minutes <= LONGEST_MINUTES:
        problems.append(f"duration {length!r} is not a number of minutes")
        return None
    try:
        return starts_at + timedelta(minutes=minutes) if starts_at else None
    except OverflowError:
        problems.append("it ends after the year 9999")
        return None


@lru_cache(maxsize=1024)
def _read_minutes(length: str) -> float | None:
    """Return the minutes of `90`, `1:30`, `1 h 30 min`, `PT90M`; None where it is no length."""
    text = remove_invisible(length).strip().casefold()
    try:
        return float(Decimal(text.replace(",", ".")))
    except (DecimalException, OverflowError):
        pass
    if hours := _HOURS.fullmatch(text):
        return int(hours[1]) * 60 + int(hours[2])
    if (iso := _ISO_LENGTH.fullmatch(text.upper())) and any(iso.groups()):
        days, hours_, minutes = (int(part or 0) for part in iso.groups())
        return (days * 24 + hours_) * 60 + minutes
    if (words := _WORDS.fullmatch(text)) and any(words.groups()):
        return float(Decimal((words[1] or "0").replace(",", ".")) * 60) + int(words[2] or 0)
    return None


def _move_end_behind_gap(
    start: datetime, end: datetime, *, starts_at: datetime, collected: Collector
) -> datetime | None:
    """Return the end of a booking that seems to end before it starts, where only a gap of the clocks makes it so.

    02:30 to 03:00 in the night that skips the hour: the start moves to 03:30, the end by as much.
    """
    shown = [each.isoformat(timespec="minutes") for each in (start, end)]
    if start.tzinfo is None and end.tzinfo is None and start <= end:
        collected.warnings.append(f"ends_at {shown[1]} was moved along with starts_at")
        return starts_at + (end - start)
    collected.problems.append(f"it ends before it starts: {shown[1]} is before {shown[0]}")
    return None
