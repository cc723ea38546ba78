"""Writing what a file says into the bookings database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from msgspec import UNSET, Struct

from reminderctl import bookings
from reminderctl.core.filters import standard_status
from reminderctl.errors import BookingsError, ImportFailedError, LockedError
from reminderctl.importing import identity, missing
from reminderctl.importing.batch import Batch, Gathered, Patch, decode_fields, is_uniform, split_fields
from reminderctl.importing.columns import NOUNS, TEXTS, Text
from reminderctl.importing.rows import ENCODE, NO_FIELDS, Attendee
from reminderctl.model import Window
from reminderctl.sqlite_errors import is_locked

Tick = Callable[[], None]  # called for each booking that is done
_TABLES = ("bookings", "customers", "participants", "services", "staff", "locations")
_BOOKING = ("starts_at", "ends_at", "timezone", "status", "service_id", "staff_id", "location_id", "fields")
_LANGUAGE = TEXTS["customers"].index("language")
_PARTICIPANT = ("position", "status", "language", "fields")


class Changes(Struct):
    """What became of the database: ids of bookings, numbers of customers."""

    new: set[str]
    changed: set[str]
    canceled: list[str]
    new_customers: int = 0
    changed_customers: int = 0


@contextmanager
def writing(path: Path, *, keep: bool) -> Iterator[sqlite3.Connection]:
    """One transaction on a bookings database, undone at its end unless it is to be kept.

    Raises `BookingsError` where this is no such database or its tables are another program's views, `LockedError` where
    another program is writing, `ImportFailedError` where the database refuses a row.
    """
    if not path.is_file():
        raise BookingsError(f"{path}: there is no bookings database; `reminderctl init` makes an empty one")
    try:
        with closing(_open(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            _refuse_foreign(path, connection)
            yield connection
            connection.execute("COMMIT" if keep else "ROLLBACK")
    except sqlite3.IntegrityError as error:
        raise ImportFailedError(f"{path}: the database refuses a row: {error}; nothing was changed") from None
    except sqlite3.DatabaseError as error:
        if is_locked(error):
            what = "another program is writing to the bookings; nothing was changed, try again later"
            raise LockedError(f"{path}: {what}") from None
        raise BookingsError(f"{path}: cannot write the bookings: {error}; nothing was changed") from None


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=bookings.BUSY_SECONDS, isolation_level=None
    )
    # Pages stay in memory until the end: a page written early would keep every reader out until then.
    connection.execute("PRAGMA cache_spill = OFF")
    return connection


def _refuse_foreign(path: Path, connection: sqlite3.Connection) -> None:
    kinds = dict(connection.execute("SELECT name, type FROM sqlite_schema").fetchall())
    views = [table for table in _TABLES if kinds.get(table) == "view"]
    if views:
        what = f"{', '.join(views)} is a view: the bookings belong to another program, which must change them itself"
        raise BookingsError(f"{path}: {what}; nothing was changed")
    missing = [table for table in _TABLES if table not in kinds]
    if missing:
        what = f"this is no bookings database, it has no table {', '.join(missing)}"
        raise BookingsError(f"{path}: {what}; `reminderctl init` makes an empty one")


def store(connection: sqlite3.Connection, batch: Batch, *, window: Window, full: bool, tick: Tick) -> Changes:
    """Write a file's bookings where they differ from what is stored; `full` cancels all that it does not hold.

    What the file has no column for stays as it is: other programs may have written it.
    """
    changes = Changes(new=set(), changed=set(), canceled=[])
    people = identity.resolve_customers(connection, batch.nouns["customers"], batch.attendances())
    ids = {table: identity.resolve(connection, table, batch.nouns[table]) for table in NOUNS if table != "customers"}
    for table in NOUNS:
        owners = [*ids[table].items()] if table in ids else _owners(people)
        rows = _changed_nouns(connection, table, batch, owners, changes)
        _upsert(connection, table, ("id",), TEXTS[table], rows)
    left_out = missing.left_out(connection) if full else {}
    rows = _changed_bookings(connection, batch, ids, changes, left_out=left_out)
    _upsert(connection, "bookings", ("id",), _BOOKING, rows)
    rows = _changed_participants(connection, batch, people, changes, tick)
    _upsert(connection, "participants", ("booking_id", "customer_id"), _PARTICIPANT, rows)
    changes.canceled = missing.cancel_gone_instances(connection, batch, window)
    if full:
        missing.forget_left_out(connection, batch)
        changes.canceled += missing.cancel_others(connection, batch)
    return changes


def _upsert(
    connection: sqlite3.Connection,
    table: str,
    key: tuple[str, ...],
    columns: tuple[str, ...],
    rows: Iterator[tuple[Any, ...]],
) -> None:
    """Insert or update rows of a key and its columns, one after the other: nothing is gathered."""
    names = key + columns
    statement = f"""
        INSERT INTO {table} ({", ".join(names)}) VALUES ({", ".join("?" for _ in names)})
        ON CONFLICT ({", ".join(key)}) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in columns)}
    """  # noqa: S608 - constants of this package
    connection.executemany(statement, rows)


def _owners(people: identity.Customers) -> list[tuple[str, str]]:
    """Each customer's key with each id that it stands for."""
    return [*people.ids.items(), *{(key, customer_id) for (_, key), customer_id in people.kept.items()}]


def _changed_nouns(
    connection: sqlite3.Connection, table: str, batch: Batch, owners: list[tuple[str, str]], changes: Changes
) -> Iterator[tuple[Any, ...]]:
    columns = TEXTS[table]
    find = _finder(connection, table, columns)
    for key, row_id in owners:
        stored = next(iter(find(row_id)), None)
        row = _over(stored or (None,) * len(columns), batch.nouns[table][key])
        if row != stored:
            if table == "customers":
                changes.new_customers += stored is None
                changes.changed_customers += stored is not None
            yield row_id, *row


def _finder(
    connection: sqlite3.Connection, table: str, columns: tuple[str, ...], *, key: str = "id"
) -> Callable[[str], list[Any]]:
    """What finds the rows of a key; it does not look into a table that has none to begin with."""
    select = f"SELECT {', '.join(columns)} FROM {table} WHERE {key} = ?"  # noqa: S608 - constants of this package
    if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None:  # noqa: S608
        return lambda _: []
    return lambda value: connection.execute(select, (value,)).fetchall()


def _over(stored: tuple[Any, ...], given: tuple[Any, ...]) -> tuple[Any, ...]:
    """What is given, over what is stored where nothing is."""
    return tuple(old if new is UNSET else new for old, new in zip(stored, given, strict=True))


def _changed_bookings(
    connection: sqlite3.Connection,
    batch: Batch,
    ids: dict[str, dict[str, str]],
    changes: Changes,
    *,
    left_out: Mapping[str, str],
) -> Iterator[tuple[Any, ...]]:
    find = _finder(connection, "bookings", _BOOKING)
    for booking_id, gathered in batch.bookings.items():
        stored = next(iter(find(booking_id)), None)
        row = _booking(booking_id, gathered, ids, stored, status_before=left_out.get(booking_id))
        if row != stored:
            (changes.new if stored is None else changes.changed).add(booking_id)
            yield booking_id, *row


def _booking(
    booking_id: str, gathered: Gathered, ids: dict[str, dict[str, str]], stored: Any, *, status_before: str | None
) -> tuple[Any, ...]:
    facts = gathered.facts
    old = stored or (None, None, None, "approved", None, None, None, NO_FIELDS)
    status = facts.status
    if status is UNSET and status_before and standard_status(old[3]) == "canceled":
        status = status_before  # it was missing from an earlier full export, and is back
    given = (
        facts.starts_at,
        facts.ends_at,
        facts.timezone,
        status,
        _id(ids["services"], facts.service),
        _id(ids["staff"], facts.staff),
        _id(ids["locations"], facts.location),
        _booking_fields(booking_id, gathered, old[7]),
    )
    return _over(old, given)


def _booking_fields(booking_id: str, gathered: Gathered, stored: str) -> str:
    if is_uniform(gathered) and stored in (NO_FIELDS, gathered.fields) and "null" not in gathered.fields:
        return gathered.fields  # nothing to take apart: new, or as it was
    patch, _ = split_fields(gathered)
    return _patched(f"booking {booking_id}", stored, patch)


def _id(ids: dict[str, str], key: Text) -> Text:
    return ids[key] if key else key


def _patched(where: str, stored: str | None, patch: Patch) -> str:
    """The JSON of `fields` with a patch applied; the very same text where that changes nothing."""
    if not patch:
        return stored or NO_FIELDS
    try:
        old = decode_fields(stored or NO_FIELDS)
    except ValueError as error:
        raise BookingsError(f"{where}: the stored fields cannot be read: {error}; nothing was changed") from None
    new = {name: value for name, value in {**old, **patch}.items() if value is not None or name not in patch}
    text = ENCODE(new).decode()
    return stored if stored and text == ENCODE(old).decode() else text


def _changed_participants(
    connection: sqlite3.Connection, batch: Batch, people: identity.Customers, changes: Changes, tick: Tick
) -> Iterator[tuple[Any, ...]]:
    """The rows to write; those of customers who are no longer in a booking are deleted on the way."""
    find = _finder(connection, "participants", ("customer_id", *_PARTICIPANT), key="booking_id")
    delete = "DELETE FROM participants WHERE booking_id = ? AND customer_id = ?"
    for booking_id, gathered in batch.bookings.items():
        tick()
        if gathered.attendees is None:
            continue
        stored = {str(row[0]): row[1:] for row in find(booking_id)}
        rows = _participants(booking_id, gathered, batch, people, stored)
        for customer_id in stored.keys() - rows.keys():
            connection.execute(delete, (booking_id, customer_id))
        if rows != stored and booking_id not in changes.new:
            changes.changed.add(booking_id)
        for customer_id, row in rows.items():
            if row != stored.get(customer_id):
                yield booking_id, customer_id, *row


def _participants(
    booking_id: str, gathered: Gathered, batch: Batch, people: identity.Customers, stored: dict[str, tuple[Any, ...]]
) -> dict[str, tuple[Any, ...]]:
    """The participants' rows of one booking, by the customer's id."""
    attendees = gathered.attendees or {}
    if is_uniform(gathered) and all(row[3] == NO_FIELDS for row in stored.values()):
        patches = {key: decode_fields(attendee.fields) for key, attendee in attendees.items()}
    else:
        _, patches = split_fields(gathered)
    rows: dict[str, tuple[Any, ...]] = {}
    for key, attendee in attendees.items():
        customer_id = people.kept.get((booking_id, key)) or people.ids[key]
        if customer_id not in rows:  # two keys may be one customer, by the id and by the address
            own_language = batch.nouns["customers"][key][_LANGUAGE]
            old = stored.get(customer_id) or (len(rows), None, None, NO_FIELDS)
            rows[customer_id] = _participant(attendee, len(rows), patches[key], old, own_language=own_language)
    return rows


def _participant(
    attendee: Attendee, position: int, patch: Patch, stored: tuple[Any, ...], *, own_language: Text
) -> tuple[Any, ...]:
    """A participant's row. The language is the customer's own, and stands here only where this booking differs."""
    language: Text = attendee.language or UNSET
    if language == own_language:
        language = None
    fields = _patched("participants", stored[3], patch)
    return _over(stored, (position, attendee.status, language, fields))
