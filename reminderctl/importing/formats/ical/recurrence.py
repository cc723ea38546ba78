"""The instances of a repeating event, worked out on the clock of its zone.

`dateutil` knows the rules (RRULE). What else makes a series (RDATE, EXDATE, instances that were moved) stands in other
properties and events, and is put together here: `recurring-ical-events` does that for whole calendars in memory,
and without bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import MAXYEAR, datetime, timedelta

from dateutil.rrule import rrulestr
from msgspec.structs import replace

from reminderctl.importing.formats.ical.events import Event
from reminderctl.importing.formats.ical.lines import BadEventError
from reminderctl.importing.formats.ical.rrule import parse_rule
from reminderctl.importing.formats.ical.times import Moment
from reminderctl.model import Window

MOST_OF_A_RULE = 100_000  # 270 years of days
MOST_OF_A_FILE = 100 * MOST_OF_A_RULE  # a few minutes
_CYCLE = 400  # after so many years the calendar repeats itself, weekdays included

Instance = tuple[str, Event, Moment]  # the booking's id, whose words it has, when it starts
Own = dict[str, tuple[Moment, Event]]  # the instances with an event of their own, by mark


def find_whole(events: Sequence[Event]) -> Event | None:
    """Of the events that share a UID, the newest that is no instance of a series."""
    return max((event for event in events if event.instance is None), key=_version, default=None)


class Effort:
    """The work that the rules of one file were so far: a small one can ask for more than anybody waits for."""

    def __init__(self) -> None:
        self._instances = 0

    def add(self, instances: int) -> None:
        """Count what a rule made, or what making it cost as much as."""
        self._instances += instances

    def refuse_more(self) -> None:
        """Raise ValueError where it was enough."""
        if self._instances >= MOST_OF_A_FILE:
            raise ValueError("the rules of the events before it already take too long to work out")


def expand(events: Sequence[Event], window: Window, *, effort: Effort) -> Iterator[Instance]:
    """What the events that share a UID say: the single event, or the instances of the series.

    Instances that a rule makes are given where they start in the window; those that have an event of their own always.
    Each keeps the id of the instant that the rule gave it, wherever it was moved to. Raises `BadEventError`.
    """
    whole = find_whole(events)
    own: Own = {}
    for event in sorted(events, key=_version):
        if event.instance is not None:
            instance = _aligned(event.instance, whole)
            own[mark(instance)] = instance, event
    if whole is not None and whole.is_series:
        try:
            yield from _regular(whole, own, window, effort)
        except (ValueError, OverflowError) as error:
            raise BadEventError(whole.line, f"event {whole.uid}: {error}") from None
    elif whole is not None:
        yield whole.uid, whole, whole.start
    for name, (_, event) in own.items():
        yield f"{event.uid}/{name}", event, event.start


def mark(moment: Moment) -> str:
    """What tells an instance from the others of its series."""
    return f"{moment.wall:%Y%m%d}" if moment.is_date else f"{moment.at:%Y%m%dT%H%M%SZ}"


def _regular(whole: Event, own: Own, window: Window, effort: Effort) -> Iterator[Instance]:
    """The instances that follow the rules, earliest first; raises ValueError."""
    last = window.until.astimezone(whole.start.zone).replace(tzinfo=None) + timedelta(days=1)
    excluded = own.keys() | {mark(_aligned(each, whole)) for each in whole.excluded_dates}
    for rule in dict.fromkeys(whole.excluded_rules):
        excluded |= {mark(whole.start._replace(wall=wall)) for wall in _walls(whole, rule, last, effort)}
    found = {mark(whole.start): (whole.start, whole)}
    for rule in dict.fromkeys(whole.rules):
        for wall in _walls(whole, rule, last, effort):
            start = whole.start._replace(wall=wall)
            found[mark(start)] = start, whole
    for given, length in whole.dates:
        start = _aligned(given, whole)
        found[mark(start)] = start, whole if length is None else replace(whole, length=length, on_the_clock=False)
    changes = sorted((each for each in own.values() if each[1].and_later), key=lambda each: each[0].at)
    for name, (start, event) in sorted(found.items()):
        if name not in excluded and window.since < start.at <= window.until:
            yield f"{whole.uid}/{name}", *_changed(start, event, changes)


def _changed(start: Moment, event: Event, changes: Sequence[tuple[Moment, Event]]) -> tuple[Event, Moment]:
    """An instance as the last change of it `and all later ones` makes it: other words, and moved by as much."""
    change = next(((instance, changed) for instance, changed in reversed(changes) if instance.at <= start.at), None)
    if change is None:
        return event, start
    instance, changed = change
    zone = changed.start.zone
    moved_by = changed.start.wall - instance.at.astimezone(zone).replace(tzinfo=None)
    wall = start.at.astimezone(zone).replace(tzinfo=None) + moved_by
    return changed, changed.start._replace(wall=wall)


def _aligned(moment: Moment, whole: Event | None) -> Moment:
    """A moment that names an instance, in the form of its series: some programs write only the date, or a midnight."""
    if whole is None or moment.is_date == whole.start.is_date:
        return moment
    if moment.is_date:
        return whole.start._replace(wall=datetime.combine(moment.wall, whole.start.wall.time()))
    day = moment.at.astimezone(whole.start.zone).replace(tzinfo=None, hour=0, minute=0, second=0)
    return whole.start._replace(wall=day)


def _walls(whole: Event, rule: str, last: datetime, effort: Effort) -> Iterator[datetime]:
    """The wall clocks of a rule up to a last one; raises ValueError.

    The rule is worked out as many cycles of the calendar later as there are years left: one that never comes true is
    given up only at the end of the year 9999.
    """
    effort.refuse_more()
    parts = parse_rule(rule)
    until = parts.pop("UNTIL", None)
    if until:
        last = min(last, _until(until, whole))
    first = whole.start.wall
    if last < first:
        return
    cycles = (MAXYEAR - last.year) // _CYCLE * _CYCLE
    number = 0
    for wall in _worked_out(rule, parts, first.replace(year=first.year + cycles)):
        there = wall.replace(year=wall.year - cycles)
        if there > last:
            break
        if number == MOST_OF_A_RULE:
            effort.add(number)
            raise ValueError(f"RRULE {rule[:60]!r} makes more than {MOST_OF_A_RULE:,} instances")
        number += 1
        yield there
    else:
        if number < int(parts.get("COUNT", MOST_OF_A_RULE)):  # it was looked for in vain until the year 9999
            number = MOST_OF_A_RULE
    effort.add(number)


def _worked_out(rule: str, parts: Mapping[str, str], start: datetime) -> Iterator[datetime]:
    """What dateutil makes of a rule; raises ValueError where dateutil raises whatever it stumbles on."""
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        yield from rrulestr(text, dtstart=start)
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        why = f": {str(error)[:100]}" if isinstance(error, ValueError) else ""  # its other errors are slips of its own
        raise ValueError(f"RRULE {rule[:60]!r} cannot be understood{why}") from None


def _until(text: str, whole: Event) -> datetime:
    """The last wall clock that an UNTIL allows: a date counts to its end, UTC is the series' own clock then."""
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"UNTIL {text[:40]!r} is not a time; write 20261231T225959Z") from None
    if "T" not in text:
        return until + timedelta(days=1, seconds=-1)
    if until.tzinfo and not whole.start.is_date:
        with suppress(OverflowError):  # the year 9999 means that there is no last one
            until = until.astimezone(whole.start.zone)
    return until.replace(tzinfo=None)


def _version(event: Event) -> tuple[int, str, int]:
    return *event.version, event.line
