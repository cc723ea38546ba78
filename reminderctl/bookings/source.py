"""The bookings as a run and as commands need them, whether they are in bookings.db or come from sources of the YAML."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol, Self

from reminderctl.bookings.mirror import mirror_path
from reminderctl.bookings.sqlite import SqliteBookings
from reminderctl.core.statuses import StatusCount
from reminderctl.model import Booking, Config, Window


class BookingSource(Protocol):
    """An open source of bookings, as a run needs it; each method raises `BookingsError` and `LockedError`.

    `name` is for messages. What cannot be understood is left out and named in `problems`; `unreadable` says why, by
    the booking's id. `missed` gives, by the source of the YAML, the instant from which on this run sees for the first
    time what that holds. `is_judged` once it is known how old the bookings of each source are, by `judge`.
    """

    name: str
    problems: list[str]
    unreadable: dict[str, str]
    is_judged: bool

    @property
    def begins(self) -> Mapping[str, datetime]:
        """Return the sources, each with the instant up to which nothing of it is planned."""

    @property
    def missed(self) -> Mapping[str, datetime]:
        """Return the sources that this run sees again after a while, each with the instant from which on."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def origin_of(self, booking_id: str) -> str | None:
        """Return the source of the YAML that a booking comes from, by its id; None for one of bookings.db."""

    def why_held(self, booking_id: str) -> str | None:
        """Return why nothing of a booking may be sent or canceled now, as nobody knows how it is; None where it may."""

    def held_sources(self) -> Mapping[str, str]:
        """Return the sources whose last reading is too old, each with the reason in words."""

    def held_bookings(self) -> Mapping[str, str]:
        """Return the bookings that their sources no longer list, each with the reason in words."""

    def judge(
        self,
        read_at: Mapping[str, datetime],
        *,
        counts: Mapping[str, tuple[int, int]],
        begins: Mapping[str, datetime],
        now: datetime,
    ) -> None:
        """Take the last reading of each source, how many of its bookings are missing, and when it begins.

        Nothing that fell due before a source `begins` is planned.
        """

    def read_again(self, booking_ids: Collection[str]) -> None:
        """Let the sources of some bookings say how these are now, in the moment before their messages go."""

    def note_missed(self, source: str, since: datetime) -> None:
        """Take from when on this run sees for the first time what a source holds."""

    def why_gone(self, booking_id: str) -> str | None:
        """Return why a booking is over, where its source, or who removed that, decided it."""

    def starting(self, window: Window) -> Iterator[Booking]:
        """Return the bookings that start in a window, earliest first."""

    def ending(self, window: Window) -> Iterator[Booking]:
        """Return the bookings that end in a window, earliest first."""

    def find_all(self, booking_ids: Collection[str]) -> dict[str, Booking]:
        """Return those of some bookings that there are, by id, as they are now."""

    def timezones(self) -> set[str]:
        """Return every zone that a booking names."""

    def own_zones(self) -> set[str]:
        """Return every zone that a customer has."""

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

    def rows(self, statement: str, parameters: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Yield what a statement of ours reads of the tables of bookings.db."""

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


def open_bookings(config: Config, *, shows_all: bool = False) -> BookingCatalog:
    """Open the bookings that a configuration names; raises `BookingsError` and `LockedError`.

    With `shows_all` those of sources that left the YAML are among them, of which none fires.
    """
    if not config.sources and not mirror_path(config.ledger).exists():
        return SqliteBookings(config.bookings)
    from reminderctl.bookings.mirrored import MirroredBookings

    return MirroredBookings(config, shows_all=shows_all)
