"""One event of a calendar: its times, its columns, what it repeats."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from reminderctl.core import timing
from reminderctl.importing.columns import ENTITIES, ColumnNames
from reminderctl.importing.formats.ical.lines import BadEventError, EventLines, Property, split_line
from reminderctl.importing.formats.ical.people import read_customers, read_staff
from reminderctl.importing.formats.ical.times import CalendarTime, TimeReader, read_duration

Properties = Mapping[str, list[Property]]  # of one event, by name
_COLUMNS = {"SUMMARY": "service", "LOCATION": "location", "DESCRIPTION": "notes", "CATEGORIES": "categories"}
PROPERTIES = frozenset(
    {
        *_COLUMNS,
        *("UID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "DURATION"),
        *("RRULE", "RDATE", "EXRULE", "EXDATE", "RECURRENCE-ID"),
        *("STATUS", "ORGANIZER", "ATTENDEE"),
    }
)
_STATUS = {"CANCELLED": "canceled", "TENTATIVE": "pending"}
_ESCAPED = re.compile(r"\\([\\;,nN])")  # RFC 5545, 3.3.11


class CalendarEvent(Struct, frozen=True, kw_only=True):
    """One VEVENT. `values` are its columns but for id and times.

    It ends `length` after its start: on the same clock where `on_the_clock`, else as time passes. `instance` is its
    RECURRENCE-ID: whose place in a series it takes, with that of all later ones where `this_and_future`. `dates` are
    the RDATEs, each with its own length if it has one.
    """

    line: int
    uid: str
    version: tuple[int, str]
    start: CalendarTime
    length: timedelta
    on_the_clock: bool
    values: Mapping[str, Any]
    instance: CalendarTime | None
    this_and_future: bool
    rules: tuple[str, ...]
    dates: tuple[tuple[CalendarTime, timedelta | None], ...]
    excluded_rules: tuple[str, ...]
    excluded_dates: tuple[CalendarTime, ...]

    @property
    def is_series(self) -> bool:
        """Does it repeat?"""
        return bool(self.rules or self.dates)


def read_event(lines: EventLines, uid: str, *, times: TimeReader, names: ColumnNames) -> CalendarEvent:
    """Return the event in some lines; raises `BadEventError`."""
    properties = {name: [split_line(lines, line) for line in texts] for name, texts in lines.properties.items()}
    first = {name: values[0] for name, values in properties.items()}
    if not uid or "DTSTART" not in first:
        raise BadEventError(lines.line, f"event {uid} has no DTSTART" if uid else "the event has no UID")
    is_canceled = lines.calendar.properties.get("METHOD", "").upper() == "CANCEL"
    try:
        start = times.read(first["DTSTART"])
        length, on_the_clock = _read_length(first, start, times=times)
        instance = first.get("RECURRENCE-ID")
        values = _read_columns(properties, names) | {"all_day": True if start.is_date else None}
        return CalendarEvent(
            line=lines.line,
            uid=uid,
            version=_read_version(first),
            start=start,
            length=length,
            on_the_clock=on_the_clock,
            values=values | {"status": "canceled"} if is_canceled else values,
            instance=times.read(instance) if instance else None,
            this_and_future=instance is not None and instance.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
            rules=_list_values(properties, "RRULE"),
            dates=tuple(times.read_lists(properties.get("RDATE", ()))),
            excluded_rules=_list_values(properties, "EXRULE"),
            excluded_dates=tuple(time for time, _ in times.read_lists(properties.get("EXDATE", ()))),
        )
    except (ValueError, OverflowError) as error:
        raise BadEventError(lines.line, f"event {uid}: {error}") from None


def make_values(event: CalendarEvent, booking_id: str, *, start: CalendarTime) -> dict[str, Any]:
    """Return the columns of an event that starts at its own or another time; raises OverflowError.

    A wall clock stays one, so that it is treated, and warned of, as in a table.
    """
    is_wall = isinstance(start.zone, ZoneInfo)
    end = start.wall + event.length if is_wall and event.on_the_clock else None
    return {
        **event.values,
        "id": booking_id,
        "starts_at": (start.wall if is_wall else start.instant).isoformat(),
        "ends_at": end.isoformat() if end else timing.instant_text(_find_end(event, start)),
        "timezone": start.timezone,
    }


def _find_end(event: CalendarEvent, start: CalendarTime) -> datetime:
    if event.on_the_clock:
        return start._replace(wall=start.wall + event.length).instant
    return start.instant + event.length


def _read_length(first: Mapping[str, Property], start: CalendarTime, *, times: TimeReader) -> tuple[timedelta, bool]:
    """Return how long an event is, with whether that is on the clock.

    Without an end it takes a day where it is a date, else no time (RFC 5545, 3.6.1).
    """
    if "DTEND" in first:
        end = times.read(first["DTEND"])
        return (end.wall - start.wall, True) if end.zone is start.zone else (end.instant - start.instant, False)
    if "DURATION" in first:
        length = read_duration(first["DURATION"].value)
        return length, not length.seconds  # whole days are days of the calendar
    return timedelta(days=1 if start.is_date else 0), True


def _read_version(first: Mapping[str, Property]) -> tuple[int, str]:
    """Return what orders the versions of one event: the greater is the newer (RFC 5545, 3.8.7.4)."""
    sequence = first["SEQUENCE"].value if "SEQUENCE" in first else ""
    stamps = (first[name].value for name in ("LAST-MODIFIED", "DTSTAMP") if name in first)
    return int(sequence) if sequence.isdecimal() and len(sequence) < 10 else 0, next(stamps, "")


def _read_columns(properties: Properties, names: ColumnNames) -> dict[str, Any]:
    """Return the columns of an event but for id and times, those that --map names after its properties among them."""
    status = properties["STATUS"][0].value.upper() if "STATUS" in properties else ""
    organizer = properties["ORGANIZER"][0] if "ORGANIZER" in properties else None
    customers = list(read_customers(properties.get("ATTENDEE", ()), organizer))
    values: dict[str, Any] = {"status": _STATUS.get(status, "approved"), "customers": customers}
    values |= read_staff(organizer)
    for name, column in _COLUMNS.items():
        if names.find_mapped(name) is None:
            values[column] = _read_text(properties.get(name, ()))
    for name in names.mapped_columns():
        if name in _COLUMNS or name in properties:
            values[names.find_mapped(name) or name] = _read_text(properties.get(name, ()))
    if not customers and not values.keys().isdisjoint(ENTITIES["customers"].values()):
        del values["customers"]  # --map says which property names the customer
    return values


def _read_text(properties: Sequence[Property]) -> str | None:
    """Return the TEXT of a property; of several, as CATEGORIES may be, all."""
    return ", ".join(_ESCAPED.sub(_unescape, given.value) for given in properties) or None


def _unescape(escaped: re.Match[str]) -> str:
    letter = escaped[1]
    return "\n" if letter in "nN" else letter


def _list_values(properties: Properties, name: str) -> tuple[str, ...]:
    return tuple(given.value for given in properties.get(name, ()))
