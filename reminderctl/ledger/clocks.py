"""Clocks: what the instants of earlier runs say about the clock of this one.

A clock that is behind an instant that a run has seen was wrong then, or is wrong now. Nobody can know which, so no
instant is taken back; the runs themselves say what was planned at or before now.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from reminderctl.core.timing import instant_text, parse_instant
from reminderctl.ledger.store import Ledger

NO_RUN = -1  # the number of what asks without being a run that is recorded
LATELY = 60  # runs, about an hour of minutes


def last_instant(ledger: Ledger, *, run: int) -> datetime | None:
    """Return the latest instant that the run before this one saw, None where this is the first."""
    row = ledger.execute(
        "SELECT GREATEST(started_at, COALESCE(ended_at, '')) FROM runs WHERE id <> :run ORDER BY id DESC LIMIT 1",
        run=run,
    ).fetchone()
    return parse_instant(row[0]) if row else None


def is_behind(ledger: Ledger, now: datetime) -> bool:
    """Return whether any run has been later than now."""
    (latest,) = ledger.execute("SELECT MAX(started_at) FROM runs").fetchone()
    return latest is not None and latest > instant_text(now)


def last_run_until(ledger: Ledger, now: datetime, *, run: int) -> datetime:
    """Return the instant of the latest other run at or before now; now itself where every run was later."""
    row = ledger.execute(
        "SELECT MAX(started_at) FROM runs WHERE started_at <= :now AND id <> :run", now=instant_text(now), run=run
    ).fetchone()
    return parse_instant(row[0]) if row[0] else now


def last_run_before(ledger: Ledger, instant: datetime) -> datetime:
    """Return the instant of the latest run before another instant; that itself where there was none."""
    text = instant_text(instant)
    (found,) = ledger.execute("SELECT MAX(started_at) FROM runs WHERE started_at < :instant", instant=text).fetchone()
    return parse_instant(found) if found else instant


def first_run_since(ledger: Ledger, number: int, *, now: datetime) -> datetime:
    """Return the instant of the first run from this number on that was not later than now, or now."""
    row = ledger.execute(
        "SELECT started_at FROM runs WHERE id >= :number AND started_at <= :now ORDER BY id LIMIT 1",
        number=number,
        now=instant_text(now),
    ).fetchone()
    return parse_instant(row[0]) if row else now


class Lately(Struct, frozen=True):
    """Of the other runs of the last hour, how many were not later than now, and how many were."""

    earlier: int
    later: int

    @property
    def is_plausible(self) -> bool:
        """Return whether now can be right: not where most runs were later, but one alone may have been wrong."""
        return self.later <= max(self.earlier, 1)


def look_back(ledger: Ledger, now: datetime, *, run: int) -> Lately:
    """Compare the runs of the last hour with now."""
    (earlier, later) = ledger.execute(
        """
        SELECT COALESCE(SUM(seen <= :now), 0), COALESCE(SUM(seen > :now), 0)
        FROM (
            SELECT GREATEST(started_at, COALESCE(ended_at, '')) AS seen
            FROM runs WHERE id <> :run ORDER BY id DESC LIMIT :lately
        )
        """,
        now=instant_text(now),
        run=run,
        lately=LATELY,
    ).fetchone()
    return Lately(earlier, later)
