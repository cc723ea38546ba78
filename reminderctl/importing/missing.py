"""Canceling the bookings that an export no longer has."""

from __future__ import annotations

import sqlite3

from reminderctl.core import timing
from reminderctl.core.filters import standard_status
from reminderctl.core.matching import NEVER_WITHOUT_A_FILTER
from reminderctl.importing.batch import Batch
from reminderctl.model import Window

# The instances of a series, and the booking that it was before it became one; `0` follows `/`.
_SELECT_INSTANCES = """
SELECT id, status, starts_at FROM bookings WHERE id = :name OR (id > :name || '/' AND id < :name || '0')
"""

# Ours alone: what comes back in a later export is then again what it was, and what somebody else canceled stays so.
_LEFT_OUT = "CREATE TABLE IF NOT EXISTS bookings_left_out (id TEXT PRIMARY KEY, status TEXT) WITHOUT ROWID"


def cancel_gone_instances(connection: sqlite3.Connection, batch: Batch, window: Window) -> list[str]:
    """Cancel the instances that a series no longer has in the window; gives their ids.

    A file with a series says of each day whether it is in it, so this needs nobody's word that the export is full.
    """
    since, until = map(timing.instant_text, window)
    gone = [
        str(booking_id)
        for name in batch.whole
        for booking_id, status, starts_at in connection.execute(_SELECT_INSTANCES, {"name": name})
        if since < str(starts_at) <= until and str(booking_id) not in batch.bookings and _is_alive(status)
    ]
    return _cancel(connection, gone)


def cancel_others(connection: sqlite3.Connection, batch: Batch) -> list[str]:
    """Cancel what a full export does not hold; gives the ids. It is no word on a series outside the window."""
    others = [
        str(booking_id)
        for booking_id, status in connection.execute("SELECT id, status FROM bookings")
        if str(booking_id) not in batch.bookings
        and str(booking_id).rpartition("/")[0] not in batch.whole
        and _is_alive(status)
    ]
    connection.execute(_LEFT_OUT)
    connection.executemany(
        "INSERT OR REPLACE INTO bookings_left_out (id, status) SELECT id, status FROM bookings WHERE id = :id",
        [{"id": each} for each in others],
    )
    return _cancel(connection, others)


def left_out(connection: sqlite3.Connection) -> dict[str, str]:
    """The bookings that full exports did not hold, with the status that each had before."""
    connection.execute(_LEFT_OUT)
    return dict(connection.execute("SELECT id, status FROM bookings_left_out").fetchall())


def forget_left_out(connection: sqlite3.Connection, batch: Batch) -> None:
    """What a file holds is not left out any more."""
    connection.executemany("DELETE FROM bookings_left_out WHERE id = :id", [{"id": each} for each in batch.bookings])


def _is_alive(status: object) -> bool:
    return standard_status(str(status)) not in NEVER_WITHOUT_A_FILTER


def _cancel(connection: sqlite3.Connection, booking_ids: list[str]) -> list[str]:
    statement = "UPDATE bookings SET status = 'canceled' WHERE id = :id"
    connection.executemany(statement, [{"id": each} for each in booking_ids])
    return booking_ids
