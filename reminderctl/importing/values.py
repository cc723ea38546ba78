"""What the cells of one row say: texts, times, lengths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct

from reminderctl.importing.columns import Text, Texts

LENGTH_OF_A_DATE = len("2026-11-23")
LONGEST_MINUTES = 60 * 24 * 3660


class Findings(Struct):
    """What came up while one row was read: mistakes, guesses, and its nouns by table and key."""

    problems: list[str] = []
    warnings: list[str] = []
    nouns: list[tuple[str, str, Texts]] = []


def read_text(values: Mapping[str, Any], column: str, problems: list[str]) -> Text:
    """What a column says, as it is written; None where it is empty, UNSET where the record has no such column."""
    return read_cell(values.get(column, UNSET), column, problems)


def read_cell(value: Any, column: str, problems: list[str]) -> Text:
    """What the cell of a column says: see `read_text`."""
    if isinstance(value, str):
        if "\0" in value or not (value.isascii() or _encodable(value)):
            problems.append(f"{column} holds a character that cannot be stored")
        return value.strip() or None
    if value is None or value is UNSET:
        return value
    if isinstance(value, bool | list | dict):
        problems.append(f"{column} is {json.dumps(value, default=str)[:40]}; write text")
        return None
    return str(value)


def read_times(
    values: Mapping[str, Any], zone: ZoneInfo | None, found: Findings
) -> tuple[datetime | None, datetime | None]:
    """Start and end in UTC; None for what cannot be read, which is a problem then."""
    starts_at = _time(values, "starts_at", zone, found)
    if str(values.get("ends_at") or "").strip():
        ends_at = _time(values, "ends_at", zone, found)
        if starts_at and ends_at and ends_at < starts_at:
            ends_at = _end_after_a_gap(values, starts_at, found)
    else:
        ends_at = _end_after(starts_at, read_text(values, "duration", found.problems), found.problems)
    return starts_at, ends_at


def _time(values: Mapping[str, Any], column: str, zone: ZoneInfo | None, found: Findings) -> datetime | None:
    text = read_text(values, column, found.problems)
    if not text:
        found.problems.append(f"no {column}")
        return None
    instant, remark = _read_time(text, zone)
    if remark:
        (found.warnings if instant else found.problems).append(f"{column} {remark}")
    return instant


@lru_cache(maxsize=4096)  # many bookings start and end at the same times
def _read_time(text: str, zone: ZoneInfo | None) -> tuple[datetime | None, str | None]:
    """The instant, with a warning where the clocks skip or repeat it; None with what is wrong."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) <= LENGTH_OF_A_DATE:
            return None, f"{text!r} has no time of day; write 2026-11-23T09:00"
        if moment.tzinfo is not None:
            return moment.astimezone(UTC), None
        wall = moment.replace(tzinfo=zone or UTC)
        instant = wall.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, f"{text!r} is not a time; write 2026-11-23T09:00 or 2026-11-23T08:00:00Z"
    first, second = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    if zone is None or first == second or first is None or second is None:
        return instant, None
    what = "does not exist" if first < second else "comes twice"
    taken = f"taken as {instant.astimezone(zone).isoformat()}" + ("" if first < second else ", the first")
    return instant, f"{text} {what} in {zone.key}: {taken}"


def _end_after(starts_at: datetime | None, minutes: Text, problems: list[str]) -> datetime | None:
    if not minutes:
        problems.append("no ends_at; without it a column `duration` must give the minutes")
        return None
    try:
        length = Decimal(minutes)
        readable = 0 <= length <= LONGEST_MINUTES
    except DecimalException:
        readable = False
    if not readable:
        problems.append(f"duration {minutes!r} is not a number of minutes")
        return None
    try:
        return starts_at + timedelta(minutes=float(length)) if starts_at else None
    except OverflowError:
        problems.append("it ends after the year 9999")
        return None


def _end_after_a_gap(values: Mapping[str, Any], starts_at: datetime, found: Findings) -> datetime | None:
    """The end of a booking that seems to end before it starts: right where only a gap of the clocks makes it so.

    02:30 to 03:00 in the night that skips the hour: the start moves to 03:30, the end by as much.
    """
    start, end = (datetime.fromisoformat(str(values[column]).strip()) for column in ("starts_at", "ends_at"))
    if start.tzinfo is None and end.tzinfo is None and start <= end:
        found.warnings.append(f"ends_at {values['ends_at']} was moved along with starts_at")
        return starts_at + (end - start)
    found.problems.append(f"it ends before it starts: {values['ends_at']} is before {values['starts_at']}")
    return None


def _encodable(text: str) -> bool:
    """False for half a surrogate pair, which JSON can spell."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
