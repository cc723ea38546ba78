"""What stands in bookings.db, for advice to compare with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from reminderctl.bookings import Bookings, describe_misplaced, describe_unknown_zones
from reminderctl.core.filters import TABLES

MOST_BOOKINGS = 100_000  # that are looked at


class Seen(NamedTuple):
    """The statuses that bookings have, and the ids and names of their services, staff and locations.

    `names` lacks what nobody asked for, or what cannot be known. `trouble` says what is wrong with the file:
    how many bookings no reminder can find, how many customers have a zone that is none.
    """

    statuses: frozenset[str]
    names: Mapping[str, frozenset[str]]
    trouble: str


NOTHING = Seen(frozenset(), {}, "")


def look_at(path: Path, wanted: Collection[str]) -> Seen:
    """Read the values that bookings have of the filters `wanted`; raises `BookingsError` and `LockedError`."""
    ids: dict[str, set[str]] = {name: set() for name in TABLES}
    count = 0
    with Bookings(path) as bookings:
        for nouns in bookings.nouns(MOST_BOOKINGS):
            count += 1
            for name, noun_id in zip(TABLES, nouns, strict=True):
                ids[name] |= set() if noun_id is None else {str(noun_id)}
        known = wanted if count < MOST_BOOKINGS else ()
        names = {name: frozenset(bookings.names(TABLES[name]) | ids[name]) for name in TABLES if name in known}
        return Seen(
            frozenset(bookings.statuses()) if "status" in wanted else frozenset(),
            {name: found for name, found in names.items() if found or count},  # an empty file has nothing to compare
            describe_misplaced(bookings, most=MOST_BOOKINGS) or describe_unknown_zones(bookings, most=MOST_BOOKINGS),
        )
