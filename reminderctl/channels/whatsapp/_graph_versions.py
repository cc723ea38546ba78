"""The versions of Meta's Graph API: the last day of each.

https://developers.facebook.com/docs/graph-api/changelog/versions/ (August 2026). A version ends about two years after
the next one has come.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

DEFAULT = "v25.0"
_ENDS = {
    "v16.0": date(2025, 5, 14),
    "v17.0": date(2025, 9, 12),
    "v18.0": date(2026, 1, 26),
    "v19.0": date(2026, 5, 21),
    "v20.0": date(2026, 9, 24),
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
}
_OLDEST = 16
_WARNED_BEFORE = 6  # months


def warn_of_version(version: str, *, today: date) -> Iterator[str]:
    """Yield a warning of a version that has ended, or ends within six months."""
    number = version.removeprefix("v").partition(".")[0]
    end = _ENDS.get(version)
    newer = f"write {DEFAULT} or a later one" if version != DEFAULT else "write a later one"
    if end is None:
        if number.isdecimal() and int(number) < _OLDEST:
            yield f"{version} of the Graph API has ended; {newer}"
    elif today > end:
        yield f"{version} of the Graph API has ended on {end}; {newer}"
    elif today >= _months_before(end, _WARNED_BEFORE):
        yield f"{version} of the Graph API ends on {end}; {newer}"


def _months_before(day: date, months: int) -> date:
    """Return the same day of an earlier month; of one without that day, its 28th."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))
