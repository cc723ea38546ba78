"""Reading bookings.db, the file that other programs write (SPEC 4.2)."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

import msgspec

from reminderctl import timing
from reminderctl.errors import BookingsError, ExitCode, LockedError
from reminderctl.model import Booking, Customer, Location, Participant, Service, Staff, Window

BUSY_SECONDS = 10.0
LONGEST_NUMBER = 19  # digits; SQLite's integers end there
# Some programs write the year 9999 for `never`; inside these every sum of an instant and an offset exists.
EARLIEST, LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9900, 1, 1, tzinfo=UTC)

# An instant is text in UTC with whole seconds; comparing what strftime makes of it refuses 30 February too.
_INSTANT = "{0} GLOB '????-??-??T??:??:??Z' AND strftime('%Y-%m-%dT%H:%M:%SZ', {0}) = {0}"
_OBJECT = "json_valid(fields) AND json_type(fields) = 'object'"

SCHEMA = f"""
CREATE TABLE bookings (
    id TEXT PRIMARY KEY NOT NULL,
    starts_at TEXT NOT NULL CHECK ({_INSTANT.format("starts_at")}),
    ends_at TEXT NOT NULL CHECK ({_INSTANT.format("ends_at")}),
    timezone TEXT,
    status TEXT NOT NULL DEFAULT 'approved',
    service_id TEXT,
    staff_id TEXT,
    location_id TEXT,
    fields TEXT NOT NULL DEFAULT '{{}}' CHECK ({_OBJECT}),
    CHECK (starts_at <= ends_at)
);
CREATE INDEX bookings_starts_at ON bookings (starts_at);
CREATE INDEX bookings_ends_at ON bookings (ends_at);
CREATE INDEX bookings_timezone ON bookings (timezone);
CREATE TABLE customers (
    id TEXT PRIMARY KEY NOT NULL, full_name TEXT, first_name TEXT, last_name TEXT, email TEXT, phone TEXT,
    telegram TEXT, language TEXT, timezone TEXT, fields TEXT NOT NULL DEFAULT '{{}}' CHECK ({_OBJECT})
);
CREATE TABLE participants (
    booking_id TEXT NOT NULL, customer_id TEXT NOT NULL, position INTEGER NOT NULL DEFAULT 0, status TEXT,
    language TEXT, fields TEXT NOT NULL DEFAULT '{{}}' CHECK ({_OBJECT}),
    PRIMARY KEY (booking_id, customer_id)
);
CREATE TABLE services (
    id TEXT PRIMARY KEY NOT NULL, name TEXT, fields TEXT NOT NULL DEFAULT '{{}}' CHECK ({_OBJECT})
);
CREATE TABLE staff (
    id TEXT PRIMARY KEY NOT NULL, name TEXT, email TEXT, phone TEXT, telegram TEXT,
    fields TEXT NOT NULL DEFAULT '{{}}' CHECK ({_OBJECT})
);
CREATE TABLE locations (
    id TEXT PRIMARY KEY NOT NULL, name TEXT, address TEXT, phone TEXT, email TEXT,
    fields TEXT NOT NULL DEFAULT '{{}}' CHECK ({_OBJECT})
);
"""

_SELECT = """
SELECT b.id, b.starts_at, b.ends_at, b.timezone, b.status, b.service_id, b.staff_id, b.location_id, b.fields,
       p.customer_id, p.status, p.language, p.fields,
       c.full_name, c.first_name, c.last_name, c.email, c.phone, c.telegram, c.language, c.timezone, c.fields
FROM bookings AS b
LEFT JOIN participants AS p ON p.booking_id = b.id
LEFT JOIN customers AS c ON c.id = p.customer_id
"""
_CUSTOMER_TEXTS = ("full_name", "first_name", "last_name", "email", "phone", "telegram", "language", "timezone")


def create(path: Path) -> None:
    """Make an empty bookings database; raises FileExistsError rather than touch one that is there."""
    path.touch(mode=0o640, exist_ok=False)
    with _errors_of(path):
        connection = sqlite3.connect(path)
        connection.executescript(SCHEMA)
        connection.close()


class Bookings:
    """An open bookings database, read only.

    Rows that cannot be understood are left out and named in `problems`. Raises `BookingsError` and `LockedError`.
    """

    def __init__(self, path: Path) -> None:
        with suppress(PermissionError):  # a folder that we may not enter; sqlite3 says so below
            if not path.exists():
                raise BookingsError(f"{path}: there are no bookings; `reminderctl init` makes an empty file")
        self.path = path
        self.problems: list[str] = []
        self._nouns: dict[tuple[str, str], Any] = {}
        with _errors_of(path):
            self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
            self._connection.text_factory = partial(str, encoding="utf-8", errors="replace")
            for table in ("bookings", "participants", "customers"):
                self._connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608 - a constant

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def starting(self, window: Window) -> Iterator[Booking]:
        """The bookings that start in a window, earliest first."""
        return self._select("b.starts_at > :since AND b.starts_at <= :until ORDER BY b.starts_at, b.id", window)

    def ending(self, window: Window) -> Iterator[Booking]:
        """The bookings that end in a window, earliest first."""
        return self._select("b.ends_at > :since AND b.ends_at <= :until ORDER BY b.ends_at, b.id", window)

    def find(self, booking_id: str) -> Booking | None:
        """One booking, or None."""
        return self.find_all([booking_id]).get(booking_id)

    def find_all(self, booking_ids: Collection[str]) -> dict[str, Booking]:
        """Those of some bookings that there are, by id.

        A view may number them; what it computes has no affinity, and there 7 and '7' are not the same.
        """
        values = [*booking_ids, *(int(each) for each in booking_ids if each.isdecimal() and len(each) < LONGEST_NUMBER)]
        marks = ", ".join(f":{number}" for number in range(len(values)))
        parameters = {str(number): value for number, value in enumerate(values)}
        return {booking.id: booking for booking in self._read(f"b.id IN ({marks}) ORDER BY b.id", parameters)}

    def timezones(self) -> set[str]:
        """Every zone that a booking names.

        With the index that our own table has this walks from name to name; other tables and views are scanned.
        """
        with _errors_of(self.path):
            indexed = any(
                self._connection.execute(
                    "SELECT 1 FROM pragma_index_info(?) WHERE seqno = 0 AND name = 'timezone'", row
                ).fetchone()
                for row in self._connection.execute("SELECT name FROM pragma_index_list('bookings')").fetchall()
            )
            rows = self._connection.execute(_EACH_TIMEZONE if indexed else "SELECT DISTINCT timezone FROM bookings")
            return {name for row in rows if (name := _text(row[0]))}

    def latest_ids(self, *, most: int) -> list[str]:
        """The ids of the bookings that start last."""
        with _errors_of(self.path):
            rows = self._connection.execute(
                "SELECT id FROM bookings ORDER BY starts_at DESC LIMIT :most", {"most": most}
            )
            return [booking_id for row in rows if (booking_id := _text(row[0]))]

    def names(self, table: str) -> set[str]:
        """Every id and name in `services`, `staff` or `locations`."""
        with _errors_of(self.path):
            rows = self._connection.execute(
                f"SELECT id FROM {table} UNION SELECT name FROM {table}"  # noqa: S608 - one of our own tables
            )
            return {name for row in rows if (name := _text(row[0]))}

    def statuses(self) -> set[str]:
        """Every status that a booking or a participant has."""
        with _errors_of(self.path):
            rows = self._connection.execute("SELECT status FROM bookings UNION SELECT status FROM participants")
            return {status for row in rows if (status := _text(row[0]))}

    def written(self, most: int) -> Iterator[tuple[Any, ...]]:
        """Id, start, end, service, staff and location of so many bookings, as the file has them."""
        with _errors_of(self.path):
            yield from self._connection.execute(
                "SELECT id, starts_at, ends_at, service_id, staff_id, location_id FROM bookings LIMIT :most",
                {"most": most},
            )

    def _select(self, where: str, window: Window) -> Iterator[Booking]:
        since, until = map(timing.instant_text, window)
        return self._read(where, {"since": since, "until": until})

    def _read(self, where: str, parameters: Mapping[str, Any]) -> Iterator[Booking]:
        with _errors_of(self.path):
            rows = self._connection.execute(f"{_SELECT} WHERE {where}, p.position, p.customer_id", parameters)
            for booking_id, group in groupby(rows, key=itemgetter(0)):
                try:
                    yield self._booking(list(group))
                except (ValueError, TypeError) as error:
                    self.problems.append(f"{self.path}: booking {booking_id} is left out: {error}")

    def _booking(self, rows: list[tuple[Any, ...]]) -> Booking:
        booking_id, starts_at, ends_at, timezone, status, service_id, staff_id, location_id, fields = rows[0][:9]
        return Booking(
            id=_identifier(booking_id),
            starts_at=_instant("starts_at", starts_at),
            ends_at=_instant("ends_at", ends_at),
            timezone=_text(timezone),
            status=_text(status) or "approved",
            service=self._noun("services", Service, service_id),
            staff=self._noun("staff", Staff, staff_id),
            location=self._noun("locations", Location, location_id),
            fields=_object(fields),
            participants=tuple(_participant(row[9:]) for row in rows if row[9] is not None),
        )

    def _noun(self, table: str, kind: type[Any], noun_id: Any) -> Any:
        """A row of one of the small tables, read once in a run; only its id where the row is missing."""
        if noun_id is None or noun_id == "":
            return None
        known = self._nouns.get((table, noun_id))
        if known is None:
            columns = kind.__struct_fields__
            row = self._connection.execute(
                f"SELECT {', '.join(columns)} FROM {table} WHERE id = ?",  # noqa: S608 - constants of this module
                (noun_id,),
            ).fetchone()
            texts = dict(zip(columns, row, strict=True)) if row else {"id": noun_id, "fields": None}
            known = kind(
                **{name: _text(value) for name, value in texts.items() if name != "fields"},
                fields=_object(texts["fields"]),
            )
            self._nouns[table, noun_id] = known
        return known


# From each name straight to the next one: the cost follows the number of zones, not of bookings.
_EACH_TIMEZONE = """
WITH RECURSIVE each_timezone (name) AS (
    SELECT MIN(timezone) FROM bookings
    UNION ALL
    SELECT (SELECT MIN(timezone) FROM bookings WHERE timezone > each_timezone.name)
    FROM each_timezone WHERE each_timezone.name IS NOT NULL
)
SELECT name FROM each_timezone
"""


def _participant(row: tuple[Any, ...]) -> Participant:
    customer_id, status, language, fields = row[:4]
    texts = dict(zip(_CUSTOMER_TEXTS, map(_text, row[4:12]), strict=True))
    return Participant(
        customer=Customer(id=str(customer_id), **texts, fields=_object(row[12])),
        status=_text(status),
        language=_text(language),
        fields=_object(fields),
    )


def _identifier(value: Any) -> str:
    """The id of a booking, by which it must be found again."""
    if not isinstance(value, (str, int)) or value == "" or "\ufffd" in str(value):
        raise ValueError(f"its id is {value!r}; write text in UTF-8, or a whole number")
    return str(value)


def _text(value: Any) -> str | None:
    if value is None or value in ("", b""):
        return None
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _instant(column: str, text: Any) -> Any:
    try:
        instant = timing.parse_instant(text)
    except (ValueError, TypeError):
        raise ValueError(f"{column} is {text!r}; write UTC as 2026-03-29T08:00:00Z") from None
    return min(max(instant.replace(microsecond=0) if instant.microsecond else instant, EARLIEST), LATEST)


def _object(text: Any) -> dict[str, Any]:
    if text in (None, "", "{}"):
        return {}
    try:
        fields = msgspec.json.decode(text)
    except (msgspec.DecodeError, TypeError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise ValueError(f"fields is {str(text)[:40]!r}; write a JSON object")
    return fields


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Say what sqlite3 met in words that name the file and what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise LockedError(f"{path}: another program holds the bookings; the next run tries again") from None
        if "no such" in text:
            what = f"{path}: {text}; docs/reference/bookings.md lists the tables and columns that must be there"
            raise BookingsError(what) from None
        raise BookingsError(f"{path}: cannot read the bookings: {text}") from None
    except sqlite3.DatabaseError as error:
        failure = BookingsError(f"{path}: cannot read the bookings: {error}; restore the file from a backup")
        failure.exit_code = ExitCode.NEEDS_A_PERSON if "malformed" in str(error) else ExitCode.CONFIGURATION
        raise failure from None
