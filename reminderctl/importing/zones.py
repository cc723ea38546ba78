"""From the name of a time zone in a calendar to its clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Timezone
from icalendar.timezone import tzp

from reminderctl import timing
from reminderctl.importing.components import Calendar

# What real zones are made of. Anything else (FREQ=SECONDLY, BYSECOND) has too many changes of the clock to be one.
_PARTS_OF_A_ZONE = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYDAY"}
)


class Zones(dict[str, tzinfo | None]):
    """The zone of each TZID of one calendar, found when it is first asked for; None where there is none.

    1. IANA names, those that come after a maker's prefix included (`/mozilla.org/20050126_1/Europe/Berlin`), and the
    names of Windows. 2. What the calendar's own VTIMEZONE says.
    """

    def __init__(self, calendar: Calendar) -> None:
        super().__init__()
        self._calendar = calendar

    def __missing__(self, tzid: str) -> tzinfo | None:
        lines = self._calendar.zones.get(tzid, [])
        located = (line.partition(":")[2] for line in lines if line.upper().startswith("X-LIC-LOCATION"))
        self[tzid] = found = find_named(tzid, *located) or _described(lines)
        return found


def find_named(*names: str) -> ZoneInfo | None:
    """The first zone that one of these names stands for."""
    for name in names:
        for each in _suffixes(name.strip().strip("/")):
            if zone := timing.find_zone(each):
                return zone
        windows: Any = tzp.timezone(name.strip().strip("/"))
        if isinstance(windows, ZoneInfo):
            return windows
    return None


def _suffixes(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.partition("/")[2]


def _described(lines: list[str]) -> tzinfo | None:
    """The zone that a VTIMEZONE describes; None where it does not make sense."""
    for line in lines:
        if line.upper().startswith("RRULE"):
            parts = dict(part.partition("=")[::2] for part in line.upper().partition(":")[2].split(";"))
            if not parts.keys() <= _PARTS_OF_A_ZONE or parts.get("FREQ") != "YEARLY" or parts.get("INTERVAL") == "0":
                return None
    if not lines:
        return None
    try:
        described: Any = Timezone.from_ical("\r\n".join([*lines, ""]))
        zone: tzinfo = described.to_tz(lookup_tzid=False)
    except (ValueError, LookupError, TypeError, AttributeError):  # icalendar and dateutil raise what they stumble on
        return None
    return zone
