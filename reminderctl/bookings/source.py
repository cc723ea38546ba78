"""The sources of bookings, as a run and as commands need them; so far there is one, bookings.db."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Literal, Protocol, Self

from reminderctl.bookings.sqlite import SqliteBookings
from reminderctl.core.statuses import StatusCount
from reminderctl.model import Booking, Config, Window


class BookingSource(Protocol):
    """An open source of bookings, as a run needs it; each method raises `BookingsError` and `LockedError`.

    `name` is for messages. What cannot be understood is left out and named in `problems`; `unreadable` says why, by
    the booking's id.
    """

    name: str
    problems: list[str]
    unreadable: dict[str, str]

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def starting(self, window: Window) -> Iterator[Booking]:
        """Return the bookings that start in a window, earliest first."""

    def ending(self, window: Window) -> Iterator[Booking]:
        """Return the bookings that end in a window, earliest first."""

    def find_all(self, booking_ids: Collection[str]) -> dict[str, Booking]:
        """Return those of some bookings that there are, by id, as they are now."""

    def timezones(self) -> set[str]:
        """Return every zone that a booking names."""

    def fingerprint(self) -> str | None:
        """Return a text that changes with what is read from now on; None where that cannot be known."""

    def filled_tables(self) -> tuple[str, ...]:
        """Return the tables that hold anything."""

    def count(self, window: Window, *, anchor: Literal["start", "end"]) -> tuple[int, int]:
        """Return how many bookings start or end in a window, and how many participants they have."""

    def times(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Return id, start and end of so many bookings, as they are written."""

    def times_in_other_forms(self, since: datetime, until: datetime, *, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the same of so many bookings between two days whose times no search finds."""


class BookingCatalog(BookingSource, Protocol):
    """A source as commands need it: with what there is to choose from and to warn of."""

    def find(self, booking_id: str) -> Booking | None:
        """Return one booking, or None."""

    def latest_ids(self, *, most: int) -> list[str]:
        """Return the ids of the bookings that start last."""

    def names(self, table: str) -> set[str]:
        """Return every id and name in `services`, `staff` or `locations`."""

    def count_statuses(self, since: datetime | None, *, most: int) -> list[StatusCount]:
        """Return how often each status is there, of so many bookings and participants that end later, or of all."""

    def entity_ids(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the ids of service, staff and location of so many bookings."""

    def customer_timezones(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Return id, zone and name of so many customers that have a zone of their own, as they are written."""

    def zones_ahead(self, window: Window, *, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the same and the booking's id, of so many customers with a booking that ends in a window."""


def open_bookings(config: Config) -> BookingCatalog:
    """Open the bookings that a configuration names; raises `BookingsError` and `LockedError`."""
    return SqliteBookings(config.bookings)
