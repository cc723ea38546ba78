"""The names of time zones: those of IANA, those of Windows, those that Windows shows to people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from reminderctl.core import timing
from reminderctl.import_lock import IMPORTING

LONGEST_NAME = 255  # characters; a name is looked for as often as it has parts
# Programs that know no zone write these. They name instants, and no place where anybody lives.
_UTC_NAMES = frozenset(
    {
        *("utc", "z", "(utc)_coordinated_universal_time", "coordinated_universal_time"),
        *(f"{area}{name}" for area in ("", "etc/") for name in ("utc", "uct", "zulu", "universal", "greenwich")),
        *(f"{area}gmt{offset}" for area in ("", "etc/") for offset in ("", "0", "+0", "-0")),
    }
)
_FIXED = re.compile(r"(UTC|GMT)?\s*([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)  # the offsets that there are
_MINUTES = 60
_AREAS = frozenset({"Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"})
_SHOWN = re.compile(r"(?:\((?:UTC|GMT)(?:([+-])(\d\d):(\d\d))?\) *)?(.+)", re.IGNORECASE)
# What Windows shows, where it names no city that IANA has too.
_SHOWN_REGIONS = {
    "alaska": "Alaskan Standard Time",
    "arizona": "US Mountain Standard Time",
    "atlantic time (canada)": "Atlantic Standard Time",
    "central america": "Central America Standard Time",
    "central time (us & canada)": "Central Standard Time",
    "eastern time (us & canada)": "Eastern Standard Time",
    "hawaii": "Hawaiian Standard Time",
    "indiana (east)": "US Eastern Standard Time",
    "mountain time (us & canada)": "Mountain Standard Time",
    "newfoundland": "Newfoundland Standard Time",
    "pacific time (us & canada)": "Pacific Standard Time",
    "saskatchewan": "Canada Central Standard Time",
    "west central africa": "W. Central Africa Standard Time",
}


def find_named_zone(*names: str) -> tzinfo | None:
    """Return the first zone that one of these names means, `datetime.UTC` for every name of UTC; None where none does.

    A name of IANA may come after a maker's prefix (`/mozilla.org/20050126_1/Europe/Berlin`).
    """
    for name in names:
        zone = _find_zone(" ".join(name.split()).strip("/")) if len(name) <= LONGEST_NAME else None
        if zone is not None:
            return zone
    return None


def find_fixed_offset(name: str) -> tzinfo | None:
    """Return the offset of `UTC+1`, `GMT-03:30` or `+02:00`, east of Greenwich where it is `+`, as people write it.

    (The names `Etc/GMT+1` of IANA have it the other way round.) None where it is no such name.
    """
    parts = _FIXED.fullmatch(name.strip())
    if parts is None or not (parts[1] or parts[4] or len(parts[3]) == 2):
        return None
    length = timedelta(hours=int(parts[3]), minutes=int(parts[4] or 0)) * (-1 if parts[2] == "-" else 1)
    return timezone(length) if _WEST <= length <= _EAST and int(parts[4] or 0) < _MINUTES else None


def find_name_of_offset(offset: tzinfo) -> str | None:
    """Return IANA's name of an offset of whole hours, by which it can be stored."""
    hours, rest = divmod(offset.utcoffset(None) or timedelta(), timedelta(hours=1))
    return None if rest else f"Etc/GMT{-hours:+}"


def names_a_place(name: str, zone: tzinfo) -> bool:
    """Return True where a name ends with the Area/City of its zone, which no other zone is called by."""
    return isinstance(zone, ZoneInfo) and "/" in zone.key and _fold(name).endswith(_fold(zone.key))


@lru_cache(maxsize=1024)
def _find_zone(name: str) -> tzinfo | None:
    for suffix in _list_suffixes(name):
        if _fold(suffix) in _UTC_NAMES:
            return UTC
        if zone := timing.find_zone(suffix):
            return zone
    for suffix in _list_suffixes(name):
        if zone := timing.find_zone(_keys_by_folded_name().get(_fold(suffix), "")):
            return zone
    windows = _windows_zones().get(re.sub(" (daylight|summer) time$", " standard time", name.casefold()))
    return timing.find_zone(windows) if windows else _find_shown_zone(name)


def _list_suffixes(name: str) -> Iterator[str]:
    """Return a name, then it without each of the prefixes that it may have."""
    while name:
        yield name
        name = name.partition("/")[2]


def _find_shown_zone(name: str) -> ZoneInfo | None:
    """Return the zone of `(UTC+01:00) Brussels, Copenhagen, Madrid, Paris`, by a city with this offset in winter."""
    sign, hours, minutes, shown = _SHOWN.fullmatch(name).groups()  # type: ignore[union-attr] # matches every name
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1) if sign else None
    region = _SHOWN_REGIONS.get(shown.casefold())
    cities = [] if region else shown.split(",")
    keys = (
        [_windows_zones()[region.casefold()]] if region else [_keys_by_city().get(_fold(city), "") for city in cities]
    )
    zones = [zone for zone in map(timing.find_zone, filter(None, keys)) if zone]
    return next((zone for zone in zones if offset is None or _find_standard_offset(zone) == offset), None)


def _find_standard_offset(zone: tzinfo) -> timedelta | None:
    offsets = [datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]
    return min(offset for offset in offsets if offset is not None)


@lru_cache(maxsize=1)
def _windows_zones() -> dict[str, str]:
    with IMPORTING:
        from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    return {name.casefold(): key for name, key in WINDOWS_TO_OLSON.items()}


@lru_cache(maxsize=1)
def _keys_by_folded_name() -> dict[str, str]:
    return {_fold(key): key for key in available_timezones() if "/" in key}


@lru_cache(maxsize=1)
def _keys_by_city() -> dict[str, str]:
    parts = {key: key.split("/") for key in sorted(available_timezones())}
    return {_fold(names[1]): key for key, names in parts.items() if len(names) == 2 and names[0] in _AREAS}


def _fold(name: str) -> str:
    return "_".join(name.casefold().split())
