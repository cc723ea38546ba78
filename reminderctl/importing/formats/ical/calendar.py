"""iCalendar: one record per event, one per instance of an event that repeats.

UID is the booking's `id`, SUMMARY its service, LOCATION its location, ORGANIZER its member of staff, each ATTENDEE a
customer, DESCRIPTION the `notes` in `fields`. An event is CONFIRMED unless its STATUS or the calendar's METHOD says
otherwise; a customer who declined is `rejected` in that booking. One that lasts all day goes from midnight to midnight.
An instance's `id` is the UID with the instant that its series gave it, so that it stays the same when it is moved.
"""

from __future__ import annotations

from collections.abc import Iterator

from reminderctl.errors import ImportFailedError
from reminderctl.importing.columns import Names
from reminderctl.importing.formats.ical.events import PROPERTIES, Event, read_event, row_values
from reminderctl.importing.formats.ical.lines import BadEventError, Component, read_components
from reminderctl.importing.formats.ical.recurrence import Effort, expand, find_whole
from reminderctl.importing.formats.ical.times import Clock
from reminderctl.importing.records import Record
from reminderctl.importing.source import Source
from reminderctl.model import Window

MOST_INSTANCES = 100_000


def read_calendar(source: Source, names: Names, *, timezone: str, window: Window) -> Iterator[Record]:
    """The events and instances; those that a rule makes in the window only.

    Events that share a UID are one matter, so all are gathered first, as text: as objects they take ten times as much.
    Raises `ImportFailedError` where the file as a whole is broken, or would make too many instances.
    """
    by_uid: dict[str, list[Component]] = {}
    for component in read_components(source, PROPERTIES.union(names.sources())):
        by_uid.setdefault(_uid(component), []).append(component)
    clocks: dict[int, Clock] = {}
    effort = Effort()
    number, instances = len(by_uid), 0
    source.position = lambda: source.size * (number - len(by_uid)) // number
    for uid in list(by_uid):
        read = _read_one(uid, by_uid.pop(uid), names, clocks, timezone=timezone, window=window, effort=effort)
        for record in read:
            instances += record.is_instance
            if instances > MOST_INSTANCES:
                what = f"its series make more than {MOST_INSTANCES:,} bookings; say how far to look with --horizon DAYS"
                raise ImportFailedError(f"{source.name}:{record.line}: {what}; nothing was changed")
            yield record


def _uid(component: Component) -> str:
    line = next(iter(component.lines.get("UID", ())), "")
    return line.partition(":")[2].strip()


def _read_one(
    uid: str,
    components: list[Component],
    names: Names,
    clocks: dict[int, Clock],
    *,
    timezone: str,
    window: Window,
    effort: Effort,
) -> Iterator[Record]:
    """All records of one UID: first the one that says that the file holds the whole of it, if it does."""
    events = []
    for component in components:
        calendar = component.calendar
        clock = clocks.get(id(calendar)) or clocks.setdefault(id(calendar), Clock(calendar, timezone))
        try:
            events.append(read_event(component, uid, clock, names))
        except BadEventError as error:
            yield Record(error.line, problem=str(error))
    if len(events) == len(components):
        try:
            yield from _records(uid, events, window, effort)
        except BadEventError as error:
            yield Record(error.line, problem=str(error))


def _records(uid: str, events: list[Event], window: Window, effort: Effort) -> Iterator[Record]:
    whole = find_whole(events)
    if whole is not None:
        yield Record(whole.line, whole=uid)
    for booking_id, event, start in expand(events, window, effort=effort):
        try:
            yield Record(event.line, row_values(event, booking_id, start), is_instance=booking_id != uid)
        except OverflowError:
            raise BadEventError(event.line, f"event {uid}: there is no such time") from None
