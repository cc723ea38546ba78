"""Runs: who is running, and who has died.

A run is alive while it holds a lock on the byte of its number in one lock file beside the ledger. The kernel drops the
lock with the process, so there is no pid to go stale and no age to guess from.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

import msgspec

from reminderctl.ledger.opening import Ledger
from reminderctl.timing import instant_text, parse_instant

RUNS_KEPT = 50_000  # about a month of minutes


class Run:
    """One run of this process: its number, and the lock that says that it lives."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._locks = os.open(_beside(ledger, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
        self.id = 0
        self.token = os.urandom(8).hex()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._locks)

    def begin(self, now: datetime) -> None:
        """Take a number, inside the caller's transaction, and the lock that goes with it."""
        connection = self._ledger.connection
        cursor = connection.execute(
            "INSERT INTO runs (token, started_at) VALUES (?, ?)", (self.token, instant_text(now))
        )
        self.id = cursor.lastrowid or 0
        fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self.id)
        connection.execute("DELETE FROM runs WHERE id < ?", (self.id - RUNS_KEPT,))

    def end(self, now: datetime, report: Mapping[str, object]) -> None:
        """Record what this run did."""
        self._ledger.connection.execute(
            "UPDATE runs SET ended_at = ?, report = ? WHERE id = ?",
            (instant_text(now), msgspec.json.encode(report).decode(), self.id),
        )

    def dead(self) -> list[int]:
        """The numbers of runs that died in the middle of sending."""
        rows = self._ledger.connection.execute(
            "SELECT DISTINCT run FROM deliveries WHERE state = 'sending' AND run <> ?", (self.id,)
        )
        return [number for (number,) in rows.fetchall() if not self._lives(number)]

    def _lives(self, number: int) -> bool:
        try:
            fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:
            return True
        fcntl.lockf(self._locks, fcntl.LOCK_UN, 1, number)
        return False

    # --- the stamp: which run was the last one, told by a file that a restored ledger does not overwrite ---

    def write_stamp(self, now: datetime) -> None:
        """Name this run beside the ledger, before it sends anything."""
        stamp = _beside(self._ledger, "stamp")
        draft = stamp.with_name(f"{stamp.name}.{self.id}.tmp")
        draft.write_bytes(msgspec.json.encode({"token": self.token, "at": instant_text(now)}))
        draft.replace(stamp)


def restored_since(ledger: Ledger) -> datetime | None:
    """When the last run was, if this ledger does not know of it and so is older than reality; else None."""
    try:
        stamp = msgspec.json.decode(_beside(ledger, "stamp").read_bytes())
        token, at = stamp["token"], parse_instant(stamp["at"])
    except (OSError, ValueError, KeyError, TypeError):  # no stamp yet, or one that was cut short by a crash
        return None
    known = ledger.connection.execute("SELECT 1 FROM runs WHERE token = ?", (token,)).fetchone()
    return None if known else at


def _beside(ledger: Ledger, ending: str) -> Path:
    return ledger.path.with_name(f"{ledger.path.name}.{ending}")
