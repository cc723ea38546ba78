"""Runs: those that are alive, those that died, the last one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import msgspec

from reminderctl.core.timing import instant_text
from reminderctl.errors import LedgerError, LedgerWriteError
from reminderctl.files import Durable, atomic_write
from reminderctl.ledger import clocks
from reminderctl.ledger.liveness import Liveness, identify
from reminderctl.ledger.liveness import errors_of as _errors_of
from reminderctl.ledger.store import Ledger, errors_of

RUNS_KEPT = 50_000  # about a month of minutes
FURTHEST_AHEAD = timedelta(days=1)  # of the last run before a ledger was restored, if it is now that is wrong
_NOTHING = b"\0 \t\r\n"  # some file systems leave zeros in a file that a power cut met


class Run:
    """One run of this process: its number, and the lock that says that it lives."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ledger_file = identify(ledger.path)
        self.liveness = Liveness(_beside(ledger, "lock"))
        self.has_company = False
        self.id = 0
        self.token = os.urandom(8).hex()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.liveness.close()

    def begin(self, now: datetime) -> None:
        """Take a number, inside the caller's transaction, and the lock that goes with it.

        A ledger that was restored counts on from an older number: one that a run of before still holds is left out.
        """
        while not self.id:
            cursor = self._ledger.execute(
                "INSERT INTO runs (token, started_at) VALUES (:token, :now)", token=self.token, now=instant_text(now)
            )
            number = cursor.lastrowid or 0
            if self.liveness.hold(number):
                self.id = number
        self.liveness.sign(self.id)
        self._ledger.execute("DELETE FROM runs WHERE id < :oldest", oldest=self.id - RUNS_KEPT)

    def end(self, now: datetime, report: Mapping[str, object]) -> None:
        """Record what this run did."""
        self._ledger.execute(
            "UPDATE runs SET ended_at = :now, report = :report WHERE id = :id",
            now=instant_text(now),
            report=msgspec.json.encode(report).decode(),
            id=self.id,
        )

    def dead(self) -> list[int]:
        """Return the numbers of runs that died while they sent; `has_company` says that others live and send."""
        with errors_of(self._ledger.path):
            rows = self._ledger.execute(
                "SELECT DISTINCT run FROM deliveries WHERE state = 'sending' AND run > 0 AND run <> :id", id=self.id
            ).fetchall()
        dead = [number for (number,) in rows if not self.liveness.lives(number)]
        self.has_company = len(dead) < len(rows)
        return dead

    def stay_visible(self) -> None:
        """Make sure that other runs still see that this one lives; to be called while it sends, every now and then.

        Raises `LedgerWriteError` where another ledger has taken the place of ours: what we record, nobody would read.
        """
        self.liveness.follow(self.id)
        if identify(self._ledger.path) != self._ledger_file:
            raise LedgerWriteError(
                f"{self._ledger.path}: the file was replaced or deleted while messages were being sent; sending "
                "stopped, because nothing more can be recorded"
            )

    # --- the stamp: which run was the last one, in a file that a restored ledger does not overwrite ---

    def write_stamp(self, now: datetime, *, sends: bool) -> None:
        """Name this run beside the ledger, before it sends anything.

        Its instant never goes back: were the ledger restored after a run whose clock was behind, what the runs before
        it sent would be sent again. So the stamp of a run that the ledger does not know stays while its instant lies
        ahead: until then every run finds a ledger that was restored. Not so where it is that instant that is wrong.
        """
        stamp = _beside(self._ledger, "stamp")
        with suppress(OSError, ValueError, KeyError, TypeError):
            token, at = _read_stamp(stamp.read_bytes())
            if at > now and not _is_known(self._ledger, token) and self._may_be_behind(at, now):
                return
            now = max(now, at)
        # After a run that sends nothing, the stamp of the one before would say no less.
        durable = Durable.NAME if sends else Durable.CONTENT
        with _errors_of(stamp), atomic_write(stamp, durable=durable) as file:
            file.write(msgspec.json.encode({"token": self.token, "at": instant_text(now)}))

    def _may_be_behind(self, at: datetime, now: datetime) -> bool:
        """Return True where it may be now that is wrong, and not a run that was later."""
        return at - now <= FURTHEST_AHEAD or not clocks.look_back(self._ledger, now, run=self.id).is_plausible


def newest(ledger: Ledger) -> int:
    """Return the number of the newest run, 0 where there has been none."""
    (number,) = ledger.execute("SELECT COALESCE(MAX(id), 0) FROM runs").fetchone()
    return int(number)


def overtaken(ledger: Ledger, run: int, *, newest: int, now: datetime) -> bool:
    """Return True where a run that began at `now` or later has planned, since `newest` was the newest, before `run`."""
    found = ledger.execute(
        "SELECT 1 FROM runs WHERE id > :newest AND id <> :run AND started_at >= :now LIMIT 1",
        newest=newest,
        run=run,
        now=instant_text(now),
    )
    return found.fetchone() is not None


def restored_since(ledger: Ledger, *, say: Callable[[str], object] = lambda _: None) -> datetime | None:
    """Return when the last run was, if the ledger does not know of it and so is older than reality; else None.

    A stamp that is empty, as a power cut leaves a file, counts as missing; `say` gets a line about it. Raises
    `LedgerError` where the stamp makes no sense: a person may have written it, so that nothing is sent again.
    """
    path = _beside(ledger, "stamp")
    try:
        written = path.read_bytes()
    except OSError:
        return None  # no run yet; that it cannot be written either is said when the run does so
    if not written.strip(_NOTHING):
        say(
            f"{path}: the file is empty, as after a power cut, and is treated as missing; if the ledger was just "
            "restored from a backup, that goes unnoticed; this run writes a new file"
        )
        return None
    try:
        token, at = _read_stamp(written)
    except (ValueError, KeyError, TypeError):
        right = '{"token": "lost", "at": "2026-11-23T08:00:00Z"}'
        raise LedgerError(f"{path}: cannot read the time of the last run; use {right}, with that time") from None
    return None if _is_known(ledger, token) else at


def _is_known(ledger: Ledger, token: str) -> bool:
    found = ledger.execute("SELECT 1 FROM runs WHERE token = :token ORDER BY id DESC LIMIT 1", token=token)
    return found.fetchone() is not None


def _read_stamp(written: bytes) -> tuple[str, datetime]:
    """Return the last run's token and instant; raises ValueError, KeyError or TypeError."""
    stamp = msgspec.json.decode(written)
    at = datetime.fromisoformat(stamp["at"])
    if at.tzinfo is None:
        raise ValueError(f"{stamp['at']} has no UTC offset")
    return str(stamp["token"]), at.astimezone(UTC)


def _beside(ledger: Ledger, ending: str) -> Path:
    """Return a file beside the ledger itself: configurations that know it by different links must see one lock."""
    path = ledger.path.resolve()
    return path.with_name(f"{path.name}.{ending}")
