"""Guesses which time zone of the IANA database was meant by a name that is none of it."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from importlib import resources

from reminderctl.config.suggestions import nearest, one_of

_OFFSET = re.compile(r"(?:(?:UTC|GMT|Z)\s*)?[+-]\s*\d{1,2}(?::?\d{2})?", re.IGNORECASE)
_ABBREVIATION = re.compile(r"[A-Z]{3,4}")
_EXAMPLE = "use an IANA name such as `Europe/Madrid`"
_MOST = 3  # zones of a country that are named


def advise(name: str) -> str:
    """Return what to write instead of a zone that there is not, with what comes before it: `; did you mean ...?`."""
    if _OFFSET.fullmatch(name) or _ABBREVIATION.fullmatch(name):
        return f"; an offset knows no summer time: {_EXAMPLE}"
    zones = sorted(zoneinfo.available_timezones())
    city = re.sub(r"[\s_-]+", "_", name.strip()).casefold()
    in_city = [zone for zone in zones if zone.rpartition("/")[2].casefold() == city and "/" in zone]
    if in_city:
        return f"; did you mean `{in_city[-1]}`?"
    if of_country := _zones_of(name):
        return f"; did you mean {one_of(of_country[:_MOST])}?"
    if windows := _windows_zone(name):
        return f"; that is its name in Windows; write `{windows}`"
    near = nearest(name, zones, cutoff=0.75)
    return f"; did you mean `{near}`?" if near else f"; {_EXAMPLE}"


def _zones_of(country: str) -> list[str]:
    """Return the zones of a country of this English name, the most populous first, as the IANA database lists them."""
    codes = {fields[1].casefold(): fields[0] for fields in _table("iso3166.tab")}
    code = codes.get(country.strip().casefold())
    return [fields[2] for fields in _table("zone.tab") if fields[0] == code]


def _table(name: str) -> Iterator[list[str]]:
    text = resources.files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    yield from (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))


def _windows_zone(name: str) -> str:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    zone: str = {known.casefold(): zone for known, zone in WINDOWS_TO_OLSON.items()}.get(name.strip().casefold(), "")
    return zone
