"""The state of a source in sources.db, as its last reading left it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from reminderctl.bookings import SCHEMA
from reminderctl.bookings.mirror import MADE_AGAIN, STATE_SCHEMA, VERSION, end_of, prefix_of
from reminderctl.core.comparing import KnownBooking
from reminderctl.core.matching import NEVER_WITHOUT_A_FILTER
from reminderctl.core.statuses import standard_status
from reminderctl.core.timing import parse_instant
from reminderctl.errors import LockedError
from reminderctl.files import NEW, PRIVATE
from reminderctl.sources.errors import SourceError
from reminderctl.sources.readers.answer import Previous
from reminderctl.sqlite_errors import is_locked, is_unwritable

BUSY_SECONDS = 10.0
_STATE = """
SELECT checksum, columns, etag, last_modified, window, settings, began_at, written_at, bad FROM sources
WHERE name = :name
"""
_KNOWN = """
SELECT s.booking_id, s.checksum, s.keys, s.missing_since, s.gone_since, b.starts_at, b.ends_at, b.status
FROM sourced_bookings AS s JOIN bookings AS b ON b.id = s.booking_id
WHERE s.source = :name
"""
_ONE = " AND s.booking_id = :id"


class StoredState(Struct, frozen=True, kw_only=True):
    """The traces of the last reading of a source: for which `window` and `settings`, begun when, written when."""

    previous: Previous
    window: str
    settings: str
    began_at: str
    written_at: str
    bad: list[str]


def create(path: Path) -> None:
    """Make an empty sources.db, unless there is one; it appears with all of its tables, and for its owner only."""
    draft = path.with_name(f".{path.name[:40]}.{os.urandom(8).hex()}.tmp")
    try:
        os.close(os.open(draft, NEW, PRIVATE))
    except OSError as error:
        raise SourceError(f"{path}: cannot be created: {error.strerror}") from None
    try:
        with errors_of(path), closing(sqlite3.connect(draft)) as connection:
            connection.executescript(f"{SCHEMA}{STATE_SCHEMA}")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


@contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Say what sqlite3 met in words that name the file and what to do; raises `SourceError` and `LockedError`."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_locked(error):
            raise LockedError(f"{path}: another program holds it; the next run tries again") from None
        if is_unwritable(error):
            raise SourceError(
                f"{path}: {error}; who runs reminderctl must be able to write the file and its folder"
            ) from None
        raise UnusableMirrorError(f"{path}: {error}; {MADE_AGAIN}") from None


class UnusableMirrorError(SourceError):
    """The file is no sources.db of this version, or is damaged."""


def set_aside(path: Path) -> Path:
    """Give the file another name, under which nothing reads it; return that."""
    other = path.with_name(f"{path.name}.unusable")
    for ending in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    try:
        path.replace(other)
    except OSError as error:
        raise SourceError(f"{path}: cannot be renamed: {error.strerror}; {MADE_AGAIN}") from None
    return other


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open sources.db for reading."""
    with (
        errors_of(path),
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as connection,
    ):
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            said = "is empty" if not path.stat().st_size else "was made by another version, or by another program"
            raise UnusableMirrorError(f"{path}: {said}; {MADE_AGAIN}")
        yield connection


def read_states(path: Path) -> dict[str, StoredState]:
    """Return what is known of each source, by its name."""
    if not path.exists():
        return {}
    with reading(path) as connection:
        rows = connection.execute(_STATE.replace("WHERE name = :name", "").replace("SELECT", "SELECT name,")).fetchall()
    return {
        name: StoredState(
            previous=Previous(checksum=checksum, columns=columns or "", etag=etag, last_modified=last_modified),
            window=window,
            settings=settings,
            began_at=began_at,
            written_at=written_at,
            bad=msgspec.json.decode(bad, type=list[str]),
        )
        for name, checksum, columns, etag, last_modified, window, settings, began_at, written_at, bad in rows
    }


def read_known(path: Path, source: str, *, ids: Collection[str] | None = None) -> dict[str, KnownBooking]:
    """Return the bookings of a source as they are stored, all or some, by the ids that they have there."""
    if not path.exists():
        return {}
    values = [{"name": source}] if ids is None else [{"name": source, "id": prefix_of(source) + each} for each in ids]
    statement = _KNOWN if ids is None else _KNOWN + _ONE
    with reading(path) as connection:
        rows = [row for each in values for row in connection.execute(statement, each)]
    return {
        booking_id.removeprefix(prefix_of(source)): KnownBooking(
            starts_at=parse_instant(starts_at),
            ends_at=parse_instant(ends_at),
            is_alive=standard_status(status) not in NEVER_WITHOUT_A_FILTER,
            checksum=checksum,
            keys=tuple(msgspec.json.decode(keys, type=list[str])),
            missing_since=parse_instant(missing_since) if missing_since else None,
            is_gone=gone_since is not None,
        )
        for booking_id, checksum, keys, missing_since, gone_since, starts_at, ends_at, status in rows
    }


def count_bookings(path: Path, source: str) -> int:
    """Return how many bookings of a source are stored."""
    if not path.exists():
        return 0
    sql = "SELECT COUNT(*) FROM bookings WHERE id > :first AND id < :end"
    with reading(path) as connection:
        found: int = connection.execute(sql, {"first": prefix_of(source), "end": end_of(source)}).fetchone()[0]
    return found
