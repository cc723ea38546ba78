"""The meaning of an error of SQLite, by its code: its words quote names of tables, which may be anything."""

from __future__ import annotations

import sqlite3

_PRIMARY = 0xFF  # an extended code has its primary one in the lowest byte


def is_locked(error: sqlite3.Error) -> bool:
    """Return whether another program holds the database."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_damaged(error: sqlite3.Error) -> bool:
    """Return whether the file was a database once."""
    return _code(error) == sqlite3.SQLITE_CORRUPT


def is_unwritable(error: sqlite3.Error) -> bool:
    """Return whether the disk, or the right to write there, is what lacks."""
    return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


def needs_rollback(error: sqlite3.Error) -> bool:
    """Say whether a program was killed inside a transaction, which whoever reads next has to undo, and we may not."""
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK


def is_wal_without_access(error: sqlite3.Error) -> bool:
    """Say whether SQLite could not write, or make, what it keeps beside a database; in WAL mode readers need it too."""
    return _code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
