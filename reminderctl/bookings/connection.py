"""The connection to bookings.db, opened for reading only."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from reminderctl.bookings import statements

BUSY_SECONDS = 10.0


def connect(path: Path) -> sqlite3.Connection:
    """Open the file for reading; tables and columns that lack are named now, not when a booking needs them."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    connection.text_factory = _decode
    try:
        for select in (statements.SELECT, *map(statements.select_entities, statements.ENTITIES)):
            connection.execute(f"{select} LIMIT 0").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def identity_of(path: Path) -> tuple[int, int] | None:
    """Return an identity that no other file of the same name has; None while there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace")  # a program that writes Latin-1 costs its letters, not its bookings
