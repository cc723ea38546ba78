"""The lock file: a run is alive while it holds a lock on the byte of its number in it.

The kernel drops the lock with the process, so there is no pid to go stale and no age to guess from. A lock in a file
that was deleted or replaced is seen by nobody, so a run that is sending looks whether its file is still the one that
others open, and locks its byte in the new one too. Until it has had time for that, nobody is taken for dead.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from reminderctl.errors import LedgerWriteError

FOLLOW_SECONDS = 45.0  # by when a run that lives has noticed that there is a new file: before the next minute's run
_LONGEST_NOTE = 100  # bytes


class _Note(Struct, frozen=True):
    """The text of a lock file: its inode, when it was made (monotonic seconds), and by which run."""

    inode: int
    made_at: float
    made_by: int


class Liveness:
    """The proof that runs of a ledger are alive: its lock file, open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: list[int] = []  # the newest last
        self._open()

    def close(self) -> None:
        """Give up every lock."""
        while self._files:
            os.close(self._files.pop())

    def hold(self, number: int) -> bool:
        """Lock a run's byte for as long as this process lives; False where another process holds it."""
        return _lock(self._files[-1], number, path=self.path)

    def lives(self, number: int) -> bool:
        """Return True where another process holds a run's byte, in any file that was the lock file meanwhile."""
        for file in self._files:
            if not _lock(file, number, path=self.path):
                return True
            fcntl.lockf(file, fcntl.LOCK_UN, 1, number)
        return False

    def follow(self, number: int) -> None:
        """Lock a run's byte in the file that others open now, if it is another one than ours."""
        if identify(self.path) == _identity(os.fstat(self._files[-1])):
            return  # not opened for this: closing it would give up our locks (POSIX)
        self._open()
        if not self.hold(number):
            os.close(self._files.pop())  # somebody is just looking whether we live: next time

    def sign(self, number: int) -> None:
        """Note in a file that is new which run made it: earlier runs, that live, may not hold it yet."""
        with errors_of(self.path):
            file = self._files[-1]
            if _read_note(file) is None:
                os.ftruncate(file, 0)
                os.pwrite(file, f"{os.fstat(file).st_ino} {time.monotonic():.6f} {number}\n".encode(), 0)

    def may_lack(self, number: int) -> bool:
        """Return True where a run that lives may not have locked its byte in this file yet, as the file is newer."""
        note = _read_note(self._files[-1])
        return note is None or (number < note.made_by and 0 <= time.monotonic() - note.made_at < FOLLOW_SECONDS)

    def _open(self) -> None:
        with errors_of(self.path):
            self._files.append(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))


def identify(path: Path) -> tuple[int, int] | None:
    """Return the identity of a file, which another of the same name has not; None where there is none."""
    try:
        return _identity(path.stat())
    except OSError:
        return None


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _read_note(file: int) -> _Note | None:
    """Return what an open lock file says of itself; None where that is nothing, or said of the file it is a copy of."""
    words = os.pread(file, _LONGEST_NOTE, 0).split()
    try:
        note = _Note(int(words[0]), float(words[1]), int(words[2]))
    except (ValueError, IndexError):
        return None
    return note if note.inode == os.fstat(file).st_ino else None


def _lock(file: int, number: int, *, path: Path) -> bool:
    with errors_of(path):
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except (BlockingIOError, PermissionError):  # POSIX allows both
            return False
    return True


@contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Turn what the system says of a file beside the ledger into an error that names it."""
    try:
        yield
    except OSError as error:
        what = f"{path}: cannot write next to the ledger ({error.strerror}); nothing is sent without this file"
        raise LedgerWriteError(what) from None
