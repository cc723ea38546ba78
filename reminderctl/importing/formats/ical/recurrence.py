"""The instances of a repeating event: its rules, dates and exceptions put together (RFC 5545, 3.8.5).

docs/explanation/decisions.md says why no library does this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from reminderctl.importing.formats.ical.events import CalendarEvent
from reminderctl.importing.formats.ical.lines import BadEventError
from reminderctl.importing.formats.ical.rrule import RuleBudget, list_occurrences
from reminderctl.importing.formats.ical.times import CalendarTime, find_day
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


def list_repetitions(events: Sequence[CalendarEvent]) -> Iterator[tuple[CalendarEvent, list[int]]]:
    """Return each event that is taken, with the lines of those that have its name and revision and say otherwise.

    UID must be unique (RFC 5545, 3.8.4.7): these are bookings that nobody would be reminded of.
    """
    main = find_main_event(events)
    groups: dict[str, list[CalendarEvent]] = defaultdict(list)
    for event in events:
        groups[_find_name(event, main) if event.instance else ""].append(event)
    for group in groups.values():
        taken = max(group, key=_order_by_version)
        others = [event.line for event in group if event is not taken and _contradicts(event, taken)]
        if others:
            yield taken, others


def _contradicts(event: CalendarEvent, taken: CalendarEvent) -> bool:
    if event.version[0] != taken.version[0]:
        return False
    is_same = event.version == taken.version and (event.length, event.values) != (taken.length, taken.values)
    return is_same or event.start.instant != taken.start.instant


def expand(events: Sequence[CalendarEvent], window: Window, *, budget: RuleBudget) -> Iterator[Instance]:
    """Return the bookings of the events that share a UID: the single event, or the instances of the series.

    Instances that a rule makes are given where they start in the window; those that have an event of their own always.
    Each keeps the name of the instant that the rule gave it, wherever it was moved to. Raises `BadEventError`.
    """
    main = find_main_event(events)
    overrides = _list_overrides(events, main)
    if main is not None and main.is_series:
        try:
            yield from _list_instances(main, overrides, window=window, budget=budget)
        except (ValueError, OverflowError) as error:
            raise BadEventError(main.line, f"event {main.uid}: {error}") from None
    elif main is not None:
        yield Instance(main.uid, main, main.start)
    for name, (_, event) in overrides.items():
        yield Instance(f"{event.uid}/{name}", event, event.start)


def _list_overrides(events: Sequence[CalendarEvent], main: CalendarEvent | None) -> Overrides:
    """Return the instances with an event of their own, the newest of each.

    Not those that a newer revision of the series excludes or cancels with all others (RFC 5545, 3.8.7.4 and 3.8.5.1).
    An older one that it does not name stays: programs number the two independently.
    """
    excluded = {format_name(_align_to_series(date, main)) for date in main.excluded_dates} if main else set()
    overrides: Overrides = {}
    for event in sorted(events, key=_order_by_version):
        if event.instance is None:
            continue
        name = _find_name(event, main)
        is_over = main is not None and (name in excluded or main.values.get("status") == "canceled")
        if not (main and is_over and main.version[0] > event.version[0]):
            overrides[name] = _align_to_series(event.instance, main or event), event
    return overrides


def _find_name(event: CalendarEvent, main: CalendarEvent | None) -> str:
    return format_name(_align_to_series(event.instance or event.start, main or event))


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
        event = main if length is None else replace(main, length=length)
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


def _align_to_series(time: CalendarTime, main: CalendarEvent) -> CalendarTime:
    """Return a time that names an instance in the form of its series.

    Some programs write only the date, or midnight, or leave out the zone (RFC 5545, 3.8.5.1: it names an instance).
    """
    start = main.start
    if time.is_date == start.is_date:
        return time.on_clock_of(start)
    if time.is_date:
        return start._replace(wall=datetime.combine(time.wall, start.wall.time()))
    written = time.wall.replace(tzinfo=UTC) if time.zone is UTC else time.wall
    return start._replace(wall=find_day(written, start.zone))


def _order_by_version(event: CalendarEvent) -> tuple[int, str, str, int]:
    return *event.version, event.line
