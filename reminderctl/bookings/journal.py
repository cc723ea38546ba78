"""Files that SQLite keeps beside bookings.db while it is written, when its program is gone or we may only read."""

from __future__ import annotations

import pwd
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from reminderctl.errors import LockedError
from reminderctl.sqlite_errors import is_wal_without_access, needs_rollback

_PAGE = "docs/how-to/share-bookings.md explains how to write the file so that others can read it"
_IN_WAL_MODE = (2, 2)  # the 19th and 20th byte of a database


def roll_back(path: Path, *, timeout: float) -> None:
    """Undo the transaction in which its program was killed, as SQLite does for whoever opens the file and may write.

    The file is opened for writing for this alone. Raises `sqlite3.OperationalError` where we may not.
    """
    uri = f"{path.resolve().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=timeout)) as connection:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()


def explain(path: Path, error: sqlite3.OperationalError) -> LockedError | None:
    """Return whose turn it is where only the program that writes the file can go on, or None where it is not that."""
    if needs_rollback(error):
        return LockedError(
            f"{path}: its program stopped in the middle of a transaction ({path.name}-journal exists), and only a user "
            f"who can write to the file and its folder can roll it back: open it once as {_owner(path)}; the next run "
            f"tries again; {_PAGE}"
        )
    if is_wal_without_access(error) and _in_wal_mode(path):
        return LockedError(
            f"{path}: it is in WAL mode, and without write permission in {path.resolve().parent} it can be read only "
            f"while its program ({_owner(path)}) has it open; the next run tries again; {_PAGE}"
        )
    return None


def _owner(path: Path) -> str:
    try:
        number = path.stat().st_uid
        return f"user {pwd.getpwuid(number).pw_name}"
    except (OSError, KeyError):
        return "its owner"


def _in_wal_mode(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        return tuple(file.read(20)[18:]) == _IN_WAL_MODE
    return False
