"""SQLite files of other programs."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reminderctl.bookings.fingerprint import fingerprint
from reminderctl.bookings.statements import CLOCK
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError, first_line
from reminderctl.sources.target import parse_path

if TYPE_CHECKING:
    from reminderctl.sources.readers.sql import Rows

BUSY_SECONDS = 5.0
STEPS = 10_000  # of SQLite's machine between two looks at the clock


class SqliteSession:
    """A connection inside a transaction that only reads."""

    def __init__(self, path: Path, *, seconds: float, follows_the_clock: bool) -> None:
        self._path, self._seconds = path, seconds
        self._follows_the_clock = follows_the_clock
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        """Return a connection that has begun to read; raises `SourceError`."""
        path = self._path
        if not path.is_file():
            raise SourceError(f"{path}: there is no such file")
        try:
            connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro",
                uri=True,
                timeout=min(BUSY_SECONDS, self._seconds),
                isolation_level=None,
                check_same_thread=False,
            )
            connection.text_factory = lambda text: text.decode("utf-8", "replace")
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
        except sqlite3.Error as error:
            raise SourceError(f"{path}: {first_line(error)}") from None
        return connection

    def execute(self, statement: str, values: Mapping[str, Any]) -> Rows:
        """Return the columns and rows of a SELECT."""
        until = time.monotonic() + self._seconds
        self._connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
        try:
            cursor = self._connection.execute(statement, dict(values))
            return [column[0] for column in cursor.description or ()], cursor.fetchall()
        except sqlite3.Error as error:
            said = "it took longer than its timeout" if str(error) == "interrupted" else first_line(error)
            raise SourceError(f"the query failed: {said}") from None

    def begin_again(self) -> None:
        """Take a new snapshot, of the file that is there now: another one may have been put in its place."""
        self.close()
        self._connection = self._open()

    def end_snapshot(self) -> None:
        """End the transaction: as long as it is open, no program can write."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def parameter(self, name: str) -> str:
        """Return `:name`."""
        return f":{name}"

    def escape(self, statement: str) -> str:
        """Return the statement: nothing else is a parameter to SQLite."""
        return statement

    def checksum(self, query: str, columns: list[str]) -> None:
        """Return None: the file's own times and sizes say whether it has changed."""

    def stamp(self) -> str | None:
        """Return what changes with the file; None where it was written a moment ago, or the query asks for the time."""
        return None if self._follows_the_clock else fingerprint(self._path)

    def describe(self) -> list[str]:
        """Return the library's version."""
        return [f"SQLite {sqlite3.sqlite_version}, {self._path}"]


def connect(settings: SourceSettings, *, url: str, password: str) -> SqliteSession:
    """Open the file for reading; raises `SourceError`."""
    del password
    path = parse_path(settings, url=url)
    follows = re.search(CLOCK, settings.query) is not None
    return SqliteSession(path, seconds=settings.timeout.total_seconds(), follows_the_clock=follows)
