"""The time of a sample booking, counted from now: sentences to instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reminderctl.core.timing import DAY, HOUR, LONGEST_OFFSET_DAYS, MINUTE, find_zone, instant_of, parse_time_of_day

CLOCK_CHANGE = "on the next clock change"
LOOKS_AHEAD_DAYS = 731
ZONES_THAT_CHANGE = ("Europe/Madrid", "America/New_York")  # two, for the day on which one of them changes no more

_UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_UNIT = r"(?P<unit>minute|hour|day|week)s?"
_AT = r"(?: at (?P<at>(?:[01]?[0-9]|2[0-3]):[0-5][0-9]))?"
_SENTENCE = re.compile(rf"(?:(?P<day>today|tomorrow)|in (?P<in>\d{{1,7}}) {_UNIT}){_AT}")
_PAST = re.compile(rf"(?P<ago>\d{{1,7}}) {_UNIT} ago{_AT}")
_CHANGE = re.compile(rf"{CLOCK_CHANGE} at (?P<at>[0-9:]+)")
_RIGHT = "`in 3 days at 10:00`, `tomorrow at 10:00`, `2 hours ago` or `2026-12-24T10:00`"
_FIRST_YEAR, _LAST_YEAR = 1900, 9000


def read_time(text: str, zone: ZoneInfo, *, now: datetime) -> datetime:
    """Return the instant that a sentence means, in UTC and whole seconds; raises ValueError with what would be right.

    Days are days of the zone, and keep its wall clock where no `at` is given.
    """
    sentence = " ".join(text.lower().split())
    if match := _SENTENCE.fullmatch(sentence) or _PAST.fullmatch(sentence):
        instant = _from_now(match.groupdict(), zone, now=now, text=text)
    elif sentence.startswith(CLOCK_CHANGE):
        instant = _at_clock_change(sentence, zone, now=now)
    else:
        instant = _from_iso(text, zone)
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise ValueError(f"{text!r}: the year must be between {_FIRST_YEAR} and {_LAST_YEAR}")
    return instant.replace(microsecond=0)


def clocks_change(zone: ZoneInfo, *, now: datetime) -> bool:
    """Return whether `on the next clock change` means a day in this zone."""
    return _next_change(zone, time(10), now=now) is not None


def zone_that_changes(*, now: datetime) -> ZoneInfo:
    """Return a zone whose clocks change, for where the configured one's do not."""
    zones = [zone for name in ZONES_THAT_CHANGE if (zone := find_zone(name))]
    return next((zone for zone in zones if clocks_change(zone, now=now)), zones[0])


def _from_now(parts: dict[str, str | None], zone: ZoneInfo, *, now: datetime, text: str) -> datetime:
    if day := parts.get("day"):
        length, whole_days = (DAY if day == "tomorrow" else timedelta()), True
    else:
        amount, unit = int(parts.get("in") or parts.get("ago") or 0), str(parts["unit"])
        if amount * _UNITS[unit] > LONGEST_OFFSET_DAYS * DAY:
            raise ValueError(f"{text!r} is more than ten years away")
        length = amount * _UNITS[unit] * (-1 if parts.get("ago") else 1)
        whole_days = unit in ("day", "week")
    if not whole_days:
        if parts["at"]:
            raise ValueError(f"cannot read {text!r}; a time of day goes with days: `in 3 days at 10:00`")
        return now + length
    wall = now.astimezone(zone).replace(tzinfo=None) + length
    if parts["at"]:
        wall = datetime.combine(wall, parse_time_of_day(parts["at"], text))
    return instant_of(wall, zone)


def _at_clock_change(sentence: str, zone: ZoneInfo, *, now: datetime) -> datetime:
    match = _CHANGE.fullmatch(sentence)
    at = parse_time_of_day(match["at"], sentence) if match else None
    if at is None:
        raise ValueError(f"cannot read {sentence!r}; write `{CLOCK_CHANGE} at 10:00`")
    instant = _next_change(zone, at, now=now)
    if instant is None:
        raise ValueError(f"the clocks of {zone.key} do not change within two years; give the sample another `timezone`")
    return instant


def _next_change(zone: ZoneInfo, at: time, *, now: datetime) -> datetime | None:
    """Return the first instant at this wall clock that differs by other than 24 hours from that of the day before.

    From the day after tomorrow on, so that a reminder of the day before is still to come.
    """
    first = datetime.combine(now.astimezone(zone).date() + 2 * DAY, at)
    for number in range(LOOKS_AHEAD_DAYS):
        wall = first + number * DAY
        instant = instant_of(wall, zone)
        if instant - instant_of(wall - DAY, zone) != DAY:
            return instant
    return None


def _from_iso(text: str, zone: ZoneInfo) -> datetime:
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"cannot read {text!r}; write {_RIGHT}") from None
    if ":" not in text:
        raise ValueError(f"{text!r} has no time of day; write {_RIGHT}")
    try:
        return given.astimezone(UTC) if given.tzinfo else instant_of(given, zone)
    except OverflowError:
        raise ValueError(f"there is no such time as {text!r}") from None
