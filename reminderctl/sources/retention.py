"""Forgetting in sources.db: a person, or what is long past."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from reminderctl.core.timing import instant_text
from reminderctl.sources.stored import BUSY_SECONDS, errors_of, reading

_THEIRS = "id IN (SELECT booking_id FROM participants WHERE customer_id = :customer)"
_ALONE = f"""
{_THEIRS} AND id NOT IN (SELECT booking_id FROM participants WHERE customer_id <> :customer)
"""  # noqa: S608 - constants
_OVER = "ends_at < :before"


class KnownPerson(NamedTuple):
    """A customer in sources.db: how many bookings they have, and which source still listed one when it was read."""

    bookings: int = 0
    listed_by: str | None = None


def find_person(path: Path, customer: str) -> KnownPerson:
    """Return what sources.db knows of a customer, whose id begins with the name of the source."""
    if not path.exists():
        return KnownPerson()
    with reading(path) as connection:
        row = connection.execute(
            f"""
            SELECT COUNT(*), MAX(CASE WHEN s.missing_since IS NULL AND s.gone_since IS NULL THEN s.source END)
            FROM bookings LEFT JOIN sourced_bookings AS s ON s.booking_id = id WHERE {_THEIRS}
            """,  # noqa: S608 - constants
            {"customer": customer},
        ).fetchone()
    return KnownPerson(*row)


def erase_person(path: Path, customer: str) -> None:
    """Delete a customer, and the bookings that are theirs alone; then rewrite the file without them.

    What the source still lists is read again by the next reading: that it has not changed is forgotten, too.
    """
    if not path.exists():
        return
    values = {"customer": customer, "source": customer.partition(":")[0]}
    with _writing(path) as connection:
        connection.execute(f"UPDATE sourced_bookings SET checksum = '' WHERE booking_{_THEIRS}", values)  # noqa: S608
        alone = connection.execute(f"SELECT id FROM bookings WHERE {_ALONE}", values).fetchall()  # noqa: S608
        _delete_bookings(connection, [booking_id for (booking_id,) in alone])
        connection.execute("DELETE FROM participants WHERE customer_id = :customer", values)
        connection.execute("DELETE FROM customers WHERE id = :customer", values)
        connection.execute(
            "UPDATE sources SET checksum = NULL, etag = NULL, last_modified = NULL WHERE name = :source", values
        )
    with errors_of(path), closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        connection.execute("VACUUM")


def count_past(path: Path, before: datetime) -> int:
    """Return how many bookings of sources ended before an instant."""
    if not path.exists():
        return 0
    with reading(path) as connection:
        found: int = connection.execute(
            f"SELECT COUNT(*) FROM bookings WHERE {_OVER}",  # noqa: S608 - a constant
            {"before": instant_text(before)},
        ).fetchone()[0]
    return found


def purge_past(path: Path, before: datetime) -> int:
    """Delete the bookings of sources that ended before an instant, and who has none left; return how many."""
    if not count_past(path, before):
        return 0
    with _writing(path) as connection:
        over = connection.execute(
            f"SELECT id FROM bookings WHERE {_OVER}",  # noqa: S608 - a constant
            {"before": instant_text(before)},
        ).fetchall()
        _delete_bookings(connection, [booking_id for (booking_id,) in over])
        connection.execute("DELETE FROM customers WHERE id NOT IN (SELECT customer_id FROM participants)")
    return len(over)


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open one transaction that is committed at the end."""
    with reading(path):  # it is one of ours, and of this version
        pass
    with errors_of(path), closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


def _delete_bookings(connection: sqlite3.Connection, booking_ids: Collection[str]) -> None:
    rows = [{"id": booking_id} for booking_id in booking_ids]
    connection.executemany("DELETE FROM participants WHERE booking_id = :id", rows)
    connection.executemany("DELETE FROM sourced_bookings WHERE booking_id = :id", rows)
    connection.executemany("DELETE FROM bookings WHERE id = :id", rows)
