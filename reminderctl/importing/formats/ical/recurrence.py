"""The instances of a repeating event: its rules, dates and exceptions put together (RFC 5545, 3.8.5).

docs/explanation/decisions.md says why no library does this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from reminderctl.importing.formats.ical.events import CalendarEvent
from reminderctl.importing.formats.ical.lines import BadEventError
from reminderctl.importing.formats.ical.rrule import RuleBudget, list_occurrences
from reminderctl.importing.formats.ical.times import CalendarTime
from reminderctl.model import Window

Overrides = dict[str, tuple[CalendarTime, CalendarEvent]]  # the instances with an event of their own, by name


class Instance(NamedTuple):
    """One booking that a calendar makes: its id, the event whose columns it has, when it starts."""

    booking_id: str
    event: CalendarEvent
    start: CalendarTime


def find_main_event(events: Sequence[CalendarEvent]) -> CalendarEvent | None:
    """Return, of the events that share a UID, the newest that is no instance of a series."""
    return max((event for event in events if event.instance is None), key=_order_by_version, default=None)


def expand(events: Sequence[CalendarEvent], window: Window, *, budget: RuleBudget) -> Iterator[Instance]:
    """Return the bookings of the events that share a UID: the single event, or the instances of the series.

    Instances that a rule makes are given where they start in the window; those that have an event of their own always.
    Each keeps the name of the instant that the rule gave it, wherever it was moved to. Raises `BadEventError`.
    """
    main = find_main_event(events)
    overrides: Overrides = {}
    for event in sorted(events, key=_order_by_version):
        if event.instance is not None:
            instance = _align_to_series(event.instance, main)
            overrides[format_name(instance)] = instance, event
    if main is not None and main.is_series:
        try:
            yield from _list_instances(main, overrides, window=window, budget=budget)
        except (ValueError, OverflowError) as error:
            raise BadEventError(main.line, f"event {main.uid}: {error}") from None
    elif main is not None:
        yield Instance(main.uid, main, main.start)
    for name, (_, event) in overrides.items():
        yield Instance(f"{event.uid}/{name}", event, event.start)


def format_name(instance: CalendarTime) -> str:
    """Return the name of an instance in its series: the time that the series gave it, as a RECURRENCE-ID has it."""
    return f"{instance.wall:%Y%m%d}" if instance.is_date else f"{instance.instant:%Y%m%dT%H%M%SZ}"


def _list_instances(
    main: CalendarEvent, overrides: Overrides, *, window: Window, budget: RuleBudget
) -> Iterator[Instance]:
    """Return the instances in the window that have no event of their own, earliest first; raises ValueError."""
    last = window.until.astimezone(main.start.zone).replace(tzinfo=None) + timedelta(days=1)
    excluded = overrides.keys() | _list_excluded(main, last, budget=budget)
    instances = {format_name(main.start): (main.start, main)}
    for rule in dict.fromkeys(main.rules):
        for wall in list_occurrences(rule, main.start, last=last, budget=budget):
            start = main.start._replace(wall=wall)
            instances[format_name(start)] = start, main
    for date, length in main.dates:
        start = _align_to_series(date, main)
        event = main if length is None else replace(main, length=length, on_the_clock=False)
        instances[format_name(start)] = start, event
    changes = sorted(
        (override for override in overrides.values() if override[1].this_and_future),
        key=lambda override: override[0].instant,
    )
    for name, (start, event) in sorted(instances.items()):
        if name not in excluded and window.since < start.instant <= window.until:
            yield Instance(f"{main.uid}/{name}", *_apply_changes(event, start, changes=changes))


def _list_excluded(main: CalendarEvent, last: datetime, *, budget: RuleBudget) -> set[str]:
    """Return the names of the instances that EXDATE and EXRULE take away; raises ValueError."""
    excluded = {format_name(_align_to_series(date, main)) for date in main.excluded_dates}
    for rule in dict.fromkeys(main.excluded_rules):
        walls = list_occurrences(rule, main.start, last=last, budget=budget)
        excluded |= {format_name(main.start._replace(wall=wall)) for wall in walls}
    return excluded


def _apply_changes(
    event: CalendarEvent, start: CalendarTime, *, changes: Sequence[tuple[CalendarTime, CalendarEvent]]
) -> tuple[CalendarEvent, CalendarTime]:
    """Return the event and start of an instance after the last change of THISANDFUTURE before it.

    It has the columns of that change, and is moved by as much (RFC 5545, 3.2.13).
    """
    change = next((change for change in reversed(changes) if change[0].instant <= start.instant), None)
    if change is None:
        return event, start
    instance, changed = change
    zone = changed.start.zone
    moved_by = changed.start.wall - instance.instant.astimezone(zone).replace(tzinfo=None)
    wall = start.instant.astimezone(zone).replace(tzinfo=None) + moved_by
    return changed, changed.start._replace(wall=wall)


def _align_to_series(time: CalendarTime, main: CalendarEvent | None) -> CalendarTime:
    """Return a time that names an instance in the form of its series: some programs write only the date or midnight."""
    if main is None or time.is_date == main.start.is_date:
        return time
    if time.is_date:
        return main.start._replace(wall=datetime.combine(time.wall, main.start.wall.time()))
    day = time.instant.astimezone(main.start.zone).replace(tzinfo=None, hour=0, minute=0, second=0)
    return main.start._replace(wall=day)


def _order_by_version(event: CalendarEvent) -> tuple[int, str, int]:
    return *event.version, event.line
