"""The times of one row: when a booking starts, when it ends or how long it takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from reminderctl.importing.columns import Text
from reminderctl.importing.values import Collector, read_text

LENGTH_OF_A_DATE = len("2026-11-23")
LONGEST_MINUTES = 60 * 24 * 3660


def read_times(
    values: Mapping[str, Any], zone: ZoneInfo | None, *, collected: Collector
) -> tuple[datetime | None, datetime | None]:
    """Return start and end in UTC; None for one that cannot be read, with a problem in `collected`.

    A time without an offset is wall clock of the zone.
    """
    starts_at = _read_column(values, "starts_at", zone=zone, collected=collected)
    if str(values.get("ends_at") or "").strip():
        ends_at = _read_column(values, "ends_at", zone=zone, collected=collected)
        if starts_at and ends_at and ends_at < starts_at:
            ends_at = _move_end_behind_gap(values, starts_at, collected=collected)
    else:
        minutes = read_text(values, "duration", problems=collected.problems)
        ends_at = _add_minutes(starts_at, minutes, problems=collected.problems)
    return starts_at, ends_at


def _read_column(
    values: Mapping[str, Any], column: str, *, zone: ZoneInfo | None, collected: Collector
) -> datetime | None:
    text = read_text(values, column, problems=collected.problems)
    if not text:
        collected.problems.append(f"no {column}")
        return None
    instant, remark = _parse_time(text, zone)
    if remark:
        (collected.warnings if instant else collected.problems).append(f"{column} {remark}")
    return instant


@lru_cache(maxsize=4096)  # many bookings start and end at the same times
def _parse_time(text: str, zone: ZoneInfo | None) -> tuple[datetime | None, str | None]:
    """Return the instant of an ISO 8601 text, with a warning where the clocks skip or repeat it.

    None with what is wrong, where it is no such text.
    """
    try:
        written = datetime.fromisoformat(text)
        if len(text) <= LENGTH_OF_A_DATE:
            return None, f"{text!r} has no time of day; write 2026-11-23T09:00"
        if written.tzinfo is not None:
            return written.astimezone(UTC), None
        wall = written.replace(tzinfo=zone or UTC)
        instant = wall.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, f"{text!r} is not a time; write 2026-11-23T09:00 or 2026-11-23T08:00:00Z"
    first, second = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    if zone is None or first == second or first is None or second is None:
        return instant, None
    problem = "does not exist" if first < second else "comes twice"
    taken = f"taken as {instant.astimezone(zone).isoformat()}" + ("" if first < second else ", the first")
    return instant, f"{text} {problem} in {zone.key}: {taken}"


def _add_minutes(starts_at: datetime | None, minutes: Text, *, problems: list[str]) -> datetime | None:
    """Return the end of a booking that lasts so many minutes."""
    if not minutes:
        problems.append("no ends_at; without it a column `duration` must give the minutes")
        return None
    try:
        length = Decimal(minutes)
        is_readable = 0 <= length <= LONGEST_MINUTES
    except DecimalException:
        is_readable = False
    if not is_readable:
        problems.append(f"duration {minutes!r} is not a number of minutes")
        return None
    try:
        return starts_at + timedelta(minutes=float(length)) if starts_at else None
    except OverflowError:
        problems.append("it ends after the year 9999")
        return None


def _move_end_behind_gap(values: Mapping[str, Any], starts_at: datetime, *, collected: Collector) -> datetime | None:
    """Return the end of a booking that seems to end before it starts, where only a gap of the clocks makes it so.

    02:30 to 03:00 in the night that skips the hour: the start moves to 03:30, the end by as much.
    """
    start, end = (datetime.fromisoformat(str(values[column]).strip()) for column in ("starts_at", "ends_at"))
    if start.tzinfo is None and end.tzinfo is None and start <= end:
        collected.warnings.append(f"ends_at {values['ends_at']} was moved along with starts_at")
        return starts_at + (end - start)
    collected.problems.append(f"it ends before it starts: {values['ends_at']} is before {values['starts_at']}")
    return None
