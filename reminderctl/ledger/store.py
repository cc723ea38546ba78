"""Opening the ledger: never a wrong file, never a new one by accident."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Self

from reminderctl.dead_links import describe_dead_link
from reminderctl.errors import ExitCode, LedgerError, LedgerWriteError, LockedError
from reminderctl.files import sync
from reminderctl.sqlite_errors import is_damaged, is_locked, is_unwritable

VERSION = 15  # how many functions `schema.ledger` has
APPLICATION_ID = 0x72656D31  # "rem1": the mark of our files among those of other programs
BUSY_SECONDS = 15.0


def create(path: Path) -> None:
    """Make an empty ledger that only its owner can read; raises FileExistsError where there is a file."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with errors_of(path), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _migrate(connection)


class Ledger:
    """An open ledger. Its methods and the functions of this package raise `LockedError`, `LedgerWriteError`
    and `LedgerError` in place of whatever sqlite3 met.
    """

    def __init__(self, path: Path, *, reading: bool = False) -> None:
        """Open it; where nothing will be written but in a dry run (`reading`), a folder that cannot be will do."""
        with suppress(PermissionError):  # a folder that we may not enter; sqlite3 says so below
            if path.is_dir():
                raise LedgerError(f"{path}: this is a folder; `ledger:` in the YAML must name a file")
            if not path.exists():
                if dead := describe_dead_link(path):
                    raise LedgerError(f"{path}: the ledger is missing, and with it the record of what was sent: {dead}")
                raise LedgerError(
                    f"{path}: the ledger is missing, and with it the record of what was sent; correct `ledger:` in "
                    "the YAML, "
                    "restore the file, or create a new one with `reminderctl init` in the YAML's folder"
                )
        self.path = path
        self._read_only = reading and not _writable(path)
        with errors_of(path, reading=self._read_only):
            self._connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?{_access(path) if self._read_only else 'mode=rw'}",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
            )
            try:
                _add_functions(self._connection)
                self._check_version()
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA foreign_keys = ON")
                # KiB. Ten thousand new deliveries touch more pages than SQLite's own 2 MB hold: each was written twice.
                self._connection.execute("PRAGMA cache_size = -16384")
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what a transaction has not committed is gone."""
        self._connection.close()

    def execute(self, sql: str, /, **values: object) -> sqlite3.Cursor:
        """Execute a statement with these values of its parameters."""
        return self._connection.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Mapping[str, object] | tuple[object, ...]]) -> int:
        """Execute a statement with each of these rows of values; return how many rows of a table that changed."""
        return max(self._connection.executemany(sql, rows).rowcount, 0)  # -1 where there were none

    def add_function(self, name: str, function: Callable[[str], str]) -> None:
        """Let statements call a pure function of one text that is not NULL."""
        self._connection.create_function(name, 1, function, deterministic=True)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing, durable when it ends.

        IMMEDIATE, because a transaction that reads first and writes later fails at once, whatever the timeout, when
        another writer came in between.
        """
        with errors_of(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # some errors, a full disk among them, end it by themselves
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def dry_run_transaction(self) -> Iterator[None]:
        """Undo, when it ends, whatever is written inside."""
        with errors_of(self.path):
            if self._read_only:
                self._go_on_with_a_copy()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def _go_on_with_a_copy(self) -> None:
        """Put a copy in memory into the place of a file that cannot be written."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        _add_functions(copy)
        self._connection.backup(copy)
        self._connection.close()
        self._connection, self._read_only = copy, False

    def _check_version(self) -> None:
        (application_id,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if application_id != APPLICATION_ID:
            raise LedgerError(f"{self.path}: this is not a reminderctl ledger; it was not changed")
        if version > VERSION:
            raise LedgerError(
                f"{self.path}: version {version} is newer than this reminderctl supports ({VERSION}); it was not "
                "changed; install a newer reminderctl"
            )
        if version < VERSION and self._read_only:
            raise LedgerError(f"{self.path}: written by an older reminderctl, and only a run can upgrade it")
        if version < VERSION:
            self._upgrade()

    def _upgrade(self) -> None:
        """Bring an older file up to date, after a copy of it; of two programs that want to, one does."""
        self._connection.execute("PRAGMA foreign_keys = OFF")  # no row goes with a table that a copy replaces
        with self.transaction():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version < VERSION:
                self._back_up(version)
                _migrate(self._connection)

    def _back_up(self, version: int) -> None:
        copy = self.path.with_name(f"{self.path.name}.before-version-{VERSION}-from-{version}")
        try:
            copy.unlink(missing_ok=True)
            os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            what = f"{copy}: cannot write the backup copy, so the ledger was not upgraded"
            raise LedgerWriteError(f"{what} ({error.strerror})") from None
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        sync(copy.parent)


def _add_functions(connection: sqlite3.Connection) -> None:
    """Let statements call `GREATEST` and `LEAST`, as in PostgreSQL, of two values that are not NULL: `MAX`, `MIN`."""
    connection.create_function("GREATEST", 2, max, deterministic=True)
    connection.create_function("LEAST", 2, min, deterministic=True)


def _migrate(connection: sqlite3.Connection) -> None:
    from sqlite_utils import Database

    from reminderctl.ledger import schema

    schema.ledger.apply(Database(connection))
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _writable(path: Path) -> bool:
    """Return True where SQLite could write a file, and beside it."""
    real = path.resolve()
    return all(os.access(each, os.W_OK, effective_ids=True) for each in (real, real.parent))


def _access(path: Path) -> str:
    """Return the mode in which SQLite reads a file where it can write nothing.

    It wants to make a -shm beside one that has a write-ahead log, unless `immutable` says that nobody writes; and
    nobody does where no log lies, because each program that has the file open keeps one.
    """
    log = path.resolve().with_name(f"{path.resolve().name}-wal")
    return "mode=ro" if log.exists() else "mode=ro&immutable=1"


def unwritable(path: Path) -> list[Path]:
    """Return what a run must be able to write, and we may not: the ledger's folder, or its files there.

    SQLite gives the -wal and -shm the mode that the ledger has in that moment; they keep it when the ledger's changes.
    """
    files = [Path(f"{path}{ending}") for ending in ("", "-wal", "-shm", ".lock")]
    every = (path.parent, *files)
    return [each for each in every if each.exists() and not os.access(each, os.W_OK, effective_ids=True)]


@contextmanager
def errors_of(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Turn what sqlite3 met into errors that name the file and what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if is_locked(error):
            raise LockedError(f"{path}: another program has locked the ledger; the next run tries again") from None
        if reading:
            raise LedgerError(f"{path}: cannot read the ledger: {text}") from None
        if is_unwritable(error):
            blocked = ", ".join(map(str, unwritable(path)))
            reason = f"no permission to write {blocked}" if blocked else text
            what = f"{path}: cannot write the ledger ({reason}); nothing is sent unless it can be recorded"
            raise LedgerWriteError(what) from None
        raise LedgerError(f"{path}: cannot use the ledger: {text}") from None
    except sqlite3.IntegrityError:
        raise  # a CHECK said no: a bug of ours, not of the file
    except sqlite3.DatabaseError as error:
        failure = LedgerError(f"{path}: cannot read the ledger: {error}; restore it from a backup")
        failure.exit_code = ExitCode.NEEDS_A_PERSON if is_damaged(error) else ExitCode.CONFIGURATION
        raise failure from None
