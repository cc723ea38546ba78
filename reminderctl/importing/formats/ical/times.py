"""The times of a calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from icalendar import vDuration

from reminderctl.core import timing
from reminderctl.importing.formats.ical.lines import Calendar, Property
from reminderctl.importing.formats.ical.zones import Zones, find_named

# Some programs write the year 9999 for `never`; inside these every sum of a time and a length exists.
EARLIEST, LATEST = datetime(1000, 1, 1), datetime(9900, 1, 1)  # noqa: DTZ001 - wall clocks
_length_of: Any = vDuration.from_ical  # not typed
_LENGTH_OF_A_DATE = len("2026-11-23")


class Moment(NamedTuple):
    """A wall clock in a zone; `timezone` is what the booking's column of that name says, if anything."""

    wall: datetime
    zone: tzinfo
    timezone: str | None = None
    is_date: bool = False

    @property
    def at(self) -> datetime:
        """The instant in UTC; raises OverflowError where there is none."""
        return self.wall.replace(tzinfo=self.zone).astimezone(UTC)


class Clock:
    """How one calendar means its times.

    Those without a zone are wall clock of the calendar's own zone (X-WR-TIMEZONE), else of the configured one.
    """

    def __init__(self, calendar: Calendar, timezone: str) -> None:
        own = calendar.properties.get("X-WR-TIMEZONE") or None
        named = find_named(own) if own else None
        self._zones = Zones(calendar)
        self._timezone = named.key if named else own  # a name that nobody knows is a mistake of each row that needs it
        self._zone: tzinfo = named or timing.find_zone(timezone) or UTC

    def moment(self, given: Property) -> Moment:
        """A DATE or DATE-TIME; raises ValueError where it or its zone cannot be understood."""
        try:
            written = datetime.fromisoformat(given.value)
        except ValueError:
            what = f"{given.value[:40]!r} is not a time; write 20261123T090000 or 20261123T080000Z"
            raise ValueError(what) from None
        wall = min(max(written.replace(tzinfo=None, microsecond=0), EARLIEST), LATEST)
        time = wall.replace(tzinfo=written.tzinfo)
        if len(given.value) <= _LENGTH_OF_A_DATE:
            return Moment(time, self._zone, self._timezone, is_date=True)
        if time.tzinfo is not None:
            return Moment(time.astimezone(UTC).replace(tzinfo=None), UTC, self._timezone)
        tzid = given.parameters.get("TZID")
        zone = self._zones[tzid] if tzid else self._zone
        if zone is None:
            raise ValueError(f"the zone {str(tzid)[:60]!r} is no IANA name, and no VTIMEZONE describes it")
        if tzid and isinstance(zone, ZoneInfo) and zone.key != "UTC":
            return Moment(time, zone, zone.key)
        return Moment(time, zone, self._timezone)

    def moments(self, lists: Iterable[Property]) -> Iterator[tuple[Moment, timedelta | None]]:
        """The times of lists such as RDATE, each with a length where it is a period; raises ValueError."""
        for given in lists:
            for text in given.value.split(","):
                start, _, end = text.strip().partition("/")
                moment = self.moment(Property(given.parameters, start))
                if not end:
                    yield moment, None
                elif end.upper().startswith("P"):
                    yield moment, read_duration(end)
                else:
                    yield moment, self.moment(Property(given.parameters, end)).at - moment.at


def read_duration(text: str) -> timedelta:
    """A length of time; raises ValueError."""
    try:
        length: timedelta = _length_of(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is not a length; write PT45M") from None
    return length
