"""Bookings that no reminder finds, because their times are written in another form than the search compares."""

from __future__ import annotations

from typing import Any

from reminderctl import timing
from reminderctl.bookings.reading import Bookings


def describe_misplaced(bookings: Bookings, *, most: int) -> str:
    """What a person should know of such bookings among so many; an empty text where there are none."""
    count, example = 0, ""
    for booking_id, *times in bookings.times(most):
        odd = [(name, at) for name, at in zip(("starts_at", "ends_at"), times, strict=True) if not _can_be_found(at)]
        if odd:
            count += 1
            example = example or f"{odd[0][0]} {odd[0][1]!r} of booking {booking_id}"
    if not count:
        return ""
    rows, them = ("1 row", "it") if count == 1 else (f"{count:,} rows", "them")
    return (
        f"{bookings.path}: {rows} of `bookings` with a time that is not like 2026-03-29T08:00:00Z, for example "
        f"{example}: no reminder finds {them}; write UTC in that form"
    )


def _can_be_found(written: Any) -> bool:
    """Does a search between two instants, which compares texts, find this one at its place?"""
    try:
        timing.parse_instant(written)
    except (ValueError, TypeError):
        return False
    return bool(written[10] == "T" and written[13:14] == ":")
