"""The times at which messages may ring: on the clocks of a zone, days whose clocks change included.

A time of day that a zone skips takes the offset before the gap, one that it repeats is the first of the two, as for
offsets in days. A day whose open time vanishes in a gap is closed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminderctl.core.timing import DAY, END_OF_TIME, LONGEST_OFFSET_DAYS, MINUTE, NOTHING, instant_of
from reminderctl.model import Window
from reminderctl.quiet_settings import OpenHours

BEFORE_CLOSING = 15 * MINUTE  # a message that is sent earlier: time enough for a crontab of five minutes
LAST_SECOND = timedelta(seconds=1)
_AROUND = 15  # days: an open time of one day a week may vanish in a gap
_FIRST_DAY, _LAST_DAY = 2 * _AROUND, END_OF_TIME.toordinal() - 2 * _AROUND


class Stretch(NamedTuple):
    """An open time without a break: from `opens` until just before `closes`."""

    opens: datetime
    closes: datetime

    @property
    def last_call(self) -> datetime:
        """Return when a message is sent that goes before this closes."""
        return max(self.opens, self.closes - BEFORE_CLOSING)


def is_open(hours: OpenHours, instant: datetime) -> bool:
    """Return True if messages may ring at an instant."""
    return _from(hours, instant).opens <= instant


def next_open(hours: OpenHours, instant: datetime) -> datetime:
    """Return the first open instant from here on: this one, or the next opening."""
    return max(instant, _from(hours, instant).opens)


def closing_after(hours: OpenHours, instant: datetime) -> datetime:
    """Return when the stretch closes that is open at an instant, or opens next."""
    return _from(hours, instant).closes


def last_open(hours: OpenHours, instant: datetime) -> datetime:
    """Return the last open instant up to here, in whole seconds."""
    return instant if is_open(hours, instant) else stretch_before(hours, instant).closes - LAST_SECOND


def stretch_before(hours: OpenHours, instant: datetime) -> Stretch:
    """Return the last stretch that has closed by an instant."""
    return next(each for each in reversed(_near(hours, instant)) if each.closes <= instant)


@lru_cache(maxsize=4096)
def after_open_time(hours: OpenHours, since: datetime, *, length: timedelta) -> datetime:
    """Return the instant at which so much open time has passed; not more than ten years away."""
    at, left = since, length
    while at - since <= LONGEST_OFFSET_DAYS * DAY:
        stretch = _from(hours, at)
        begins = max(at, stretch.opens)
        if stretch.closes - begins >= left:
            return begins + left if left > NOTHING else at
        left -= stretch.closes - begins
        at = stretch.closes
    return at


def due_until(hours: OpenHours, window: Window) -> datetime:
    """Return the end of the closed time for which messages are sent early in a window; else the window's end."""
    for stretch in reversed(_near(hours, window.until)):
        if stretch.last_call <= window.until:
            return _from(hours, stretch.closes).opens if stretch.last_call > window.since else window.until
    return window.until


def _from(hours: OpenHours, instant: datetime) -> Stretch:
    """Return the stretch that is open at an instant, or the next one."""
    return next(each for each in _near(hours, instant) if each.closes > instant)


def _near(hours: OpenHours, instant: datetime) -> tuple[Stretch, ...]:
    return _stretches(hours, min(max(instant.toordinal(), _FIRST_DAY), _LAST_DAY))


@lru_cache(maxsize=4096)
def _stretches(hours: OpenHours, day: int) -> tuple[Stretch, ...]:
    """Return the stretches of some weeks around a day; those of two days that touch are one."""
    zone, found = ZoneInfo(hours.zone), list[Stretch]()
    for each in range(day - _AROUND, day + _AROUND + 1):
        stretch = _of_day(hours, datetime.fromordinal(each), zone=zone)
        if stretch and found and stretch.opens <= found[-1].closes:
            found[-1] = Stretch(found[-1].opens, max(found[-1].closes, stretch.closes))
        elif stretch:
            found.append(stretch)
    return tuple(found)


def _of_day(hours: OpenHours, midnight: datetime, *, zone: ZoneInfo) -> Stretch | None:
    span = hours.week[midnight.weekday()]
    if span is None:
        return None
    walls = [midnight + minutes * MINUTE for minutes in span]
    opens, closes = (instant_of(wall, zone) for wall in walls)
    are_skipped = all(
        instant.astimezone(zone).replace(tzinfo=None) != wall
        for instant, wall in zip((opens, closes), walls, strict=True)
    )
    return None if opens >= closes or are_skipped else Stretch(opens, closes)
