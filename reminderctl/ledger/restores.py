"""Restores: the times of which the ledger knows nothing, because it was put back from a backup."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from reminderctl.core.timing import instant_text, parse_instant
from reminderctl.ledger import clocks, runs
from reminderctl.ledger.store import Ledger, errors_of
from reminderctl.model import Delivery

FIRST = "1970-01-01T00:00:00Z"  # where the ledger knows of no run at all


class Restore(Struct, frozen=True):
    """A time of which the ledger knows nothing: from the last run that it knew to the last one that there was."""

    since: datetime
    until: datetime

    def may_have_sent(self, delivery: Delivery) -> bool:
        """Return whether a run of that time could have sent a delivery."""
        return delivery.begins_at <= self.until and delivery.expires_at >= self.since


def find(ledger: Ledger) -> list[Restore]:
    """Return every time of which the ledger knows nothing, one that no run has found yet included."""
    with errors_of(ledger.path):
        rows = ledger.execute("SELECT since, until FROM restores").fetchall()
        if until := runs.restored_since(ledger):
            values = {"until": instant_text(until), "first": FIRST, "run": clocks.NO_RUN}
            rows += ledger.execute(f"SELECT {_SINCE}, :until FROM runs WHERE id <> :run", **values).fetchall()  # noqa: S608
    return [Restore(parse_instant(since), parse_instant(until)) for since, until in rows]


def record(ledger: Ledger, until: datetime, *, now: datetime, run: int) -> None:
    """Record that the ledger knows nothing of what was sent after its last run, until another one that there was."""
    ledger.execute(
        f"""
        INSERT INTO restores (found_at, since, until) SELECT :now, {_SINCE}, :until FROM runs WHERE id <> :run
        """,  # noqa: S608 - a constant
        now=instant_text(now),
        until=instant_text(until),
        first=FIRST,
        run=run,
    )


def may_have_sent(restores: Iterable[Restore], delivery: Delivery) -> bool:
    """Return whether a delivery that the ledger does not know as sent may have been."""
    return any(restore.may_have_sent(delivery) for restore in restores)


# The last run that it knows.
_SINCE = "CASE WHEN MAX(started_at) > :until THEN :until ELSE COALESCE(MAX(started_at), :first) END"
