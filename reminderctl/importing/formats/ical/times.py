"""The times of a calendar: DATE, DATE-TIME, PERIOD and DURATION (RFC 5545, 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderctl.core import timing
from reminderctl.importing.formats.ical.lines import CalendarLines, Property
from reminderctl.importing.formats.ical.zones import CalendarZones

# Some programs write the year 9999 for `never`; inside these every sum of a time and a length exists.
EARLIEST, LATEST = datetime(1000, 1, 1), datetime(9900, 1, 1)  # noqa: DTZ001 - wall clocks
_LENGTH_OF_A_DATE = len("2026-11-23")
_LONGEST_GAP = timedelta(hours=3)
_LEAP_SECOND = re.compile(r"(T\d\d:?\d\d:?)60", re.IGNORECASE)
_DURATION = re.compile(
    r"([+-]?)P(?=.)(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?=.)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.ASCII
)


class Length(NamedTuple):
    """The time that something takes: days of the calendar, however many hours those have, then hours as they pass."""

    clock: timedelta = timedelta()
    exact: timedelta = timedelta()


class CalendarTime(NamedTuple):
    """A wall clock in a zone; `timezone` is for the booking's column of that name, if the calendar names a zone.

    `is_floating`: nothing beside it names the zone.
    """

    wall: datetime
    zone: tzinfo
    timezone: str | None = None
    is_date: bool = False
    is_floating: bool = False

    @property
    def instant(self) -> datetime:
        """The instant in UTC; raises OverflowError where there is none.

        A wall clock that is skipped takes the offset before the gap (RFC 5545, 3.3.5), which `zoneinfo` alone does.
        """
        instant = self.wall.replace(tzinfo=self.zone).astimezone(UTC)
        if self.zone is UTC or isinstance(self.zone, ZoneInfo):
            return instant
        if instant.astimezone(self.zone).replace(tzinfo=None) == self.wall:
            return instant
        before = (self.wall - _LONGEST_GAP).replace(tzinfo=self.zone).utcoffset()
        return (self.wall - (before or timedelta())).replace(tzinfo=UTC)

    def on_clock_of(self, other: CalendarTime) -> CalendarTime:
        """Return the time, one without a zone as a wall clock of another time's zone (RFC 5545, 3.3.5 and 3.8.2.2)."""
        return other._replace(wall=self.wall) if self.is_floating and not other.is_date else self

    def find_end(self, length: Length) -> CalendarTime:
        """Return the time that is later by a length, in UTC where some of it is exact; raises OverflowError."""
        end = self._replace(wall=self.wall + length.clock)
        return end._replace(wall=(end.instant + length.exact).replace(tzinfo=None), zone=UTC) if length.exact else end


class TimeReader:
    """Reads the times of one calendar.

    Those without a zone are wall clock of the calendar's own zone (X-WR-TIMEZONE), else of the configured one.
    """

    def __init__(self, calendar: CalendarLines, timezone: str, *, since: int) -> None:
        own = calendar.properties.get("X-WR-TIMEZONE") or None
        self._zones = CalendarZones(calendar, since=since)
        named = self._zones.find(own, datetime(since, 1, 1)) if own else None  # noqa: DTZ001 - a wall clock
        # A name that nobody knows is a mistake of each row that needs it. UTC is what programs write that know none.
        self._timezone = named.key if isinstance(named, ZoneInfo) else None if named else own
        self._zone: tzinfo = named if named and named is not UTC else timing.find_zone(timezone) or UTC

    def read(self, given: Property) -> CalendarTime:
        """Return a DATE or DATE-TIME; raises ValueError where it or its zone cannot be understood."""
        written = parse_time(given.value, example="20261123T090000 or 20261123T080000Z")
        wall = min(max(written.replace(tzinfo=None, microsecond=0), EARLIEST), LATEST)
        time = wall.replace(tzinfo=written.tzinfo)
        if len(given.value) <= _LENGTH_OF_A_DATE:
            return CalendarTime(time, self._zone, self._timezone, is_date=True, is_floating=True)
        if time.tzinfo is not None:
            return CalendarTime(time.astimezone(UTC).replace(tzinfo=None), UTC, self._timezone)
        tzid = given.parameters.get("TZID", "").strip()
        if not tzid:
            return CalendarTime(time, self._zone, self._timezone, is_floating=True)
        zone = self._zones.find(tzid, time)
        if zone is None:
            raise ValueError(f"the zone {tzid[:60]!r} is no IANA name, and no VTIMEZONE describes it")
        return CalendarTime(time, zone, zone.key if isinstance(zone, ZoneInfo) else self._timezone)

    def read_lists(self, lists: Iterable[Property]) -> Iterator[tuple[CalendarTime, Length | None]]:
        """Return the times of lists such as RDATE, each with a length where it is a PERIOD; raises ValueError."""
        for given in lists:
            for text in filter(None, map(str.strip, given.value.split(","))):
                start, _, end = text.partition("/")
                time = self.read(Property(given.parameters, start))
                if not end:
                    yield time, None
                elif end.upper().startswith("P"):
                    yield time, read_duration(end)
                else:
                    yield time, Length(exact=self.read(Property(given.parameters, end)).instant - time.instant)


def parse_time(text: str, *, example: str) -> datetime:
    """Return a time as it is written, the leap second as the one before it (RFC 5545, 3.3.12); raises ValueError."""
    try:
        return datetime.fromisoformat(_LEAP_SECOND.sub(r"\g<1>59", text))
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a time; write {example}") from None


def read_duration(text: str) -> Length:
    """Return a DURATION as a length: its weeks and days are nominal, the rest is exact (RFC 5545, 3.3.6).

    Raises ValueError and OverflowError.
    """
    parts = _DURATION.fullmatch(text.strip().upper())
    if parts is None:
        raise ValueError(f"{text[:40]!r} is not a length; write PT45M")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts.groups()[1:])
    sign = -1 if parts[1] == "-" else 1
    return Length(
        timedelta(weeks=weeks, days=days) * sign, timedelta(hours=hours, minutes=minutes, seconds=seconds) * sign
    )


def find_day(time: datetime, zone: tzinfo) -> datetime:
    """Return the day that a time means where a date is asked for (RFC 5545, 3.3.10, UNTIL), as its midnight.

    Programs write the midnight of the zone that their user lives in, or its last minute, in UTC; else the date itself.
    """
    with suppress(OverflowError):  # the year 9999 means that there is no last one
        local = time.astimezone(zone) if time.tzinfo else time
        if (local.hour, local.minute) in ((0, 0), (23, 59)):
            time = local
    return time.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
