"""The bookings of bookings.db together with those that were read from the sources of the YAML."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, Self

from reminderctl.bookings.mirror import mirror_path
from reminderctl.bookings.sqlite import SqliteBookings
from reminderctl.core import timing
from reminderctl.core.statuses import StatusCount
from reminderctl.errors import BookingsError
from reminderctl.model import Booking, Config, Window
from reminderctl.text import compact_length, length_in_two_units

_MISSING = "SELECT booking_id, missing_since FROM sourced_bookings WHERE missing_since IS NOT NULL"
_GONE = "SELECT gone_since FROM sourced_bookings WHERE booking_id = :id"


class MirroredBookings:
    """Both files, open for reading, as one source; either may be absent. Raises `BookingsError` and `LockedError`.

    A booking whose id begins with the name of a source belongs to that source. One whose source left the YAML, or is
    switched off, can be looked at, and nothing of it fires.
    """

    def __init__(self, config: Config, *, shows_all: bool = False) -> None:
        """Open both; with `shows_all` for people, who look at what fires no more as well."""
        self._shows_all = shows_all
        path = mirror_path(config.ledger)
        self._settings = {each.name: each for each in config.sources}
        self._own = SqliteBookings(config.bookings) if config.bookings.exists() or not config.sources else None
        self._mirror = _open_mirror(path, is_needed=bool(config.sources))
        self._parts = [each for each in (self._own, self._mirror) if each is not None]
        self.name = str(config.bookings if self._own else path)
        self.problems: list[str] = []
        self.unreadable: dict[str, str] = {}
        self._missed: dict[str, datetime] = {}
        for part in self._parts:
            part.problems, part.unreadable = self.problems, self.unreadable
        self._read = {*self._texts("SELECT name FROM sources")} if self._mirror else set()
        self.is_judged = False
        self._begins: Mapping[str, datetime] = {}
        self._old: dict[str, str] = {}
        self._missing: dict[str, str] = {}
        self._absent: dict[str, str] = {}
        self._find_absent: Callable[[Collection[str]], Mapping[str, str]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts:
            part.__exit__(*_)

    # --- what may be sent ---------------------------------------------------------------------------------------------

    def judge(
        self,
        read_at: Mapping[str, datetime],
        *,
        counts: Mapping[str, tuple[int, int]],
        begins: Mapping[str, datetime],
        now: datetime,
    ) -> None:
        """Take the last reading of each source, how many of its bookings are missing, and when it begins."""
        self.is_judged, self._old, self._missing, self._begins = True, {}, {}, begins
        for name, settings in self._settings.items():
            last = read_at.get(name)
            if name not in self._read or last is None:
                self._old[name] = f"{name} was never read"
            elif settings.max_age is not None and now - last > settings.max_age:
                self._old[name] = (
                    f"{name} was last read {length_in_two_units(max(now - last, timedelta()))} ago, at "
                    f"{timing.instant_text(last)} (max_age {compact_length(settings.max_age)})"
                )
        for booking_id, since in self._rows(_MISSING):
            missing, coming = counts.get(self.origin_of(booking_id) or "", (0, 0))
            others = f", with {missing} of {coming}" if missing else ""
            self._missing[booking_id] = f"{self.origin_of(booking_id)} no longer lists it since {since}{others}"

    def ask_with(self, find_absent: Callable[[Collection[str]], Mapping[str, str]]) -> None:
        """Take what brings some bookings up to date, and gives those that are no longer there, each with the reason."""
        self._find_absent = find_absent

    def read_again(self, booking_ids: Collection[str]) -> None:
        """Let the sources of some bookings say how these are now; only a run that has read them can."""
        if self._find_absent:
            self._absent |= self._find_absent([each for each in booking_ids if self.origin_of(each)])

    @property
    def begins(self) -> Mapping[str, datetime]:
        """The sources, each with the instant up to which nothing of it is planned: it was new then."""
        return self._begins

    @property
    def missed(self) -> Mapping[str, datetime]:
        """The sources that this run sees again after a while, each with the instant from which on."""
        return self._missed

    def note_missed(self, source: str, since: datetime) -> None:
        """Take from when on this run sees for the first time what a source holds."""
        self._missed[source] = since

    def origin_of(self, booking_id: str) -> str | None:
        """Return the source of a booking, by its id; None for one of bookings.db."""
        name, colon, _ = booking_id.partition(":")
        return name if colon and (name in self._settings or name in self._read) else None

    def why_held(self, booking_id: str) -> str | None:
        """Return why a booking is as good as unknown: its source lists it no longer, or was not read for too long."""
        origin = self.origin_of(booking_id)
        if origin is None or not self._is_active(origin):
            return None
        return self._missing.get(booking_id) or self._absent.get(booking_id) or self._old.get(origin)

    def held_sources(self) -> Mapping[str, str]:
        """Return the sources whose last reading is too old, each with the reason in words."""
        return {name: reason for name, reason in self._old.items() if self._is_active(name)}

    def held_bookings(self) -> Mapping[str, str]:
        """Return the bookings that their sources no longer list, each with the reason in words."""
        return {each: reason for each, reason in self._missing.items() if self._is_active(self.origin_of(each) or "")}

    def why_gone(self, booking_id: str) -> str | None:
        """Return why a booking is over: it was deleted in its source, or that is no longer read."""
        origin = self.origin_of(booking_id)
        if origin is None:
            return None
        if not self._is_active(origin):
            return f"source {origin} is {'switched off' if origin in self._settings else 'gone'}"
        rows = self._rows(_GONE, {"id": booking_id})
        since = rows[0][0] if rows else None
        return f"canceled by its source: {origin} no longer lists it since {since}" if since else None

    def _is_active(self, source: str) -> bool:
        return source in self._settings and self._settings[source].enabled

    # --- bookings -----------------------------------------------------------------------------------------------------

    def starting(self, window: Window) -> Iterator[Booking]:
        """Return the bookings that start in a window, earliest first."""
        found = (filter(self._may_fire, part.starting(window)) for part in self._parts)
        return heapq.merge(*found, key=lambda booking: (booking.starts_at, booking.id))

    def ending(self, window: Window) -> Iterator[Booking]:
        """Return the bookings that end in a window, earliest first."""
        found = (filter(self._may_fire, part.ending(window)) for part in self._parts)
        return heapq.merge(*found, key=lambda booking: (booking.ends_at, booking.id))

    def find_all(self, booking_ids: Collection[str]) -> dict[str, Booking]:
        """Return those of some bookings that there are and may fire, by id, as they are now."""
        origins = {booking_id: self.origin_of(booking_id) for booking_id in booking_ids}
        own = [booking_id for booking_id, origin in origins.items() if origin is None]
        sourced = [booking_id for booking_id, origin in origins.items() if origin and self._is_active(origin)]
        found = self._own.find_all(own) if self._own and own else {}
        return found | (self._mirror.find_all(sourced) if self._mirror and sourced else {})

    def rows(self, statement: str, parameters: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Yield what a statement of ours reads of the tables that both files have."""
        return chain.from_iterable(part.rows(statement, parameters) for part in self._parts)

    def find(self, booking_id: str) -> Booking | None:
        """Return one booking, or None; one whose source is gone, too."""
        part = self._own if self.origin_of(booking_id) is None else self._mirror
        return part.find(booking_id) if part else None

    def latest_ids(self, *, most: int) -> list[str]:
        """Return the ids of the bookings that start last."""
        found = (self.find(each) for part in self._parts for each in part.latest_ids(most=most))
        latest = sorted(filter(None, found), key=lambda booking: (booking.starts_at, booking.id), reverse=True)
        return [booking.id for booking in latest[:most]]

    def _may_fire(self, booking: Booking) -> bool:
        origin = self.origin_of(booking.id)
        return self._shows_all or origin is None or self._is_active(origin)

    # --- what there is ------------------------------------------------------------------------------------------------

    def fingerprint(self) -> str | None:
        """Return a text that changes with what is read from now on, or with what is held."""
        parts = [part.fingerprint() for part in self._parts]
        held = sorted([*self.held_sources(), *self.held_bookings()])
        active = sorted(filter(self._is_active, self._settings))
        return None if None in parts else f"{parts} {active} {held}"

    def timezones(self) -> set[str]:
        """Return every zone that a booking names."""
        return set().union(*(part.timezones() for part in self._parts))

    def own_zones(self) -> set[str]:
        """Return every zone that a customer has."""
        return set().union(*(part.own_zones() for part in self._parts))

    def filled_tables(self) -> tuple[str, ...]:
        """Return the tables that hold anything in one of the files."""
        return tuple(dict.fromkeys(chain.from_iterable(part.filled_tables() for part in self._parts)))

    def count(self, window: Window, *, anchor: Literal["start", "end"]) -> tuple[int, int]:
        """Return how many bookings start or end in a window, and how many participants they have."""
        counts = [part.count(window, anchor=anchor) for part in self._parts]
        return sum(bookings for bookings, _ in counts), sum(participants for _, participants in counts)

    def names(self, table: str) -> set[str]:
        """Return every id and name in `services`, `staff` or `locations`."""
        return set().union(*(part.names(table) for part in self._parts))

    def count_statuses(self, since: datetime | None, *, most: int) -> list[StatusCount]:
        """Return how often each status is there, of so many bookings and participants that end later, or of all."""
        totals = Counter[tuple[str, str]]()
        for each in chain.from_iterable(part.count_statuses(since, most=most) for part in self._parts):
            totals[each.noun, each.status] += each.number
        return [StatusCount(noun, status, number) for (noun, status), number in totals.items()]

    def times(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Return id, start and end of so many bookings, as they are written."""
        return islice(chain.from_iterable(part.times(most) for part in self._parts), most)

    def times_in_other_forms(self, since: datetime, until: datetime, *, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the same of bookings that no search finds; ours are never written so."""
        return self._own.times_in_other_forms(since, until, most=most) if self._own else iter(())

    def entity_ids(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the ids of service, staff and location of so many bookings."""
        return islice(chain.from_iterable(part.entity_ids(most) for part in self._parts), most)

    def customer_timezones(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the id and the zone of so many customers that have one of their own, as they are written."""
        return islice(chain.from_iterable(part.customer_timezones(most) for part in self._parts), most)

    def zones_ahead(self, window: Window, *, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the same and the booking's id, of so many customers with a booking that ends in a window."""
        return islice(chain.from_iterable(part.zones_ahead(window, most=most) for part in self._parts), most)

    def _texts(self, statement: str) -> list[str]:
        return [str(row[0]) for row in self._rows(statement)]

    def _rows(self, statement: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return rows of the tables that only the mirror has."""
        return [*self._mirror.rows(statement, values or {})] if self._mirror else []


def _open_mirror(path: Path, *, is_needed: bool) -> SqliteBookings | None:
    """Open sources.db; a file that cannot be read is no reason to fail where no source is read any more."""
    try:
        return SqliteBookings(path) if path.exists() else None
    except BookingsError:
        if is_needed:
            raise
        return None
