"""The time zones of a calendar: which one a TZID names."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from reminderctl.importing.formats.ical.lines import CalendarLines, normalize_tzid, split_name
from reminderctl.importing.formats.ical.zone_rules import read_description
from reminderctl.importing.zone_names import find_fixed_offset, find_named_zone, names_a_place

_MOST_COMPARED = 50  # years of the zones of one calendar; each takes 48 looks at a description


class CalendarZones:
    """The zone of each TZID of one calendar, found when it is first asked for.

    A TZID refers to the VTIMEZONE of the same calendar (RFC 5545, 3.2.19), whatever zone is called so elsewhere. A
    name of the form Area/City goes first: files describe such zones wrongly more often than they mean others.
    """

    def __init__(self, calendar: CalendarLines, *, since: int) -> None:
        self._calendar = calendar
        self._since = since
        self._zones: dict[str, tuple[tzinfo | None, tzinfo | None]] = {}
        self._agreements: dict[tuple[str, int], bool] = {}

    def find(self, tzid: str, wall: datetime) -> tzinfo | None:
        """Return the zone that a TZID names at a time; None where there is none.

        That is the zone of the known name where both it and the description say the same of that year and the next,
        or of `since` where the time is past: the instances of a series that matter are not in its first year.
        """
        name = normalize_tzid(tzid)
        if name not in self._zones:
            lines = self._calendar.zones.get(name, [])
            known = _find_known(tzid, lines)
            known = known or (None if lines else find_fixed_offset(normalize_tzid(tzid)))
            is_clear = known is not None and names_a_place(tzid, known)
            self._zones[name] = known, None if is_clear else read_description(lines)
        known, described = self._zones[name]
        if known is None or described is None:
            return known or described
        return known if self._agree(name, max(wall.year, self._since)) else described

    def _agree(self, name: str, year: int) -> bool:
        if (name, year) not in self._agreements:
            if len(self._agreements) == _MOST_COMPARED:
                return False
            self._agreements[name, year] = _have_same_clock(*self._zones[name], year=year)
        return self._agreements[name, year]


def _find_known(tzid: str, lines: list[str]) -> tzinfo | None:
    """Return the zone that is known by a TZID, or by what its VTIMEZONE says that it is an alias of."""
    properties = dict(reversed([split_name(line) for line in lines]))
    aliases = (properties[name] for name in ("X-LIC-LOCATION", "TZID-ALIAS-OF") if name in properties)
    return find_named_zone(normalize_tzid(tzid, fold_case=False), *aliases)


def _have_same_clock(one: tzinfo | None, other: tzinfo | None, *, year: int) -> bool:
    days = [
        datetime(y, month, day, 12, tzinfo=UTC) for y in (year, year + 1) for month in range(1, 13) for day in (1, 15)
    ]
    return all(day.astimezone(one).utcoffset() == day.astimezone(other).utcoffset() for day in days)
