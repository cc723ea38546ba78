"""Databases: one SELECT for a window, for some keys, for a checksum that the server works out."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol, Self

from reminderctl.import_lock import IMPORTING
from reminderctl.model import Window
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError
from reminderctl.sources.readers.answer import Answer, Previous

MODULES = {"mysql": "mysql", "postgresql": "postgres", "sqlite": "sqlite"}
WIDE = {"since": "1971-01-01 00:00:00", "until": "2200-01-01 00:00:00"}
ORDER = ("appointment_id", "customer_id")  # of the customers of a group
MOST_KEYS = 500  # of one statement
_NAMED = re.compile(r"(?<![:\w]):(since|until)\b")
Rows = tuple[list[str], list[tuple[Any, ...]]]


class Session(Protocol):
    """A connection inside a snapshot that can only be read."""

    checksum_cell: str

    def execute(self, statement: str, values: Mapping[str, Any]) -> Rows:
        """Return the columns and rows of a SELECT; raises `SourceError`."""

    def begin_again(self) -> None:
        """Take a new snapshot, after the last one was ended."""

    def end_snapshot(self) -> None:
        """End the transaction, which may keep other programs from writing or altering their tables."""

    def close(self) -> None:
        """Close the connection."""

    def parameter(self, name: str) -> str:
        """Return the name of a parameter as the driver wants it."""

    def escape(self, statement: str) -> str:
        """Return a statement in which nothing but parameters is one to the driver."""

    def checksum(self, query: str, columns: list[str]) -> str | None:
        """Return the SELECT of the checksum of a query's rows; None where rows are compared instead."""

    def stamp(self) -> str | None:
        """Return what changes with the database, where that is known without a query."""

    def describe(self) -> list[str]:
        """Return what a person wants to know of the server."""


class SqlReader:
    """A database that is asked with the SELECT of a preset, or of the user's own."""

    asks_by_key = True

    def __init__(self, settings: SourceSettings, *, url: str, password: str) -> None:
        self._settings, self._url, self._password = settings, url, password
        self._session: Session | None = None

    def __enter__(self) -> Self:
        with IMPORTING:
            module = importlib.import_module(f"reminderctl.sources.readers.{MODULES[self._settings.kind]}")
        connect: Callable[..., Session] = module.connect
        self._session = connect(self._settings, url=self._url, password=self._password)
        return self

    def __exit__(self, *_: object) -> None:
        if self._session:
            self._session.close()

    @property
    def session(self) -> Session:
        """The connection, which is there between enter and exit."""
        assert self._session is not None, "a reader is read from while it is open"  # noqa: S101
        return self._session

    def read(self, window: Window, previous: Previous | None) -> Answer:
        """Return the rows of a window, or that their checksum is the one of the previous reading."""
        values = {
            name: f"{instant:%Y-%m-%d %H:%M:%S}" for name, instant in zip(("since", "until"), window, strict=True)
        }
        query = self._query(f"({self.session.escape(self._settings.window)})" if self._settings.window else "1 = 1")
        stamp = self.session.stamp()
        if previous and previous.checksum and stamp == previous.checksum:
            return Answer(unchanged=True)
        checksum = stamp
        if previous and previous.checksum and previous.columns and stamp is None:
            checksum = self._checksum(query, values, columns=previous.columns.split("\n"))
            if checksum == previous.checksum:
                return Answer(unchanged=True)
        columns, rows = self.session.execute(query, values)
        joined = "\n".join(columns)
        if stamp is None and (checksum is None or previous is None or joined != previous.columns):
            checksum = self._checksum(query, values, columns=columns)
        return self._answer(columns, rows, previous=Previous(checksum=checksum, columns=joined))

    def read_again(self, *, keys: Collection[str], ids: Collection[str], window: Window) -> Answer:
        """Return the rows of some bookings, wherever they lie: by their keys, or where the query has none by their ids.

        It sees what there is now, not what there was when the window was read.
        """
        del window
        wanted = [*dict.fromkeys(keys if self._settings.key else ids)]
        records: list[Mapping[str, Any]] = []
        for first in range(0, len(wanted), MOST_KEYS):
            names = {f"key{number}": each for number, each in enumerate(wanted[first : first + MOST_KEYS])}
            marks = ", ".join(map(self.session.parameter, names))
            if self._settings.key:
                query = self._query(f"{self._text_of(self._settings.key)} IN ({marks})")
            else:
                query = f"SELECT * FROM ({self._query('1 = 1')}) AS q WHERE {self._text_of('q.id')} IN ({marks})"  # noqa: S608
            columns, rows = self.session.execute(query, {**WIDE, **names})
            records += self._answer(columns, rows, previous=Previous()).records
        return Answer(records=records)

    def begin_again(self, window: Window, previous: Previous | None) -> None:
        """Take a new snapshot, so that what was written since is seen."""
        del window, previous
        self.session.begin_again()

    def end_reading(self) -> None:
        """Let other programs do with their tables what they like."""
        self.session.end_snapshot()

    def is_worth_reading_again(self) -> bool:
        """Return True: asking a database for a few keys takes a millisecond or two."""
        return True

    def describe(self) -> list[str]:
        """Return the server and its version."""
        return self.session.describe()

    def _query(self, where: str) -> str:
        """Return the SELECT with a condition in the place of `{where}`, its parameters as the driver wants them."""
        whole = self.session.escape(self._settings.query).replace("{where}", where)
        return _NAMED.sub(lambda found: self.session.parameter(found[1]), whole)

    def _text_of(self, column: str) -> str:
        return f"CAST({column} AS text)" if self._settings.kind != "mysql" else column

    def _checksum(self, query: str, values: Mapping[str, Any], *, columns: list[str]) -> str | None:
        statement = self.session.checksum(query, columns)
        if statement is None:
            return None
        try:
            _, rows = self.session.execute(statement, values)
        except SourceError as error:
            if "column" not in str(error).lower():
                raise
            # Another set of columns than last time: the rows say what is wrong. PostgreSQL executes nothing more in a
            # transaction in which a statement has failed.
            self.session.end_snapshot()
            self.session.begin_again()
            return None
        return ":".join(map(str, rows[0]))

    def _answer(self, columns: list[str], rows: list[tuple[Any, ...]], *, previous: Previous) -> Answer:
        lacking = [name for name in ("id", "starts_at") if name not in columns]
        if lacking:
            raise SourceError(
                f"the query gives no column {' and '.join(lacking)}; it gives {', '.join(columns)}"
                f"{_advise(lacking, columns)}"
            )
        records = [dict(zip(columns, map(plain_value, row), strict=True)) for row in rows]
        # A database gives rows in any order, and who is the first customer of a group is no matter of chance.
        records.sort(key=lambda record: [_natural(record.get(name)) for name in ORDER])
        return Answer(records=records, previous=previous)


def _advise(lacking: list[str], columns: list[str]) -> str:
    """Return how to give columns the names that are needed, where others are almost called so."""
    from reminderctl.config.suggestions import nearest

    found = [f"{near} AS {name}" for name in lacking if (near := nearest(name, columns))]
    return f"; write `{', '.join(found)}`" if found else ""


def _natural(value: Any) -> tuple[int, int, str]:
    """Return what sorts numbers by their size, also those that are texts."""
    text = "" if value is None else str(value)
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)


def plain_value(value: Any) -> Any:
    """Return a value of a driver as an export would write it."""
    if value is None or isinstance(value, str | int | float | list | dict):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return str(value)
