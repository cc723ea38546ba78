"""iCalendar: one record per event.

UID is the booking's `id`, SUMMARY its service, LOCATION its location, each ATTENDEE a customer (not the organizer, not
a room), DESCRIPTION becomes `notes` in `fields`. An event is CONFIRMED unless its STATUS or the calendar's METHOD says
otherwise; a customer who declined is `rejected` in that booking. All-day events have no instant to count from and
recurring ones no single one: they are skipped, with a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, Event

from reminderctl import timing
from reminderctl.errors import ImportFailedError
from reminderctl.importing.columns import Names
from reminderctl.importing.records import Record
from reminderctl.importing.source import Source

_STATUS = {"CANCELLED": "canceled", "TENTATIVE": "pending"}


def read_calendar(source: Source, names: Names) -> Iterator[Record]:
    """The events, one at a time: the whole calendar as objects would take gigabytes.

    Raises `ImportFailedError` where the calendar around the events is broken or cut off.
    """
    try:
        calendars = Calendar.from_ical(_frame(source), multiple=True)  # this also makes its VTIMEZONEs known
    except (ValueError, IndexError) as error:
        raise ImportFailedError(f"{source.name}: cannot read the calendar: {error}; nothing was changed") from None
    zone = next((str(found) for found in (each.get("X-WR-TIMEZONE") for each in calendars) if found), None)
    canceled = any(str(each.get("METHOD", "")).upper() == "CANCEL" for each in calendars)
    for line, text in _events(source):
        try:
            event = Event.from_ical(text)
        except (ValueError, IndexError) as error:
            yield Record(line, problem=f"cannot read the event: {error}")
            continue
        values = _values(event, zone)
        if canceled:
            values["status"] = "canceled"
        values = {names[column]: value for column, value in values.items()}
        yield Record(line, values, skipped=_why_skipped(event))


def _frame(source: Source) -> str:
    """The calendar without its events."""
    frame: list[str] = []
    inside = False
    with source.text() as text:
        for line in text:
            word = line.strip().upper()
            inside = inside or word == "BEGIN:VEVENT"
            if not inside:
                frame.append(line)
            inside = inside and word != "END:VEVENT"
    words = [line.strip().upper() for line in frame]
    if inside or words.count("BEGIN:VCALENDAR") != words.count("END:VCALENDAR"):
        raise ImportFailedError(f"{source.name}: the calendar has no end, the file is cut off; nothing was changed")
    return "".join(frame)


def _events(source: Source) -> Iterator[tuple[int, str]]:
    """Each event's first line number with its text."""
    event: list[str] = []
    first = 0
    with source.text() as text:
        for number, line in enumerate(text, start=1):
            word = line.strip().upper()
            if word == "BEGIN:VEVENT":
                event, first = [], number
            event.append(line)
            if word == "END:VEVENT":
                yield first, "".join(event)


def _why_skipped(event: Component) -> str | None:
    uid = event.get("UID")
    if any(name in event for name in ("RRULE", "RDATE", "RECURRENCE-ID")):
        return f"event {uid} is part of a series (RRULE); series are not imported, write each booking of its own"
    if event.get("DTSTART") is not None and _is_date(event["DTSTART"]):
        return f"event {uid} lasts all day; it has no time to count from"
    return None


def _values(event: Component, zone: str | None) -> dict[str, Any]:
    starts_at, own_zone = _time(event.get("DTSTART"), zone)
    ends_at, end_zone = _time(event.get("DTEND"), zone)
    values = {
        "id": _text(event, "UID"),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "timezone": own_zone,
        "status": _STATUS.get(str(event.get("STATUS", "")).upper(), "approved"),
        "service": _text(event, "SUMMARY"),
        "location": _text(event, "LOCATION"),
        "notes": _text(event, "DESCRIPTION"),
        "customers": list(_customers(event)),
    }
    if "DTEND" not in event:
        values["ends_at"] = None
        values["duration"] = _minutes(event)
    elif end_zone != own_zone and end_zone and ends_at and timing.find_zone(end_zone):
        wall = datetime.fromisoformat(ends_at)
        if wall.tzinfo is None:
            values["ends_at"] = timing.instant_text(timing.instant_of(wall, ZoneInfo(end_zone)))
    return values


def _text(event: Component, name: str) -> str | None:
    value = event.get(name)
    return None if value is None else str(value[0] if isinstance(value, list) else value)


def _is_date(value: Any) -> bool:
    moment = getattr(value, "dt", None)
    return moment is not None and not isinstance(moment, datetime)


def _time(value: Any, zone: str | None) -> tuple[str | None, str | None]:
    """A time as the rows of a table write it, with its zone; the raw text where it is broken."""
    if value is None:
        return None, zone
    moment = getattr(value, "dt", None)
    if not isinstance(moment, datetime):
        raw = value[0] if isinstance(value, list) else value
        return str(raw.to_ical().decode()), zone
    if moment.tzinfo is None:
        return moment.isoformat(), value.params.get("TZID", zone)
    name = getattr(moment.tzinfo, "key", None)
    if name and name != "UTC":
        return moment.replace(tzinfo=None).isoformat(), name
    return moment.isoformat(), zone


def _minutes(event: Component) -> str:
    """The length of an event without an end; one without a length either ends as it starts (RFC 5545, 3.6.1)."""
    length = getattr(event.get("DURATION"), "dt", None)
    return "0" if length is None else f"{length.total_seconds() / 60:g}"


def _customers(event: Component) -> Iterator[dict[str, str | None]]:
    organizer = str(event.get("ORGANIZER", "")).casefold()
    found = event.get("ATTENDEE", [])
    for attendee in found if isinstance(found, list) else [found]:
        parameters = {name: str(value) for name, value in attendee.params.items()}
        if str(attendee).casefold() == organizer or parameters.get("CUTYPE", "").upper() in ("ROOM", "RESOURCE"):
            continue
        scheme, _, address = str(attendee).partition(":")
        kind = {"mailto": "email", "tel": "phone"}.get(scheme.lower())
        if kind is None:
            continue
        customer: dict[str, str | None] = {"email": None, "phone": None, kind: address}
        name = parameters.get("CN", "")
        customer["name"] = None if name.casefold() == address.casefold() else name
        if "PARTSTAT" in parameters:
            customer["status"] = "rejected" if parameters["PARTSTAT"].upper() == "DECLINED" else None
        yield customer
