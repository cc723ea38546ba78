"""The writing of a reading into sources.db, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from reminderctl.bookings import SCHEMA
from reminderctl.bookings.mirror import end_of, prefix_of
from reminderctl.core.comparing import KnownBooking
from reminderctl.core.timing import instant_text
from reminderctl.importing.batch import Batch
from reminderctl.importing.columns import TEXT_COLUMNS
from reminderctl.importing.merge import merge_batch
from reminderctl.importing.store import BookingsStore
from reminderctl.sources.outcome import Written
from reminderctl.sources.reading import Plan, Taken
from reminderctl.sources.records import SourcedBooking
from reminderctl.sources.stored import BUSY_SECONDS, errors_of

MOST_BAD = 50  # that are kept by name
_TEXTS = TEXT_COLUMNS["customers"]
_ENTITIES = ("services", "staff", "locations", "customers")
_REFERENCES = {  # which columns of a table hold ids of the source
    "services": ("id",),
    "staff": ("id",),
    "locations": ("id",),
    "customers": ("id",),
    "bookings": ("id", "service_id", "staff_id", "location_id"),
    "participants": ("booking_id", "customer_id"),
}
_TOUCHED = {  # not whom the source had before, and of whom it says nothing now
    "participants": " WHERE booking_id IN (SELECT id FROM main.bookings)",
    "customers": """ WHERE id IN (
        SELECT customer_id FROM main.participants WHERE booking_id IN (SELECT id FROM main.bookings)
    )""",
}
_KEEP_STATE = """
INSERT INTO mirror.sources
    (name, checksum, columns, etag, last_modified, window, settings, began_at, written_at, bad)
VALUES (:name, :checksum, :columns, :etag, :last_modified, :window, :settings, :began_at, :began_at, :bad)
ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, columns = excluded.columns, etag = excluded.etag,
    last_modified = excluded.last_modified, window = excluded.window, settings = excluded.settings,
    began_at = excluded.began_at, written_at = excluded.written_at, bad = excluded.bad
"""
_KEEP_BOOKING = """
INSERT INTO mirror.sourced_bookings (booking_id, source, checksum, keys) VALUES (:id, :source, :checksum, :keys)
ON CONFLICT (booking_id) DO UPDATE SET checksum = excluded.checksum, keys = excluded.keys, missing_since = NULL,
    gone_since = NULL
"""
_HOLD = """
UPDATE mirror.sourced_bookings SET missing_since = COALESCE(missing_since, :now) WHERE booking_id = :id
"""
_END = """
UPDATE mirror.sourced_bookings SET missing_since = NULL, gone_since = :now, checksum = '' WHERE booking_id = :id
"""


def write(taken: Taken) -> Written:
    """Bring sources.db up to date with a reading, all or nothing; raises `SourceError` and `LockedError`."""
    plan = taken.plan
    source, began_at = plan.settings.name, instant_text(plan.now)
    if taken.is_as_stored and (not taken.is_whole or _state(taken) == _stored_state(plan)):
        return Written()
    with _transaction(plan.mirror) as connection:
        sql = "SELECT began_at FROM mirror.sources WHERE name = :name"
        stored = connection.execute(sql, {"name": source}).fetchone()
        if stored and stored[0] > max(began_at, plan.stored.began_at if plan.stored else began_at):
            return Written(overtaken=True)
        _write_bookings(connection, taken)
        prefix = prefix_of(source)
        connection.executemany(_HOLD, [{"id": prefix + each, "now": began_at} for each in taken.absence.held])
        gone = [{"id": prefix + each, "now": began_at} for each in taken.absence.canceled]
        connection.executemany(_END, gone)
        connection.executemany("UPDATE mirror.bookings SET status = 'canceled' WHERE id = :id", gone)
        if taken.is_whole:
            connection.execute(_KEEP_STATE, {**_state(taken), "name": source, "began_at": began_at})
        elif taken.changed:  # what the reading of everything left behind is no longer so
            connection.execute("UPDATE mirror.sources SET checksum = NULL WHERE name = :name", {"name": source})
    return count_changes(taken)


def count_changes(taken: Taken) -> Written:
    """Return what a reading changes, or would change."""
    new = sum(name not in taken.known or taken.known[name].is_gone for name in taken.changed)
    changed = sum(
        name in taken.known and _is_changed(taken.known[name], booking) for name, (booking, _) in taken.changed.items()
    )
    return Written(new=new, changed=changed, canceled=len(taken.absence.canceled))


def _state(taken: Taken) -> dict[str, str | None]:
    """Return what is stored of a reading, by which the next one sees whether anything has changed."""
    plan = taken.plan
    state = {"window": plan.window_text, "settings": plan.settings_text}
    bad = msgspec.json.encode(taken.bad[:MOST_BAD]).decode()
    return {**state, **msgspec.structs.asdict(taken.previous), "bad": bad}


def _stored_state(plan: Plan) -> dict[str, str | None] | None:
    stored = plan.stored
    if stored is None:
        return None
    state = {"window": stored.window, "settings": stored.settings}
    return {**state, **msgspec.structs.asdict(stored.previous), "bad": msgspec.json.encode(stored.bad).decode()}


def _is_changed(before: KnownBooking, booking: SourcedBooking) -> bool:
    """Return False for a booking that is back as it was, or that counts as new."""
    return not before.is_gone and before.checksum != booking.checksum


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open one transaction on sources.db, called `mirror`, beside an empty database in memory with the same tables."""
    with (
        errors_of(path),
        closing(sqlite3.connect(":memory:", timeout=BUSY_SECONDS, isolation_level=None)) as connection,
    ):
        connection.executescript(SCHEMA)
        connection.execute("ATTACH :path AS mirror", {"path": str(path)})
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


def _write_bookings(connection: sqlite3.Connection, taken: Taken) -> None:
    """Replace the bookings that have changed.

    The rows are imported into the database in memory, under the ids that they have in the source, beside the customers
    that the source had before: who has no id there is recognized as in an import. Then they are copied.
    """
    if not taken.changed:
        return
    source = taken.plan.settings.name
    prefix, end = prefix_of(source), end_of(source)
    _recall_customers(connection, prefix=prefix, end=end, booking_ids=taken.changed)
    batch = Batch()
    for _, rows in taken.changed.values():
        for row in rows:
            batch.add(row)
    # The language is said of this booking: of the customer's others somebody else may say another one.
    customers = batch.entities["customers"]
    for key, texts in customers.items():
        customers[key] = tuple(None if name == "language" else text for name, text in zip(_TEXTS, texts, strict=True))
    merge_batch(BookingsStore(connection), batch, window=taken.plan.window, full=False, on_booking=lambda: None)
    ids = [{"id": prefix + name} for name in taken.changed]
    connection.executemany("DELETE FROM mirror.participants WHERE booking_id = :id", ids)
    for table in (*_ENTITIES, "bookings", "participants"):
        _copy(connection, table, prefix=prefix)
    connection.executemany(
        _KEEP_BOOKING,
        [
            {
                "id": prefix + name,
                "source": source,
                "checksum": booking.checksum,
                "keys": msgspec.json.encode(booking.keys).decode(),
            }
            for name, (booking, _) in taken.changed.items()
        ],
    )


def _recall_customers(connection: sqlite3.Connection, *, prefix: str, end: str, booking_ids: Iterable[str]) -> None:
    """Copy the customers of a source, and who is in these bookings, into the database in memory."""
    values = {"prefix": prefix, "end": end, "skip": len(prefix) + 1}
    connection.execute(
        """
        INSERT INTO main.customers (id, full_name, first_name, last_name, email, phone, telegram)
        SELECT substr(id, :skip), full_name, first_name, last_name, email, phone, telegram FROM mirror.customers
        WHERE id > :prefix AND id < :end
        """,
        values,
    )
    connection.executemany(
        """
        INSERT INTO main.participants (booking_id, customer_id, position)
        SELECT substr(booking_id, :skip), substr(customer_id, :skip), position FROM mirror.participants
        WHERE booking_id = :id
        """,
        [{"skip": len(prefix) + 1, "id": prefix + name} for name in booking_ids],
    )


def _copy(connection: sqlite3.Connection, table: str, *, prefix: str) -> None:
    """Copy the rows of a table into sources.db, the name of the source before each id."""
    columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    ids = _REFERENCES[table]
    values = ", ".join(f":prefix || {name}" if name in ids else name for name in columns)
    statement = f"INSERT OR REPLACE INTO mirror.{table} ({', '.join(columns)}) SELECT {values} FROM main.{table}"  # noqa: S608
    statement += _TOUCHED.get(table, "")
    connection.execute(statement, {"prefix": prefix})
