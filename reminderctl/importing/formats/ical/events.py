"""One event of a calendar, understood."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from reminderctl.core import timing
from reminderctl.importing.columns import Names
from reminderctl.importing.formats.ical import people
from reminderctl.importing.formats.ical.lines import BadEventError, Component, Property, split_line
from reminderctl.importing.formats.ical.times import Clock, Moment, read_duration

Properties = Mapping[str, list[Property]]
PROPERTIES = people.PROPERTIES | {
    *("UID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "DURATION"),
    *("RRULE", "RDATE", "EXRULE", "EXDATE", "RECURRENCE-ID"),
}


class Event(Struct, frozen=True, kw_only=True):
    """One VEVENT. `values` are its columns but for id and times.

    It ends `length` after its start: on the same clock where `on_the_clock`, else as time passes. `instance` is its
    RECURRENCE-ID: whose place in a series it takes, with that of all later ones where `and_later`. `dates` are the
    RDATEs, each with its own length if it has one.
    """

    line: int
    uid: str
    version: tuple[int, str]
    start: Moment
    length: timedelta
    on_the_clock: bool
    values: Mapping[str, Any]
    instance: Moment | None
    and_later: bool
    rules: tuple[str, ...]
    dates: tuple[tuple[Moment, timedelta | None], ...]
    excluded_rules: tuple[str, ...]
    excluded_dates: tuple[Moment, ...]

    @property
    def is_series(self) -> bool:
        """Does it repeat?"""
        return bool(self.rules or self.dates)


def read_event(component: Component, uid: str, clock: Clock, names: Names) -> Event:
    """The event in a component; raises `BadEventError`."""
    found = {name: [split_line(component, line) for line in lines] for name, lines in component.lines.items()}
    first = {name: properties[0] for name, properties in found.items()}
    if not uid or "DTSTART" not in first:
        raise BadEventError(component.line, f"event {uid} has no DTSTART" if uid else "the event has no UID")
    canceled = component.calendar.properties.get("METHOD", "").upper() == "CANCEL"
    try:
        start = clock.moment(first["DTSTART"])
        length, on_the_clock = _length(first, start, clock)
        instance = first.get("RECURRENCE-ID")
        values = people.read_details(found, names) | {"all_day": True if start.is_date else None}
        return Event(
            line=component.line,
            uid=uid,
            version=_version(first),
            start=start,
            length=length,
            on_the_clock=on_the_clock,
            values=values | {"status": "canceled"} if canceled else values,
            instance=clock.moment(instance) if instance else None,
            and_later=instance is not None and instance.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
            rules=_texts(found, "RRULE"),
            dates=tuple(clock.moments(found.get("RDATE", ()))),
            excluded_rules=_texts(found, "EXRULE"),
            excluded_dates=tuple(moment for moment, _ in clock.moments(found.get("EXDATE", ()))),
        )
    except (ValueError, OverflowError) as error:
        raise BadEventError(component.line, f"event {uid}: {error}") from None


def row_values(event: Event, booking_id: str, start: Moment) -> dict[str, Any]:
    """An event as a row of a table would say it, from its own start or another one; raises OverflowError.

    A wall clock stays one, so that it is treated, and warned of, as in a table.
    """
    is_wall = isinstance(start.zone, ZoneInfo)
    end = start.wall + event.length if is_wall and event.on_the_clock else None
    return {
        **event.values,
        "id": booking_id,
        "starts_at": (start.wall if is_wall else start.at).isoformat(),
        "ends_at": end.isoformat() if end else timing.instant_text(_end_at(event, start)),
        "timezone": start.timezone,
    }


def _end_at(event: Event, start: Moment) -> datetime:
    return start._replace(wall=start.wall + event.length).at if event.on_the_clock else start.at + event.length


def _length(first: Mapping[str, Property], start: Moment, clock: Clock) -> tuple[timedelta, bool]:
    """How long it is, with whether that is on the clock; without an end a day, or nothing (RFC 5545, 3.6.1)."""
    if "DTEND" in first:
        end = clock.moment(first["DTEND"])
        return (end.wall - start.wall, True) if end.zone is start.zone else (end.at - start.at, False)
    if "DURATION" in first:
        length = read_duration(first["DURATION"].value)
        return length, not length.seconds  # whole days are days of the calendar
    return timedelta(days=1 if start.is_date else 0), True


def _version(first: Mapping[str, Property]) -> tuple[int, str]:
    """Of two that are the same event, the greater one is newer."""
    sequence = first["SEQUENCE"].value if "SEQUENCE" in first else ""
    stamps = (first[name].value for name in ("LAST-MODIFIED", "DTSTAMP") if name in first)
    return int(sequence) if sequence.isdecimal() and len(sequence) < 10 else 0, next(stamps, "")


def _texts(found: Properties, name: str) -> tuple[str, ...]:
    return tuple(each.value for each in found.get(name, ()))
