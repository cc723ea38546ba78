"""Bookings written in another form than they are read: times that no search finds, zones that are none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from reminderctl.bookings.source import BookingCatalog, BookingSource
from reminderctl.core import timing
from reminderctl.model import Window

DAYS_BACK, DAYS_AHEAD = timedelta(days=1), timedelta(days=8)
FEW = 1_000  # bookings that a run looks at


def note_misplaced(bookings: BookingSource, now: datetime) -> None:
    """Add a problem where some of the bookings around now, or of a few others, cannot be found.

    The cost is that of a search for a week of bookings: for runs that find the file changed.
    """
    near = bookings.times_in_other_forms(now - DAYS_BACK, now + DAYS_AHEAD, most=FEW)
    if problem := _describe(bookings, chain(near, bookings.times(FEW))):
        bookings.problems.append(problem)


def describe_misplaced(bookings: BookingSource, *, most: int) -> str:
    """Return the warning about such bookings among so many; an empty text where there are none."""
    return _describe(bookings, bookings.times(most))


def _describe(bookings: BookingSource, rows: Iterable[tuple[Any, ...]]) -> str:
    odd_times: dict[Any, str] = {}
    for booking_id, *times in rows:
        odd = [(name, at) for name, at in zip(("starts_at", "ends_at"), times, strict=True) if not _can_be_found(at)]
        if odd:
            odd_times[booking_id] = f"{odd[0][0]} {odd[0][1]!r} of booking {booking_id}"
    if not odd_times:
        return ""
    rows_of, them = ("1 row", "it") if len(odd_times) == 1 else (f"{len(odd_times):,} rows", "them")
    return (
        f"{bookings.name}: {rows_of} of `bookings` with a time that is not in the form 2026-03-29T08:00:00Z, for "
        f"example {next(iter(odd_times.values()))}: no reminder is sent for {them}; use UTC in that form"
    )


def describe_unknown_zones(bookings: BookingCatalog, *, most: int) -> str:
    """Return the warning about customers with a zone that is none among so many; an empty text for none."""
    return _describe_zones(bookings, bookings.customer_timezones(most))


def describe_zones_ahead(bookings: BookingCatalog, now: datetime, *, most: int) -> str:
    """Return the same of customers with a booking that ends in the next days; the booking is named, too."""
    return _describe_zones(bookings, bookings.zones_ahead(Window(now, now + DAYS_AHEAD), most=most))


def _describe_zones(bookings: BookingSource, rows: Iterable[tuple[Any, ...]]) -> str:
    known: dict[str, bool] = {}
    unknown: dict[Any, str] = {}
    for customer_id, timezone, name, *booking in rows:
        zone = str(timezone)
        if zone not in known:
            known[zone] = timing.find_zone(zone) is not None
        if not known[zone]:
            of_booking = f" of booking {booking[0]}" if booking else ""
            unknown.setdefault(customer_id, f"{zone[:60]!r} of customer {name}{of_booking}")
    if not unknown:
        return ""
    who, first = "1 customer" if len(unknown) == 1 else f"{len(unknown):,} customers", next(iter(unknown.values()))
    return (
        f"{bookings.name}: {who} with an unknown time zone, for example {first}: shortcodes that end in _client "
        "use the booking's time zone instead; use an IANA name such as Europe/Madrid"
    )


def _can_be_found(written: Any) -> bool:
    """Return True where a search between two instants, which compares texts, finds this one at its place."""
    try:
        timing.parse_instant(written)
    except (ValueError, TypeError):
        return False
    return bool(written[10] == "T" and written[13:14] == ":")
