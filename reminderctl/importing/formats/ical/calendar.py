"""The records of a calendar: one per event, one per instance of an event that repeats.

UID is the booking's `id` (`uids` makes one where it is missing), SUMMARY its service, LOCATION its location, ORGANIZER
its member of staff, each ATTENDEE a customer, DESCRIPTION the `notes` in `fields`. An event is CONFIRMED unless its
STATUS or the calendar's METHOD says otherwise; a customer who declined is `rejected` in that booking. One that lasts
all day goes from midnight to midnight. An instance's `id` is the UID with the instant that its series gave it, so that
it stays the same when it is moved.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from reminderctl.errors import ImportFailedError
from reminderctl.importing.columns import ColumnNames, ExportRecord
from reminderctl.importing.export_file import ExportFile
from reminderctl.importing.formats.ical.events import PROPERTIES, CalendarEvent, make_values, read_event
from reminderctl.importing.formats.ical.lines import BadEventError, CalendarLines, EventLines, read_event_lines
from reminderctl.importing.formats.ical.recurrence import expand, find_main_event, list_repetitions
from reminderctl.importing.formats.ical.rrule import RuleBudget
from reminderctl.importing.formats.ical.times import TimeReader
from reminderctl.importing.formats.ical.uids import describe_made_uids, find_uid, make_uid
from reminderctl.model import Window

MOST_INSTANCES = 100_000
_SHOWN_LINES = 10


class CalendarContext(Struct, frozen=True, kw_only=True):
    """The settings that all events of a file are read with; `time_readers` are by the identity of their calendars."""

    names: ColumnNames
    timezone: str
    window: Window
    budget: RuleBudget
    time_readers: dict[int, TimeReader]

    def find_time_reader(self, calendar: CalendarLines) -> TimeReader:
        """Return the one reader of a calendar's times, which keeps its zones."""
        readers = self.time_readers
        return readers.get(id(calendar)) or readers.setdefault(
            id(calendar), TimeReader(calendar, self.timezone, since=self.window.since.year)
        )


def read_calendar(file: ExportFile, names: ColumnNames, *, timezone: str, window: Window) -> Iterator[ExportRecord]:
    """Return the records of the events and instances; of those that a rule makes the ones in the window.

    Events that share a UID belong together, so all are gathered first, as text: as objects they take ten times as
    much. Raises `ImportFailedError` where the file as a whole is broken, or would make too many instances.
    """
    by_uid: dict[str, list[EventLines]] = {}
    without_uid: list[int] = []
    for lines in read_event_lines(file, PROPERTIES.union(names.mapped_columns())):
        uid = find_uid(lines, names)
        if not uid:
            without_uid.append(lines.line)
            uid = make_uid(lines)
        by_uid.setdefault(uid, []).append(lines)
    if without_uid:
        yield ExportRecord(without_uid[0], remarks=(describe_made_uids(len(without_uid)),))
    context = CalendarContext(names=names, timezone=timezone, window=window, budget=RuleBudget(), time_readers={})
    number, instances = len(by_uid), 0
    file.position = lambda: file.size * (number - len(by_uid)) // number
    for uid in list(by_uid):
        for record in _read_uid(uid, by_uid.pop(uid), context=context):
            instances += record.is_instance
            if instances > MOST_INSTANCES:
                problem = (
                    f"its series make more than {MOST_INSTANCES:,} bookings; say how far to look with --horizon DAYS"
                )
                raise ImportFailedError(f"{file.name}:{record.line}: {problem}; nothing was changed")
            yield record


def _read_uid(uid: str, events_lines: list[EventLines], *, context: CalendarContext) -> Iterator[ExportRecord]:
    """Return the records of all events with one UID, or a problem for each event that cannot be read."""
    events = []
    for lines in events_lines:
        times = context.find_time_reader(lines.calendar)
        try:
            events.append(read_event(lines, uid, times=times, names=context.names))
        except BadEventError as error:
            yield ExportRecord(error.line, problem=str(error))
    if len(events) == len(events_lines):
        try:
            yield from _make_records(uid, events, context=context)
        except BadEventError as error:
            yield ExportRecord(error.line, problem=str(error))


def _make_records(uid: str, events: list[CalendarEvent], *, context: CalendarContext) -> Iterator[ExportRecord]:
    """Return first the record that says that the file holds the whole series, if it does, then the bookings."""
    for event in events:
        if event.remarks:
            yield ExportRecord(event.line, remarks=tuple(f"event {uid}: {remark}" for remark in event.remarks))
    for event, others in list_repetitions(events):
        lines = ", ".join(map(str, sorted(others)[:_SHOWN_LINES]))
        remark = f"event {uid} is there again, in the same revision, on line {lines}; only this one was taken"
        yield ExportRecord(event.line, remarks=(remark,))
    main = find_main_event(events)
    if main is not None:
        yield ExportRecord(main.line, complete_series=uid)
    for booking_id, event, start in expand(events, context.window, budget=context.budget):
        try:
            yield ExportRecord(event.line, make_values(event, booking_id, start=start), is_instance=booking_id != uid)
        except OverflowError:
            raise BadEventError(event.line, f"event {uid}: there is no such time") from None
