"""The times of a calendar: DATE, DATE-TIME, PERIOD and DURATION (RFC 5545, 3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from icalendar import vDuration

from reminderctl.core import timing
from reminderctl.importing.formats.ical.lines import CalendarLines, Property
from reminderctl.importing.formats.ical.zones import CalendarZones, find_named_zone

# Some programs write the year 9999 for `never`; inside these every sum of a time and a length exists.
EARLIEST, LATEST = datetime(1000, 1, 1), datetime(9900, 1, 1)  # noqa: DTZ001 - wall clocks
_parse_duration: Any = vDuration.from_ical  # not typed
_LENGTH_OF_A_DATE = len("2026-11-23")


class CalendarTime(NamedTuple):
    """A wall clock in a zone; `timezone` is for the booking's column of that name, if the calendar names a zone."""

    wall: datetime
    zone: tzinfo
    timezone: str | None = None
    is_date: bool = False

    @property
    def instant(self) -> datetime:
        """The instant in UTC; raises OverflowError where there is none."""
        return self.wall.replace(tzinfo=self.zone).astimezone(UTC)


class TimeReader:
    """Reads the times of one calendar.

    Those without a zone are wall clock of the calendar's own zone (X-WR-TIMEZONE), else of the configured one.
    """

    def __init__(self, calendar: CalendarLines, timezone: str) -> None:
        own = calendar.properties.get("X-WR-TIMEZONE") or None
        named = find_named_zone(own) if own else None
        self._zones = CalendarZones(calendar)
        self._timezone = named.key if named else own  # a name that nobody knows is a mistake of each row that needs it
        self._zone: tzinfo = named or timing.find_zone(timezone) or UTC

    def read(self, given: Property) -> CalendarTime:
        """Return a DATE or DATE-TIME; raises ValueError where it or its zone cannot be understood."""
        try:
            written = datetime.fromisoformat(given.value)
        except ValueError:
            problem = f"{given.value[:40]!r} is not a time; write 20261123T090000 or 20261123T080000Z"
            raise ValueError(problem) from None
        wall = min(max(written.replace(tzinfo=None, microsecond=0), EARLIEST), LATEST)
        time = wall.replace(tzinfo=written.tzinfo)
        if len(given.value) <= _LENGTH_OF_A_DATE:
            return CalendarTime(time, self._zone, self._timezone, is_date=True)
        if time.tzinfo is not None:
            return CalendarTime(time.astimezone(UTC).replace(tzinfo=None), UTC, self._timezone)
        tzid = given.parameters.get("TZID")
        zone = self._zones[tzid] if tzid else self._zone
        if zone is None:
            raise ValueError(f"the zone {str(tzid)[:60]!r} is no IANA name, and no VTIMEZONE describes it")
        if tzid and isinstance(zone, ZoneInfo) and zone.key != "UTC":
            return CalendarTime(time, zone, zone.key)
        return CalendarTime(time, zone, self._timezone)

    def read_lists(self, lists: Iterable[Property]) -> Iterator[tuple[CalendarTime, timedelta | None]]:
        """Return the times of lists such as RDATE, each with a length where it is a PERIOD; raises ValueError."""
        for given in lists:
            for text in given.value.split(","):
                start, _, end = text.strip().partition("/")
                time = self.read(Property(given.parameters, start))
                if not end:
                    yield time, None
                elif end.upper().startswith("P"):
                    yield time, read_duration(end)
                else:
                    yield time, self.read(Property(given.parameters, end)).instant - time.instant


def read_duration(text: str) -> timedelta:
    """Return a DURATION (RFC 5545, 3.3.6) as a length of time; raises ValueError."""
    try:
        length: timedelta = _parse_duration(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is not a length; write PT45M") from None
    return length
