"""What stands in bookings.db, for advice to compare with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from reminderctl import timing
from reminderctl.bookings import Bookings

MOST_BOOKINGS = 100_000  # that are looked at
TABLES = {"service": "services", "staff": "staff", "location": "locations"}


class Seen(NamedTuple):
    """The statuses that bookings have, and the ids and names of their services, staff and locations.

    `names` lacks what nobody asked for, or what cannot be known. `trouble` says what is wrong with the file:
    how many bookings no reminder can find.
    """

    statuses: frozenset[str]
    names: Mapping[str, frozenset[str]]
    trouble: str


NOTHING = Seen(frozenset(), {}, "")


def look_at(path: Path, wanted: Collection[str]) -> Seen:
    """What the bookings carry, of the filters `wanted`; raises `BookingsError` and `LockedError`."""
    ids: dict[str, set[str]] = {name: set() for name in TABLES}
    count, odd, example = 0, 0, ""
    with Bookings(path) as bookings:
        for booking_id, starts_at, ends_at, *nouns in bookings.written(MOST_BOOKINGS):
            count += 1
            for name, noun_id in zip(TABLES, nouns, strict=True):
                ids[name] |= set() if noun_id is None else {str(noun_id)}
            if not (can_be_found(starts_at) and can_be_found(ends_at)):
                column, at = ("ends_at", ends_at) if can_be_found(starts_at) else ("starts_at", starts_at)
                odd, example = odd + 1, example or f"{column} {at!r} of booking {booking_id}"
        if not count:
            return NOTHING
        known = wanted if count < MOST_BOOKINGS else ()
        return Seen(
            frozenset(bookings.statuses()) if "status" in wanted else frozenset(),
            {name: frozenset(bookings.names(TABLES[name]) | ids[name]) for name in TABLES if name in known},
            _odd_times(path, odd, example=example) if odd else "",
        )


def _odd_times(path: Path, count: int, *, example: str) -> str:
    rows, them = ("1 row", "it") if count == 1 else (f"{count:,} rows", "them")
    return (
        f"{path}: {rows} of `bookings` with a time that is not like 2026-03-29T08:00:00Z, for example {example}: "
        f"no reminder finds {them}; write UTC in that form"
    )


def can_be_found(written: Any) -> bool:
    """Does a search between two instants, which compares texts, find this one at its place?"""
    try:
        timing.parse_instant(written)
    except (ValueError, TypeError):
        return False
    return bool(written[10] == "T" and written[13:14] == ":")
