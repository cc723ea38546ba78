"""The time zones of a calendar: IANA names, names of Windows, VTIMEZONE descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from reminderctl.core import timing
from reminderctl.importing.formats.ical.lines import CalendarLines

LONGEST_NAME = 255  # characters; a name is looked for as often as it has parts
MOST_RULES, MOST_CHANGES = 30, 300  # of one zone; each is looked at for each time that is read
# What real zones are made of. Anything else (FREQ=SECONDLY, BYSECOND) has too many changes of the clock to be one.
_RULE_PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYDAY"})


class CalendarZones(dict[str, tzinfo | None]):
    """The zone of each TZID of one calendar, found when it is first asked for; None where there is none.

    1. IANA names, those that come after a maker's prefix included (`/mozilla.org/20050126_1/Europe/Berlin`), and the
    names of Windows. 2. What the calendar's own VTIMEZONE says.
    """

    def __init__(self, calendar: CalendarLines) -> None:
        super().__init__()
        self._calendar = calendar

    def __missing__(self, tzid: str) -> tzinfo | None:
        lines = self._calendar.zones.get(tzid, [])
        located = next((line for line in lines if line.upper().startswith("X-LIC-LOCATION")), "")
        self[tzid] = zone = find_named_zone(tzid, located.partition(":")[2]) or _read_description(lines)
        return zone


def find_named_zone(*names: str) -> ZoneInfo | None:
    """Return the first zone that one of these names means; None where none does."""
    for name in names:
        for candidate in _list_candidates(name.strip().strip("/")):
            if zone := timing.find_zone(candidate):
                return zone
    return None


def _list_candidates(name: str) -> Iterator[str]:
    """Return a name, then it without each of the prefixes that it may have, then what it means in Windows."""
    suffix = name if len(name) <= LONGEST_NAME else ""
    while suffix:
        yield suffix
        suffix = suffix.partition("/")[2]
    if name in WINDOWS_TO_OLSON:
        yield WINDOWS_TO_OLSON[name]


def _read_description(lines: list[str]) -> tzinfo | None:
    """Return the zone that a VTIMEZONE describes (RFC 5545, 3.6.5); None where it does not make sense."""
    rules = [line.upper().partition(":")[2] for line in lines if line.upper().startswith("RRULE")]
    changes = sum(line.upper().startswith("BEGIN") for line in lines)
    if not lines or len(rules) > MOST_RULES or changes > MOST_CHANGES or not all(map(_is_zone_rule, rules)):
        return None
    try:
        component: Any = Timezone.from_ical("\r\n".join([*lines, ""]))
        zone: tzinfo = component.to_tz(lookup_tzid=False)
    except (ValueError, LookupError, TypeError, AttributeError):  # icalendar and dateutil raise what they stumble on
        return None
    return zone


def _is_zone_rule(rule: str) -> bool:
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    return parts.keys() <= _RULE_PARTS and parts.get("FREQ") == "YEARLY" and parts.get("INTERVAL") != "0"
