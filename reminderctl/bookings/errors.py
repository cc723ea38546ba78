"""Errors of SQLite at bookings.db, in words for people."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reminderctl.bookings import journal
from reminderctl.bookings.mirror import MADE_AGAIN, is_mirror
from reminderctl.errors import BookingsError, ExitCode, LockedError
from reminderctl.sqlite_errors import is_damaged, is_locked, is_unwritable


@contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Say what sqlite3 met in words that name the file and what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if turn := journal.explain(path, error):
            raise turn from None
        text = "it is a folder" if _is_folder(path) else str(error)
        if is_locked(error):
            raise LockedError(f"{path}: another program has locked the bookings; the next run tries again") from None
        if is_mirror(path) and not is_unwritable(error):
            raise BookingsError(f"{path}: {text}; {MADE_AGAIN}") from None
        if "no such" in text:
            advice = f"{path}: {text}; docs/reference/bookings.md lists the required tables and columns"
            raise BookingsError(advice) from None
        raise BookingsError(f"{path}: cannot read the bookings: {text}") from None
    except sqlite3.DatabaseError as error:
        advice = MADE_AGAIN if is_mirror(path) else "restore the file from a backup"
        failure = BookingsError(f"{path}: cannot read the bookings: {error}; {advice}")
        failure.exit_code = ExitCode.NEEDS_A_PERSON if is_damaged(error) else ExitCode.CONFIGURATION
        raise failure from None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except PermissionError:  # it lies in a folder that we may not enter
        return False
