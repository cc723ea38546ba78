"""bookings.db while an import writes it: every statement of its one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from reminderctl import bookings
from reminderctl.errors import BookingsError, ImportFailedError, LockedError
from reminderctl.importing.columns import TEXT_COLUMNS
from reminderctl.sqlite_errors import is_locked

StoredRow = tuple[Any, ...]
_TABLES = ("bookings", "customers", "participants", "services", "staff", "locations")

_SELECT_ATTENDEES = f"""
SELECT c.id, {", ".join(f"c.{column}" for column in TEXT_COLUMNS["customers"])}
FROM participants AS p JOIN customers AS c ON c.id = p.customer_id
WHERE p.booking_id = :booking_id
ORDER BY p.position, c.id
"""  # noqa: S608 - constants of columns.py
_SELECT_PARTICIPANT = "SELECT 1 FROM participants WHERE booking_id = :booking_id AND customer_id = :customer_id"
_DELETE_PARTICIPANT = "DELETE FROM participants WHERE booking_id = :booking_id AND customer_id = :customer_id"

# The instances of a series, and the booking that it was before it became one; `0` follows `/`.
_SELECT_SERIES = """
SELECT id, status, starts_at FROM bookings WHERE id = :name OR (id > :name || '/' AND id < :name || '0')
"""

# Ours alone: what comes back in a later export is then again what it was, and what somebody else canceled stays so.
_CREATE_LEFT_OUT = "CREATE TABLE IF NOT EXISTS bookings_left_out (id TEXT PRIMARY KEY, status TEXT) WITHOUT ROWID"
_INSERT_LEFT_OUT = """
INSERT OR REPLACE INTO bookings_left_out (id, status) SELECT id, status FROM bookings WHERE id = :id
"""


class BookingsStore:
    """bookings.db inside the transaction of an import."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def make_finder(self, table: str, columns: tuple[str, ...], *, key: str = "id") -> Callable[[str], list[StoredRow]]:
        """Return a function that returns the rows of a key; it does not look into a table that is empty now."""
        select = f"SELECT {', '.join(columns)} FROM {table} WHERE {key} = ?"  # noqa: S608 - constants of this package
        execute = self._connection.execute
        if execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None:  # noqa: S608
            return lambda _: []
        return lambda value: execute(select, (value,)).fetchall()

    def upsert(self, table: str, rows: Iterable[StoredRow], *, key: tuple[str, ...], columns: tuple[str, ...]) -> None:
        """Insert or update rows of a key and its columns, one after the other: nothing is gathered."""
        names = key + columns
        statement = f"""
            INSERT INTO {table} ({", ".join(names)}) VALUES ({", ".join("?" for _ in names)})
            ON CONFLICT ({", ".join(key)}) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in columns)}
        """  # noqa: S608 - constants of this package
        self._connection.executemany(statement, rows)

    def list_entities(self, table: str) -> Iterator[StoredRow]:
        """Return the id and texts of each service, member of staff, location or customer, by id."""
        statement = f"SELECT id, {', '.join(TEXT_COLUMNS[table])} FROM {table} ORDER BY id"  # noqa: S608 - constants
        return self._connection.execute(statement)

    # --- participants -----------------------------------------------------------------------------------------------

    def has_participants(self) -> bool:
        """Is there any participant at all?"""
        return self._connection.execute("SELECT 1 FROM participants LIMIT 1").fetchone() is not None

    def is_participant(self, booking_id: str, customer_id: str) -> bool:
        """Is a customer in a booking?"""
        names = {"booking_id": booking_id, "customer_id": customer_id}
        return self._connection.execute(_SELECT_PARTICIPANT, names).fetchone() is not None

    def list_attendees(self, booking_id: str) -> list[StoredRow]:
        """Return the id and texts of each customer of a booking."""
        return self._connection.execute(_SELECT_ATTENDEES, {"booking_id": booking_id}).fetchall()

    def delete_participant(self, booking_id: str, customer_id: str) -> None:
        """Take a customer out of a booking."""
        self._connection.execute(_DELETE_PARTICIPANT, {"booking_id": booking_id, "customer_id": customer_id})

    # --- bookings that a file does not hold ---------------------------------------------------------------------------

    def list_statuses(self) -> Iterator[StoredRow]:
        """Return the id and status of each booking."""
        return self._connection.execute("SELECT id, status FROM bookings")

    def list_series(self, name: str) -> Iterator[StoredRow]:
        """Return the id, status and start of each instance of a series."""
        return self._connection.execute(_SELECT_SERIES, {"name": name})

    def cancel(self, booking_ids: Iterable[str]) -> None:
        """Cancel bookings."""
        statement = "UPDATE bookings SET status = 'canceled' WHERE id = :id"
        self._connection.executemany(statement, [{"id": booking_id} for booking_id in booking_ids])

    def list_left_out(self) -> dict[str, str]:
        """Return the bookings that full exports did not hold, with the status that each had before."""
        self._connection.execute(_CREATE_LEFT_OUT)
        return dict(self._connection.execute("SELECT id, status FROM bookings_left_out").fetchall())

    def save_left_out(self, booking_ids: Iterable[str]) -> None:
        """Remember the status of bookings that a full export does not hold, before they are canceled."""
        self._connection.execute(_CREATE_LEFT_OUT)
        self._connection.executemany(_INSERT_LEFT_OUT, [{"id": booking_id} for booking_id in booking_ids])

    def forget_left_out(self, booking_ids: Iterable[str]) -> None:
        """Forget the bookings that a file holds again."""
        statement = "DELETE FROM bookings_left_out WHERE id = :id"
        self._connection.executemany(statement, [{"id": booking_id} for booking_id in booking_ids])


@contextmanager
def open_transaction(path: Path, *, keep: bool) -> Iterator[BookingsStore]:
    """Open one transaction on a bookings database, undone at its end unless it is to be kept.

    Raises `BookingsError` where this is no such database or its tables are another program's views, `LockedError` where
    another program is writing, `ImportFailedError` where the database refuses a row.
    """
    if not path.is_file():
        raise BookingsError(f"{path}: there is no bookings database; `reminderctl init` creates an empty one")
    try:
        with closing(_connect(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            _refuse_foreign_tables(path, connection)
            yield BookingsStore(connection)
            connection.execute("COMMIT" if keep else "ROLLBACK")
    except sqlite3.IntegrityError as error:
        raise ImportFailedError(f"{path}: the database refuses a row: {error}; nothing was changed") from None
    except sqlite3.DatabaseError as error:
        if is_locked(error):
            problem = "another program is writing to the bookings; nothing was changed, try again later"
            raise LockedError(f"{path}: {problem}") from None
        raise BookingsError(f"{path}: cannot write the bookings: {error}; nothing was changed") from None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=bookings.BUSY_SECONDS, isolation_level=None
    )
    # Pages stay in memory until the end: a page written early would keep every reader out until then.
    connection.execute("PRAGMA cache_spill = OFF")
    return connection


def _refuse_foreign_tables(path: Path, connection: sqlite3.Connection) -> None:
    kinds = dict(connection.execute("SELECT name, type FROM sqlite_schema").fetchall())
    views = [table for table in _TABLES if kinds.get(table) == "view"]
    if views:
        problem = f"{', '.join(views)} is a view: the bookings belong to another program, which must change them itself"
        raise BookingsError(f"{path}: {problem}; nothing was changed")
    missing = [table for table in _TABLES if table not in kinds]
    if missing:
        problem = f"this is no bookings database, it has no table {', '.join(missing)}"
        raise BookingsError(f"{path}: {problem}; `reminderctl init` creates an empty one")
