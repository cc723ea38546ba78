"""The parts of a recurrence rule (RRULE), checked against RFC 5545, section 3.3.10.

`dateutil` works a rule out, but passes over some values that no calendar has (the 32nd of a month, the 13th month) and
refuses others in one version and not in the next. So what a part may hold is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_LONGEST_NUMBER = 18  # digits
_WEEKDAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_LONGEST_QUOTE = 40  # characters of a part


class _Part(NamedTuple):
    """The values of one part: a list of whole numbers between two limits, or what a pattern describes."""

    least: int = 0
    most: int = 0
    counts_back: bool = False  # -1 is the last
    pattern: str = ""
    right: str = ""

    def allows(self, value: str) -> bool:
        if self.pattern:
            return re.fullmatch(self.pattern, value, re.ASCII) is not None
        number = re.fullmatch(r"([+-]?)(\d{1,3})", value, re.ASCII)
        if number is None or (number[1] == "-" and not self.counts_back):
            return False
        return self.least <= int(number[2]) <= self.most

    def expected(self) -> str:
        back = f", or -{self.most} to -{self.least}" if self.counts_back else ""
        return self.right or f"numbers from {self.least} to {self.most}{back}"


_LISTS = {
    "BYSECOND": _Part(0, 59),  # a leap second, 60, is on no clock of ours
    "BYMINUTE": _Part(0, 59),
    "BYHOUR": _Part(0, 23),
    "BYDAY": _Part(pattern=rf"(?:[+-]?(?:[1-9]|[1-4]\d|5[0-3]))?{_WEEKDAY}", right="weekdays such as MO, 2TU or -1FR"),
    "BYMONTHDAY": _Part(1, 31, counts_back=True),
    "BYYEARDAY": _Part(1, 366, counts_back=True),
    "BYWEEKNO": _Part(1, 53, counts_back=True),
    "BYMONTH": _Part(1, 12),
    "BYSETPOS": _Part(1, 366, counts_back=True),
}
_SINGLE = {
    "INTERVAL": _Part(pattern=rf"0*[1-9]\d{{0,{_LONGEST_NUMBER - 1}}}", right="a whole number from 1 on"),
    "COUNT": _Part(pattern=rf"0*[1-9]\d{{0,{_LONGEST_NUMBER - 1}}}", right="a whole number from 1 on"),
    "WKST": _Part(pattern=_WEEKDAY, right="a weekday such as MO"),
}
_PARTS = _LISTS.keys() | _SINGLE.keys() | {"FREQ", "UNTIL"}


def parse_rule(rule: str) -> dict[str, str]:
    """Return a rule by its parts, without blanks; UNTIL is left to who knows the zone of the series.

    Raises ValueError, naming the part and what it may hold, for a rule that RFC 5545 does not allow, and for one that
    repeats every minute or second, which no booking does.
    """
    pairs = (each.partition("=")[::2] for each in rule.upper().split(";") if each.strip())
    parts = {name.strip(): re.sub(r"\s", "", value) for name, value in pairs}
    unknown = ", ".join(sorted(parts.keys() - _PARTS))
    if unknown or parts.get("FREQ") not in _FREQUENCIES:
        what = f"{unknown} is not supported" if unknown else f"FREQ must be one of {', '.join(_FREQUENCIES)}"
        raise ValueError(f"RRULE {rule[:60]!r} cannot be worked out: {what}")
    for name, value, part in _checked_parts(parts):
        if not part.allows(value):
            shown = value if len(value) <= _LONGEST_QUOTE else f"{value[:_LONGEST_QUOTE]}..."
            raise ValueError(f"RRULE {rule[:60]!r} cannot be understood: {name} takes {part.expected()}, not {shown!r}")
    return parts


def _checked_parts(parts: Mapping[str, str]) -> list[tuple[str, str, _Part]]:
    lists = [(name, value, part) for name, part in _LISTS.items() if name in parts for value in parts[name].split(",")]
    return lists + [(name, parts[name], part) for name, part in _SINGLE.items() if name in parts]
