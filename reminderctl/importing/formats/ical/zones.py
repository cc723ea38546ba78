"""From the name of a time zone in a calendar to its clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from reminderctl.core import timing
from reminderctl.importing.formats.ical.lines import Calendar

LONGEST_NAME = 255  # characters; a name is looked for as often as it has parts
MOST_RULES, MOST_CHANGES = 30, 300  # of one zone; each is looked at for each time that is read
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
        located = next((line for line in lines if line.upper().startswith("X-LIC-LOCATION")), "")
        self[tzid] = found = find_named(tzid, located.partition(":")[2]) or _described(lines)
        return found


def find_named(*names: str) -> ZoneInfo | None:
    """The first zone that one of these names stands for."""
    for name in names:
        for each in _candidates(name.strip().strip("/")):
            if zone := timing.find_zone(each):
                return zone
    return None


def _candidates(name: str) -> Iterator[str]:
    """A name, without each of the prefixes that it may have, then what it means in Windows."""
    suffix = name if len(name) <= LONGEST_NAME else ""
    while suffix:
        yield suffix
        suffix = suffix.partition("/")[2]
    if name in WINDOWS_TO_OLSON:
        yield WINDOWS_TO_OLSON[name]


def _described(lines: list[str]) -> tzinfo | None:
    """The zone that a VTIMEZONE describes; None where it does not make sense."""
    rules = [line.upper().partition(":")[2] for line in lines if line.upper().startswith("RRULE")]
    changes = sum(line.upper().startswith("BEGIN") for line in lines)
    if not lines or len(rules) > MOST_RULES or changes > MOST_CHANGES or not all(map(_is_of_a_zone, rules)):
        return None
    try:
        described: Any = Timezone.from_ical("\r\n".join([*lines, ""]))
        zone: tzinfo = described.to_tz(lookup_tzid=False)
    except (ValueError, LookupError, TypeError, AttributeError):  # icalendar and dateutil raise what they stumble on
        return None
    return zone


def _is_of_a_zone(rule: str) -> bool:
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    return parts.keys() <= _PARTS_OF_A_ZONE and parts.get("FREQ") == "YEARLY" and parts.get("INTERVAL") != "0"
