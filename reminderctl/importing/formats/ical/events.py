"""One event of a calendar: its times, its columns, what it repeats."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from reminderctl.core import timing
from reminderctl.core.matching import NEVER_WITHOUT_A_FILTER
from reminderctl.core.statuses import CANCELED, split_canceled, standard_status
from reminderctl.importing.columns import ENTITIES, ColumnNames
from reminderctl.importing.formats.ical.lines import BadEventError, EventLines, Property, split_line
from reminderctl.importing.formats.ical.methods import read_method
from reminderctl.importing.formats.ical.people import read_customers, read_staff
from reminderctl.importing.formats.ical.times import CalendarTime, Length, TimeReader, read_duration

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
_STATUS = {"": "approved", "CONFIRMED": "approved", "TENTATIVE": "pending"}
_MAY_BE_EMPTY = frozenset({"DTEND", "DURATION", "RRULE", "RDATE", "EXRULE", "EXDATE", "RECURRENCE-ID"})
_RULES = frozenset({"RRULE", "EXRULE"})
_EMPTY_UNTIL = re.compile(r"\s*UNTIL\s*=\s*", re.IGNORECASE)
_SEQUENCE = re.compile(r"\+?\d{1,18}", re.ASCII)
_ESCAPED = re.compile(r"\\([\\;,nN])")  # RFC 5545, 3.3.11


class CalendarEvent(Struct, frozen=True, kw_only=True):
    """One VEVENT. `values` are its columns but for id and times.

    It ends `length` after its start. `instance` is its RECURRENCE-ID: whose place in a series it takes, with that of
    all later ones where `this_and_future`. `dates` are the RDATEs, each with its own length if it has one. `remarks`
    are what a person should hear about it.
    """

    line: int
    uid: str
    version: tuple[int, str, str]
    start: CalendarTime
    length: Length
    values: Mapping[str, Any]
    instance: CalendarTime | None
    this_and_future: bool
    rules: tuple[str, ...]
    dates: tuple[tuple[CalendarTime, Length | None], ...]
    excluded_rules: tuple[str, ...]
    excluded_dates: tuple[CalendarTime, ...]
    remarks: tuple[str, ...]

    @property
    def is_series(self) -> bool:
        """Does it repeat?"""
        return bool(self.rules or self.dates)


def read_event(lines: EventLines, uid: str, *, times: TimeReader, names: ColumnNames) -> CalendarEvent:
    """Return the event in some lines; raises `BadEventError`."""
    stray = f"line {lines.stray_line} is no property (NAME:value); what is before it may be cut"
    remarks = [stray] if lines.stray_line else []
    properties = _drop_empty(_split_lines(lines, remarks), remarks)
    first = {name: values[0] for name, values in properties.items()}
    method = read_method(lines.calendar)
    method.refuse(lines.line, uid, first=first)
    if not uid:
        raise BadEventError(lines.line, "the event has no UID")
    if "DTSTART" not in first and method.cancels and "RECURRENCE-ID" in first:
        first["DTSTART"] = first["RECURRENCE-ID"]  # a cancellation may do without it (RFC 5546, 3.2.5)
    if "DTSTART" not in first:
        raise BadEventError(lines.line, f"event {uid} has no DTSTART")
    try:
        start = _read_start(first, times=times, remarks=remarks)
        instance = first["DTSTART"] if method.adds else first.get("RECURRENCE-ID")
        values = _read_columns(_read_subject(properties, remarks), names, remarks=remarks) | {
            "all_day": True if start.is_date else None
        }
        return CalendarEvent(
            line=lines.line,
            uid=uid,
            version=_read_version(first),
            start=start,
            length=_read_length(first, start, times=times),
            values=values | {"status": "canceled"} if method.cancels else values,
            instance=times.read(instance) if instance else None,
            this_and_future=instance is not None and instance.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
            rules=_list_values(properties, "RRULE"),
            dates=tuple(times.read_lists(properties.get("RDATE", ()))),
            excluded_rules=_list_values(properties, "EXRULE"),
            excluded_dates=tuple(time for time, _ in times.read_lists(properties.get("EXDATE", ()))),
            remarks=tuple(remarks),
        )
    except (ValueError, OverflowError) as error:
        raise BadEventError(lines.line, f"event {uid}: {error}") from None


def _split_lines(lines: EventLines, remarks: list[str]) -> dict[str, list[Property]]:
    return {
        name: [split_line(lines, line, remarks=remarks) for line in texts] for name, texts in lines.properties.items()
    }


def _drop_empty(properties: Properties, remarks: list[str]) -> dict[str, list[Property]]:
    """Return the properties without those that say when an event is and are empty: they say nothing.

    RFC 5545 has no such values, but programs write them, and each means one thing only.
    """
    kept = dict(properties)
    for name in _RULES & properties.keys():
        kept[name] = [_drop_empty_until(name, given, remarks=remarks) for given in properties[name]]
    for name in _MAY_BE_EMPTY & properties.keys():
        kept[name] = [given for given in kept[name] if given.value.strip(",; ")]
        if len(kept[name]) < len(properties[name]):
            remarks.append(f"an empty {name} was left out")
        if any(given.value.endswith(",") for given in kept[name]):
            remarks.append(f"nothing follows the last comma of {name}")
        if not kept[name]:
            del kept[name]
    return kept


def _drop_empty_until(name: str, rule: Property, *, remarks: list[str]) -> Property:
    """Return a rule without an UNTIL that has no value."""
    parts = rule.value.split(";")
    kept = [part for part in parts if not _EMPTY_UNTIL.fullmatch(part)]
    if len(kept) == len(parts):
        return rule
    remarks.append(f"an empty UNTIL of {name} was left out")
    return rule._replace(value=";".join(kept))


def _read_start(first: Mapping[str, Property], *, times: TimeReader, remarks: list[str]) -> CalendarTime:
    """Return when an event starts, without a zone on the clock of its end (RFC 5545, 3.8.2.2: they have one form)."""
    start = times.read(first["DTSTART"])
    if not start.is_floating or start.is_date or "TZID" not in (first["DTEND"].parameters if "DTEND" in first else ()):
        return start
    end = times.read(first["DTEND"])
    if end.is_date or end.is_floating or end.zone is UTC:
        return start
    remarks.append("DTSTART has no zone, and was read on the clock of DTEND")
    return end._replace(wall=start.wall)


def make_values(event: CalendarEvent, booking_id: str, *, start: CalendarTime) -> dict[str, Any]:
    """Return the columns of an event that starts at its own or another time; raises OverflowError.

    A wall clock stays one, so that it is treated, and warned of, as in a table.
    """
    end = start.find_end(event.length)
    return {
        **event.values,
        "id": booking_id,
        "starts_at": _write_time(start),
        "ends_at": _write_time(end),
        "timezone": start.timezone,
    }


def _write_time(time: CalendarTime) -> str:
    is_wall = isinstance(time.zone, ZoneInfo)
    return time.wall.isoformat() if is_wall else timing.instant_text(time.instant)


def _read_length(first: Mapping[str, Property], start: CalendarTime, *, times: TimeReader) -> Length:
    """Return how long an event is. Without an end it takes a day where it is a date, else no time (RFC 5545, 3.6.1)."""
    if "DTEND" in first:
        end = times.read(first["DTEND"]).on_clock_of(start)
        if end.zone is start.zone:
            return Length(clock=end.wall - start.wall)
        return Length(exact=end.instant - start.instant)
    if "DURATION" in first:
        length = read_duration(first["DURATION"].value)
        is_days = start.is_date and not length.exact % timedelta(days=1)
        return Length(clock=length.clock + length.exact) if is_days else length
    return Length(clock=timedelta(days=1 if start.is_date else 0))


def _read_version(first: Mapping[str, Property]) -> tuple[int, str, str]:
    """Return what orders the versions of one event: the greater is the newer (RFC 5545, 3.8.7.4; RFC 5546, 2.1.5)."""
    sequence = first["SEQUENCE"].value if "SEQUENCE" in first else ""
    stamp = first["DTSTAMP"].value if "DTSTAMP" in first else ""
    modified = first["LAST-MODIFIED"].value if "LAST-MODIFIED" in first else stamp
    return int(sequence) if _SEQUENCE.fullmatch(sequence) else 0, modified, stamp


def _read_columns(properties: Properties, names: ColumnNames, *, remarks: list[str]) -> dict[str, Any]:
    """Return the columns of an event but for id and times, those that --map names after its properties among them."""
    status = properties["STATUS"][0].value if "STATUS" in properties else ""
    organizer = properties["ORGANIZER"][0] if "ORGANIZER" in properties else None
    customers = list(read_customers(properties.get("ATTENDEE", ()), organizer, remarks=remarks))
    values: dict[str, Any] = {"status": _read_status(status), "customers": customers}
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


def _read_status(status: str) -> str:
    """Return the status of a booking; a word that RFC 5545, 3.8.1.11 does not have as it is, unless it is clear."""
    standard = standard_status(status)
    return _STATUS.get(status.upper(), standard if standard in NEVER_WITHOUT_A_FILTER else status)


def _read_text(properties: Sequence[Property]) -> str | None:
    """Return the TEXT of a property; of several, as CATEGORIES may be, all."""
    return ", ".join(_ESCAPED.sub(_unescape, given.value) for given in properties) or None


def _unescape(escaped: re.Match[str]) -> str:
    letter = escaped[1]
    return "\n" if letter in "nN" else letter


def _read_subject(properties: Properties, remarks: list[str]) -> Properties:
    """Return the properties of an event that Outlook shows as canceled without `Canceled: `, and with that STATUS."""
    subject = properties["SUMMARY"][0] if "SUMMARY" in properties else Property({}, "")
    word, rest = split_canceled(subject.value)
    if not word:
        return properties
    remarks.append(f"SUMMARY begins with {word!r}, so the event is canceled")
    return {**properties, "SUMMARY": [subject._replace(value=rest)], "STATUS": [Property({}, CANCELED)]}


def _list_values(properties: Properties, name: str) -> tuple[str, ...]:
    return tuple(given.value for given in properties.get(name, ()))
