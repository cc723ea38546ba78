"""bookings.db, the SQLite file that other programs write, opened for reading."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, Self

from reminderctl.bookings import journal, statements
from reminderctl.bookings.connection import BUSY_SECONDS, connect, identity_of
from reminderctl.bookings.errors import errors_of
from reminderctl.bookings.fingerprint import fingerprint
from reminderctl.bookings.no_sources import NoSources
from reminderctl.bookings.rows import read_fields, read_identifier, read_instant, read_participant, read_text
from reminderctl.core import timing
from reminderctl.core.statuses import StatusCount
from reminderctl.dead_links import describe_dead_link
from reminderctl.errors import BookingsError
from reminderctl.model import Booking, Location, Service, Staff, Window
from reminderctl.sqlite_errors import needs_rollback

LONGEST_NUMBER = 19  # digits; SQLite's integers end there
TABLES = ("bookings", "participants", "customers", "services", "staff", "locations")
KEPT = 10_000  # participants, or bookings without any, that are kept for the next who asks
PAGE = 200  # rows that are read at once: in turn with what each is read for they cost a quarter more
PARAMETERS = 10_000  # of one statement; SQLite takes 32,766 unless it was built otherwise


class SqliteBookings(NoSources):
    """An open bookings database, read only.

    Rows that cannot be understood are left out and named in `problems`; `unreadable` says why, by the booking's id.
    Raises `BookingsError` and `LockedError`.
    """

    def __init__(self, path: Path) -> None:
        with suppress(PermissionError):  # a folder that we may not enter; sqlite3 says so below
            if not path.exists():
                advice = describe_dead_link(path) or "`reminderctl init` creates an empty one"
                raise BookingsError(f"{path}: the bookings database is missing; {advice}")
        self.path, self.name = path, str(path)
        self.problems: list[str] = []
        self.unreadable: dict[str, str] = {}
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _open(self) -> None:
        self._entities: dict[tuple[type[Any], Any], Any] = {}
        self._kept: dict[str, Booking | None] = {}
        self._version: int | None = None
        self._follows_the_clock: bool | None = None  # not known yet
        self._file = identity_of(self.path)
        with errors_of(self.path):
            try:
                self._connection = connect(self.path)
            except sqlite3.OperationalError as error:
                if not needs_rollback(error):
                    raise
                journal.roll_back(self.path, timeout=BUSY_SECONDS)
                self._connection = connect(self.path)

    def _follow(self) -> None:
        """Open the file anew where another has taken its place, as an export may do while a run is sending."""
        if identity_of(self.path) not in (self._file, None):
            self._connection.close()
            self._open()

    def _depends_on_the_clock(self) -> bool:
        """Return True where a view asks for the time of day, and so may change without a write."""
        if self._follows_the_clock is None:
            self._follows_the_clock = any(re.search(statements.CLOCK, text) for text in self._texts(statements.VIEWS))
        return self._follows_the_clock

    def _forget_what_changed(self) -> None:
        """Keep what was read until somebody writes, which SQLite counts; nothing of views that ask for the time."""
        with errors_of(self.path):
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version or self._depends_on_the_clock():
            self._version = version
            self._kept.clear()
            self._entities.clear()

    def fingerprint(self) -> str | None:
        """Return a text that changes with what is read from now on.

        None where that cannot be known: the file was written a moment ago, or a view asks for the time of day.
        """
        self._follow()
        if identity_of(self.path) != self._file or self._depends_on_the_clock():
            return None
        return fingerprint(self.path)

    def starting(self, window: Window) -> Iterator[Booking]:
        """Return the bookings that start in a window, earliest first."""
        return self._select("b.starts_at > :since AND b.starts_at <= :until ORDER BY b.starts_at, b.id", window)

    def ending(self, window: Window) -> Iterator[Booking]:
        """Return the bookings that end in a window, earliest first."""
        return self._select("b.ends_at > :since AND b.ends_at <= :until ORDER BY b.ends_at, b.id", window)

    def find(self, booking_id: str) -> Booking | None:
        """Return one booking, or None."""
        return self.find_all([booking_id]).get(booking_id)

    def find_all(self, booking_ids: Collection[str]) -> dict[str, Booking]:
        """Return those of some bookings that there are, by id, as they are now.

        What was read before is given again if nobody has written since: a booking with thousands of participants is
        asked for again with each few deliveries that are sent.
        """
        self._follow()
        self._forget_what_changed()
        if unread := [booking_id for booking_id in booking_ids if booking_id not in self._kept]:
            kept = self._kept.values()
            if len(unread) + sum(len(booking.participants) if booking else 1 for booking in kept) > KEPT:
                self._kept.clear()
                unread = [*booking_ids]
            bookings = self._find(unread)
            self._kept |= {booking_id: bookings.get(booking_id) for booking_id in unread}
        return {booking_id: booking for booking_id in booking_ids if (booking := self._kept[booking_id])}

    def _find(self, booking_ids: Collection[str]) -> dict[str, Booking]:
        """Read bookings by their ids.

        A view may number them; what it computes has no affinity, and there 7 and '7' are not the same.
        """
        numbers = [text for text in booking_ids if text.isdecimal() and len(text) < LONGEST_NUMBER]
        values = [*booking_ids, *map(int, numbers)]
        bookings: dict[str, Booking] = {}
        for first in range(0, len(values), PARAMETERS):
            parameters = {str(number): value for number, value in enumerate(values[first : first + PARAMETERS])}
            where = f"b.id IN ({', '.join(f':{name}' for name in parameters)}) ORDER BY b.id"
            bookings |= {booking.id: booking for booking in self._read(where, parameters)}
        return bookings

    def timezones(self) -> set[str]:
        """Return every zone that a booking names.

        With the index that our own table has this walks from name to name; other tables and views are scanned.
        """
        indexed = self._texts(
            "SELECT i.name FROM pragma_index_list('bookings') AS l JOIN pragma_index_info(l.name) AS i"
            " WHERE i.seqno = 0 AND i.name = 'timezone'"
        )
        return {*self._texts(statements.EACH_TIMEZONE if indexed else "SELECT DISTINCT timezone FROM bookings")}

    def own_zones(self) -> set[str]:
        """Return every zone that a customer has."""
        return {*self._texts("SELECT DISTINCT timezone FROM customers WHERE timezone <> ''")}

    def filled_tables(self) -> tuple[str, ...]:
        """Return the tables, or views, that hold anything."""
        filled = ", ".join(f"EXISTS (SELECT 1 FROM {table})" for table in TABLES)  # noqa: S608 - names of tables
        with errors_of(self.path):
            row = self._connection.execute(f"SELECT {filled}").fetchone()
        return tuple(table for table, is_filled in zip(TABLES, row, strict=True) if is_filled)

    def count(self, window: Window, *, anchor: Literal["start", "end"]) -> tuple[int, int]:
        """Return how many bookings start or end in a window, and how many participants they have.

        Views are not counted: they may take long.
        """
        since, until = map(timing.instant_text, window)
        with errors_of(self.path):
            row = self._connection.execute(statements.count(anchor), {"since": since, "until": until}).fetchone()
        return row[0], row[1]

    def customer_timezones(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Return id, zone and name of so many customers that have a zone of their own, as the file has them."""
        yield from self.rows(statements.OWN_ZONES, {"most": most})

    def zones_ahead(self, window: Window, *, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the same and the booking's id, of so many customers with a booking that ends in a window."""
        since, until = map(timing.instant_text, window)
        with errors_of(self.path):
            yield from self._connection.execute(statements.ZONES_AHEAD, {"since": since, "until": until, "most": most})

    def latest_ids(self, *, most: int) -> list[str]:
        """Return the ids of the bookings that start last."""
        return self._texts("SELECT id FROM bookings ORDER BY starts_at DESC LIMIT :most", {"most": most})

    def names(self, table: str) -> set[str]:
        """Return every id and name in `services`, `staff` or `locations`."""
        return {*self._texts(f"SELECT id FROM {table} UNION SELECT name FROM {table}")}  # noqa: S608 - our own tables

    def count_statuses(self, since: datetime | None, *, most: int) -> list[StatusCount]:
        """Return how often each status is there, of so many bookings and participants that end later, or of all."""
        names = {"since": timing.instant_text(since) if since else "", "most": most}
        rows = self.rows(statements.COUNT_STATUSES, names)
        return [StatusCount(noun, text, count) for noun, status, count in rows if (text := read_text(status))]

    def times(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Return id, start and end of so many bookings, as the file has them."""
        yield from self.rows("SELECT id, starts_at, ends_at FROM bookings LIMIT :most", {"most": most})

    def times_in_other_forms(self, since: datetime, until: datetime, *, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the same of so many bookings between two days that have no T after the day, by an index."""
        days = [f"{since + number * timing.DAY:%Y-%m-%d}" for number in range((until - since).days + 1)]
        by_index = bool(self._texts(statements.IS_TABLE))
        yield from self.rows(statements.other_forms(days, by_index=by_index), {"most": most})

    def entity_ids(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Return the ids of service, staff and location of so many bookings, as the file has them."""
        yield from self.rows("SELECT service_id, staff_id, location_id FROM bookings LIMIT :most", {"most": most})

    def rows(self, statement: str, parameters: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Yield what a statement of ours reads, as the file has it."""
        with errors_of(self.path):
            yield from self._connection.execute(statement, parameters)

    def _texts(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[str]:
        """Return the texts of a column, empty ones left out."""
        with errors_of(self.path):
            return [
                text for row in self._connection.execute(statement, parameters or {}) if (text := read_text(row[0]))
            ]

    def _select(self, where: str, window: Window) -> Iterator[Booking]:
        since, until = map(timing.instant_text, window)
        return self._read(where, {"since": since, "until": until})

    def _read(self, where: str, parameters: Mapping[str, Any]) -> Iterator[Booking]:
        with errors_of(self.path):
            sql = f"{statements.SELECT} WHERE {where}, p.position, p.customer_id"
            pages = iter(partial(self._connection.execute(sql, parameters).fetchmany, PAGE), [])
            for booking_id, group in groupby(chain.from_iterable(pages), key=itemgetter(0)):
                try:
                    booking = self._booking(list(group))
                    self.unreadable.pop(booking.id, None)
                    yield booking
                except (ValueError, TypeError) as error:
                    self.unreadable[str(booking_id)] = str(error)
                    problem = f"{self.path}: booking {booking_id} is skipped: {error}"
                    if problem not in self.problems:  # it is read for each trigger
                        self.problems.append(problem)

    def _booking(self, rows: list[tuple[Any, ...]]) -> Booking:
        booking_id, starts_at, ends_at, timezone, status, service_id, staff_id, location_id, fields = rows[0][:9]
        return Booking(
            id=read_identifier(booking_id),
            starts_at=read_instant("starts_at", starts_at),
            ends_at=read_instant("ends_at", ends_at),
            timezone=read_text(timezone),
            status=read_text(status) or "approved",
            service=self._entity(Service, service_id),
            staff=self._entity(Staff, staff_id),
            location=self._entity(Location, location_id),
            fields=read_fields(fields),
            participants=tuple(read_participant(row[9:]) for row in rows if row[9] is not None),
        )

    def _entity(self, kind: type[Any], entity_id: Any) -> Any:
        """Return a row of one of the small tables, read once in a run; only its id where the row is missing."""
        if entity_id is None or entity_id == "":
            return None
        known = self._entities.get((kind, entity_id))
        if known is None:
            row = self._connection.execute(
                f"{statements.select_entities(kind)} WHERE id = :id", {"id": entity_id}
            ).fetchone()
            texts = dict(zip(kind.__struct_fields__, row, strict=True)) if row else {"id": entity_id, "fields": None}
            known = kind(
                **{name: read_text(value) for name, value in texts.items() if name != "fields"},
                fields=read_fields(texts["fields"]),
            )
            self._entities[kind, entity_id] = known
        return known
