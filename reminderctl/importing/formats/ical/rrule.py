"""Recurrence rules (RRULE): their parts, checked and worked out (RFC 5545, 3.3.10).

`dateutil` works a rule out, but passes over some values that no calendar has (the 32nd of a month, the 13th month) and
refuses others in one version and not in the next. So what a part may hold is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import MAXYEAR, datetime, timedelta
from typing import NamedTuple

from dateutil.rrule import rrulestr

from reminderctl.importing.formats.ical.times import CalendarTime, find_day, parse_time

MOST_OF_A_RULE = 100_000  # 270 years of days
MOST_OF_A_FILE = 100 * MOST_OF_A_RULE  # a few minutes
_CYCLE = 400  # after so many years the calendar repeats itself, weekdays included
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_LONGEST_NUMBER = 18  # digits
_WEEKDAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_LONGEST_QUOTE = 40  # characters of a part


class RuleBudget:
    """The number of instances that the rules of one file may make: a small file can ask for far too many."""

    def __init__(self) -> None:
        self._spent = 0

    def spend(self, instances: int) -> None:
        """Count what a rule made, or what making it cost as much as."""
        self._spent += instances

    def refuse_more(self) -> None:
        """Raise ValueError where nothing is left."""
        if self._spent >= MOST_OF_A_FILE:
            raise ValueError("the rules of the events before it already take too long to work out")


# --- the parts of a rule --------------------------------------------------------------------------------------------


class _RulePart(NamedTuple):
    """The values of one part: a list of whole numbers between two limits, or what a pattern describes."""

    least: int = 0
    most: int = 0
    counts_back: bool = False  # -1 is the last
    pattern: str = ""
    description: str = ""

    def allows(self, value: str) -> bool:
        """May the part have this value?"""
        if self.pattern:
            return re.fullmatch(self.pattern, value, re.ASCII) is not None
        number = re.fullmatch(r"([+-]?)(\d{1,3})", value, re.ASCII)
        if number is None or (number[1] == "-" and not self.counts_back):
            return False
        return self.least <= int(number[2]) <= self.most

    def describe(self) -> str:
        """Return the values that the part may have, in words."""
        back = f", or -{self.most} to -{self.least}" if self.counts_back else ""
        return self.description or f"numbers from {self.least} to {self.most}{back}"


_WHOLE_NUMBER = _RulePart(pattern=rf"0*[1-9]\d{{0,{_LONGEST_NUMBER - 1}}}", description="a whole number from 1 on")
_LISTS = {
    "BYSECOND": _RulePart(0, 59),  # a leap second, 60, is on no clock of ours
    "BYMINUTE": _RulePart(0, 59),
    "BYHOUR": _RulePart(0, 23),
    "BYDAY": _RulePart(
        pattern=rf"(?:[+-]?(?:[1-9]|[1-4]\d|5[0-3]))?{_WEEKDAY}", description="weekdays such as MO, 2TU or -1FR"
    ),
    "BYMONTHDAY": _RulePart(1, 31, counts_back=True),
    "BYYEARDAY": _RulePart(1, 366, counts_back=True),
    "BYWEEKNO": _RulePart(1, 53, counts_back=True),
    "BYMONTH": _RulePart(1, 12),
    "BYSETPOS": _RulePart(1, 366, counts_back=True),
}
_SINGLE = {
    "INTERVAL": _WHOLE_NUMBER,
    "COUNT": _WHOLE_NUMBER,
    "WKST": _RulePart(pattern=_WEEKDAY, description="a weekday such as MO"),
}
_NAMES = _LISTS.keys() | _SINGLE.keys() | {"FREQ", "UNTIL"}


def parse_rule(rule: str) -> dict[str, str]:
    """Return a rule by its parts, without blanks; UNTIL is left to who knows the zone of the series.

    Raises ValueError, naming the part and what it may hold, for a rule that RFC 5545 does not allow, and for one that
    repeats every minute or second, which no booking does.
    """
    pairs = (part.partition("=")[::2] for part in rule.upper().split(";") if part.strip())
    parts = {name.strip(): re.sub(r"\s", "", value) for name, value in pairs}
    unknown = ", ".join(sorted(parts.keys() - _NAMES))
    if unknown or parts.get("FREQ") not in _FREQUENCIES:
        problem = f"{unknown} is not supported" if unknown else f"FREQ must be one of {', '.join(_FREQUENCIES)}"
        raise ValueError(f"RRULE {rule[:60]!r} cannot be worked out: {problem}")
    for name, value, part in _list_values(parts):
        if not part.allows(value):
            shown = value if len(value) <= _LONGEST_QUOTE else f"{value[:_LONGEST_QUOTE]}..."
            raise ValueError(f"RRULE {rule[:60]!r} cannot be understood: {name} takes {part.describe()}, not {shown!r}")
    return parts


def _list_values(parts: Mapping[str, str]) -> list[tuple[str, str, _RulePart]]:
    lists = [(name, value, part) for name, part in _LISTS.items() if name in parts for value in parts[name].split(",")]
    return lists + [(name, parts[name], part) for name, part in _SINGLE.items() if name in parts]


# --- the instances of a rule ----------------------------------------------------------------------------------------


def list_occurrences(rule: str, start: CalendarTime, *, last: datetime, budget: RuleBudget) -> Iterator[datetime]:
    """Return the wall clocks that a rule makes, from a series' start up to a last one; raises ValueError.

    The rule is worked out as many cycles of the calendar later as there are years left: one that never comes true is
    given up only at the end of the year 9999.
    """
    budget.refuse_more()
    parts = parse_rule(rule)
    until = parts.pop("UNTIL", None)
    if until:
        last = min(last, _parse_until(until, start))
    if last < start.wall:
        return
    cycles = (MAXYEAR - last.year) // _CYCLE * _CYCLE
    number = 0
    for later in _run_dateutil(rule, parts, start=start.wall.replace(year=start.wall.year + cycles)):
        wall = later.replace(year=later.year - cycles)
        if wall > last:
            break
        if number == MOST_OF_A_RULE:
            budget.spend(number)
            raise ValueError(f"RRULE {rule[:60]!r} makes more than {MOST_OF_A_RULE:,} instances")
        number += 1
        yield wall
    else:
        if number < int(parts.get("COUNT", MOST_OF_A_RULE)):  # it was looked for in vain until the year 9999
            number = MOST_OF_A_RULE
    budget.spend(number)


def _run_dateutil(rule: str, parts: Mapping[str, str], *, start: datetime) -> Iterator[datetime]:
    """Return what dateutil makes of a rule; raises ValueError where dateutil raises whatever it stumbles on."""
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        yield from rrulestr(text, dtstart=start)
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        why = f": {str(error)[:100]}" if isinstance(error, ValueError) else ""  # its other errors are slips of its own
        raise ValueError(f"RRULE {rule[:60]!r} cannot be understood{why}") from None


def _parse_until(text: str, start: CalendarTime) -> datetime:
    """Return the last wall clock that an UNTIL allows, on the clock of the series; raises ValueError.

    A date counts to its end, and in a series of dates every other UNTIL is one; UTC is converted.
    """
    until = parse_time(text, example="20261231T225959Z")
    if "T" not in text or start.is_date:
        day = find_day(until, start.zone)
        return day if start.is_date else day + timedelta(days=1, seconds=-1)
    if until.tzinfo:
        with suppress(OverflowError):  # the year 9999 means that there is no last one
            until = until.astimezone(start.zone)
    return until.replace(tzinfo=None)
