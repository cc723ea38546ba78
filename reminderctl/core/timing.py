"""The times of deliveries: sentences to triggers, triggers to instants, windows to ranges of events.

Minutes and hours are exact. Days and weeks are calendar days in the booking's zone: the same wall clock, as RFC 5545
has it for nominal durations (section 3.3.6); a wall clock that a zone skips takes the offset in force before the gap,
one that it repeats is the first of the two (section 3.3.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import to_builtins

from reminderctl.model import Booking, Trigger, Window

NOTHING, MINUTE, HOUR, DAY = timedelta(), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SHORTEST_GRACE, LONGEST_GRACE, FOLLOW_UP_GRACE = 15 * MINUTE, 12 * HOUR, 24 * HOUR
LAST_INSTANT_BEFORE = timedelta(seconds=1)  # instants are whole seconds
LONGEST_OFFSET_DAYS = 3660
END_OF_TIME = datetime.max.replace(tzinfo=UTC)

_UNITS = {
    "minute": ("m", "min", "mins", "minute", "minutes"),
    "hour": ("h", "hr", "hrs", "hour", "hours"),
    "day": ("d", "day", "days"),
    "week": ("w", "week", "weeks"),
}
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words}
_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "week": 10080}
# Patterns are texts, compiled by their first use: a run that finds nothing due has none.
_OFFSET = r"(\d{1,7})\s*([a-z]+)"
_SENTENCE = (
    r"(?:at|(?P<amount>\d{1,7})\s*(?P<unit>[a-z]+)\s+(?P<side>before|after))"
    r"\s+(?:the\s+)?(?P<anchor>start|end)(?:\s+at\s+(?P<at>[0-9:]+))?"
)
_CLOCK = r"([01]?[0-9]|2[0-3]):([0-5][0-9])"
_EXAMPLES = "`1 day before start`, `30 minutes after end`, `at start` or `1 day before start at 18:00`"


@lru_cache(maxsize=1024)
def parse_trigger(text: str) -> Trigger:
    """Return the trigger that a sentence of `when` means; raises ValueError that says what would be right."""
    found = re.fullmatch(_SENTENCE, " ".join(text.lower().split()))
    if not found:
        raise ValueError(f"cannot read {text!r}; use {_EXAMPLES}")
    anchor: Literal["start", "end"] = "start" if found["anchor"] == "start" else "end"
    if found["amount"] is None:
        if found["at"]:
            raise ValueError(f"cannot read {text!r}; `at HH:MM` needs days: `1 day before {anchor} at 18:00`")
        return Trigger(anchor=anchor, before=False, text=f"at {anchor}")
    amount, unit = int(found["amount"]), _unit(found["unit"], text)
    if amount * _MINUTES[unit] > LONGEST_OFFSET_DAYS * 1440:
        raise ValueError(f"{text!r} is more than ten years away")
    before = found["side"] == "before"
    sentence = f"{amount} {unit}{'' if amount == 1 else 's'} {found['side']} {anchor}"
    if unit in ("minute", "hour"):
        if found["at"]:
            raise ValueError(f"cannot read {text!r}; `at HH:MM` works with days, not with {unit}s")
        if amount == 0:
            return Trigger(anchor=anchor, before=False, text=f"at {anchor}")
        return Trigger(anchor=anchor, before=before, minutes=amount * _MINUTES[unit], text=sentence)
    days = amount * 7 if unit == "week" else amount
    if not found["at"]:
        if days == 0:
            return Trigger(anchor=anchor, before=False, text=f"at {anchor}")
        return Trigger(anchor=anchor, before=before, days=days, text=sentence)
    at = parse_time_of_day(found["at"], text)
    return Trigger(anchor=anchor, before=before, days=days, at=at, text=f"{sentence} at {at:%H:%M}")


def parse_duration(text: str) -> timedelta:
    """Return a length such as `3h`, `90 minutes` or `2 days` (of 24 hours); raises ValueError."""
    found = re.fullmatch(_OFFSET, " ".join(text.lower().split()))
    if not found:
        raise ValueError(f"cannot read {text!r} as a duration; use `3h`, `90 minutes` or `2 days`")
    length = int(found[1]) * _MINUTES[_unit(found[2], text)] * MINUTE
    if length > LONGEST_OFFSET_DAYS * DAY:
        raise ValueError(f"{text!r} is more than ten years")
    return length


def _unit(word: str, text: str) -> str:
    if word not in _UNIT:
        raise ValueError(f"cannot read {word!r} in {text!r}; the units are minutes, hours, days and weeks")
    return _UNIT[word]


def parse_time_of_day(text: str, sentence: str) -> time:
    """Return the wall clock of a text such as `18:00` in a sentence; raises ValueError."""
    found = re.fullmatch(_CLOCK, text)
    if not found:
        raise ValueError(f"cannot read {text!r} in {sentence!r} as a time of day; use 00:00 to 23:59")
    return time(int(found[1]), int(found[2]))


# The form that the IANA database gives its names, so that zoneinfo is not the only limit to what a name may reach.
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name, or None where there is no such zone.

    Beside the zones, a machine's folder of them may hold others that depend on the machine: `localtime` is the server's
    own zone, and `right/...` counts leap seconds, half a minute off.
    """
    if not _ZONE_NAME.fullmatch(name) or name in _NO_ZONES or name.startswith(("right/", "posix/")):
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError, RecursionError):  # no such file, a folder of zones, an impossible name
        return None


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a naive wall clock: in a gap by the offset before it, of two the first."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def instant_text(instant: datetime) -> str:
    """Write an instant as the ledger, the bookings and every JSON have it: 2026-11-23T08:00:00Z."""
    return f"{to_builtins(instant)[:19]}Z"  # as `isoformat`, in a quarter of its time


@lru_cache(maxsize=4096)  # visits begin and end at the same few instants
def parse_instant(text: str) -> datetime:
    """Return the instant that `instant_text` wrote; raises ValueError for anything that is not UTC."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is not UTC and instant.utcoffset() != NOTHING:
        raise ValueError(f"{text!r} is not a time in UTC; use 2026-11-23T08:00:00Z")
    return instant


def event_at(trigger: Trigger, booking: Booking) -> datetime:
    """Return the start or end that a trigger counts from."""
    return booking.starts_at if trigger.anchor == "start" else booking.ends_at


def due_at(trigger: Trigger, event: datetime, *, zone: ZoneInfo) -> datetime:
    """Return the first instant at which a delivery may be attempted."""
    if trigger.days is None:
        length = trigger.minutes * MINUTE
        return event - length if trigger.before else event + length
    return _due_days_away(trigger, event, zone=zone)


@lru_cache(maxsize=4096)  # as above; and a zone takes its time
def _due_days_away(trigger: Trigger, event: datetime, *, zone: ZoneInfo) -> datetime:
    assert trigger.days is not None  # noqa: S101
    sign = -1 if trigger.before else 1
    wall = event.astimezone(zone).replace(tzinfo=None) + sign * trigger.days * DAY
    return instant_of(datetime.combine(wall, trigger.at) if trigger.at else wall, zone)


class Limits(NamedTuple):
    """The end of the time for a message: so long after it fell due, and never after `last`; one of them may be None."""

    grace: timedelta | None
    last: datetime | None


def limits(
    trigger: Trigger, due: datetime, *, booking: Booking, grace: timedelta | None, is_late: bool = False
) -> Limits:
    """Return how long a delivery may be attempted.

    1. Its grace after `due`: as configured; else 24 hours after an end, and otherwise half the offset, at least
       15 minutes and at most 12 hours.
    2. Never when it is pointless: before a start not once it has come, before an end likewise, after a start not once
       the booking has ended, unless the trigger itself lies beyond that.
    3. A default grace measures how late we are, and not how late the booking is: where that is late, the message may go
       until it is pointless.
    """
    pointless = _pointless_at(trigger, booking)
    last = pointless - LAST_INSTANT_BEFORE if pointless is not None and due < pointless else None
    if grace is None and not (is_late and last):
        grace = default_grace(trigger, abs(event_at(trigger, booking) - due) if trigger.at else NOTHING)
    return Limits(grace, last)


def expires_at(due: datetime, limits: Limits) -> datetime:
    """Return the last instant at which a delivery may be attempted."""
    ends = [limits.last] if limits.last else []
    return min([*ends, due + limits.grace] if limits.grace is not None else ends)


@lru_cache(maxsize=1024)
def default_grace(trigger: Trigger, offset: timedelta) -> timedelta:
    """Return how late a delivery may be by default; `offset` is used for triggers at a time of day."""
    if trigger.anchor == "end" and not trigger.before:
        return FOLLOW_UP_GRACE
    if trigger.at is None:
        offset = trigger.minutes * MINUTE if trigger.days is None else trigger.days * DAY
    return min(max(offset / 2, SHORTEST_GRACE), LONGEST_GRACE)


def _pointless_at(trigger: Trigger, booking: Booking) -> datetime | None:
    if trigger.before:
        return event_at(trigger, booking)
    return booking.ends_at if trigger.anchor == "start" else None


def longest_grace(trigger: Trigger, grace: timedelta | None) -> timedelta:
    """Return the longest time from due to deadline of any delivery of this trigger."""
    if grace is not None:
        return grace
    return default_grace(trigger, DAY)


def longest_lateness(trigger: Trigger, grace: timedelta | None) -> timedelta:
    """Return how long after a delivery fell due its booking may still come; after a start, at most a day."""
    if grace is not None:
        return grace
    if not trigger.before:
        return FOLLOW_UP_GRACE
    if trigger.days is None:
        return trigger.minutes * MINUTE
    return trigger.days * DAY + _WIDEST_CHANGE + (DAY if trigger.at else NOTHING)


# --- from a window of due instants back to the events -----------------------------------------------------------------

_SAMPLES = tuple(hour * HOUR for hour in (0, 6, 12, 18))  # no zone changes its offset twice within six hours
_WIDEST_CHANGE = 26 * HOUR  # Samoa skipped a whole day


def event_range(trigger: Trigger, window: Window, *, zones: Iterable[ZoneInfo]) -> Window | None:
    """Return the events, after `since` up to `until`, that can be due in this window; None where none can.

    Exact for minutes and hours, and for days on which no zone changes its offset; elsewhere a little wider, never
    narrower: whoever asks checks `due_at` of each event found.
    """
    sign = -1 if trigger.before else 1
    if trigger.days is None:
        offset = sign * trigger.minutes * MINUTE
        return Window(window.since - offset, window.until - offset)
    shift = sign * trigger.days * DAY
    if trigger.at is None:
        ranges = [_same_clock(window, shift, zone=zone) for zone in zones]
    else:
        ranges = [days for zone in zones if (days := _whole_days(trigger.at, window, shift=shift, zone=zone))]
    if not ranges:
        return None
    return Window(min(found.since for found in ranges), max(found.until for found in ranges))


def _same_clock(window: Window, shift: timedelta, *, zone: ZoneInfo) -> Window:
    """Solve due = event + shift + (offset at the event) - (offset at the due instant) for the event."""
    since, until = window.since - shift, window.until - shift
    at_due, at_event = _offsets(window.since, window.until, zone=zone), _offsets(since, until, zone=zone)
    return Window(since + min(at_due) - max(at_event), until + max(at_due) - min(at_event))


def _offsets(since: datetime, until: datetime, *, zone: ZoneInfo) -> set[timedelta]:
    """Return every offset in force near an interval: with a margin, because a gap uses the offset before it."""
    first, last = (since - _WIDEST_CHANGE).toordinal(), (until + _WIDEST_CHANGE).toordinal()
    return {offset for day in range(first, last + 1) for offset in _offsets_of_day(day, zone)}


@lru_cache(maxsize=4096)
def _offsets_of_day(day: int, zone: ZoneInfo) -> frozenset[timedelta]:
    midnight = datetime.fromordinal(day).replace(tzinfo=UTC)
    return frozenset((midnight + hours).astimezone(zone).utcoffset() or timedelta() for hours in _SAMPLES)


def _whole_days(at: time, window: Window, *, shift: timedelta, zone: ZoneInfo) -> Window | None:
    """Return all of the days whose `at`, `shift` away, lies in the window."""
    first = window.since.astimezone(zone).date() - DAY
    last = window.until.astimezone(zone).date() + DAY
    days = [
        day
        for day in (first + number * DAY for number in range((last - first).days + 1))
        if window.since < instant_of(datetime.combine(day, at), zone) <= window.until
    ]
    if not days:
        return None
    begins = datetime.combine(days[0], time()) - shift
    ends = datetime.combine(days[-1], time()) - shift + DAY
    # One second earlier, because a range excludes its beginning; both folds, because midnight itself can be repeated.
    return Window(
        min(begins.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)) - LAST_INSTANT_BEFORE,
        max(ends.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)),
    )
