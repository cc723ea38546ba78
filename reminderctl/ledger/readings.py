"""The readings of the sources that the YAML names: when each was last read, with what result."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from reminderctl.core.timing import instant_text, parse_instant
from reminderctl.ledger.store import Ledger

_COLUMNS = """
    read_at, planned_at, armed_at, tried_at, failures, failing_since, error, missing, coming, bad, slow, accepted_at,
    told_at
"""
_INSTANTS = ("read_at", "planned_at", "armed_at", "tried_at", "failing_since", "accepted_at", "told_at")


class SourceReading(NamedTuple):
    """A source as the runs have read it.

    `read_at` is when the last good reading began, `planned_at` when the last one did that a run has planned with.
    `armed_at` is the first run that planned with it; None where an older version did.
    `missing` of its `coming` bookings are no longer there, and held.
    `bad` rows cannot be read. `slow` is 1 where the last failure took its time. `told_at` is when a person last heard
    of what is wrong; None while nothing is.
    """

    read_at: datetime | None = None
    planned_at: datetime | None = None
    armed_at: datetime | None = None
    tried_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    error: str | None = None
    missing: int = 0
    coming: int = 0
    bad: int = 0
    slow: int = 0
    accepted_at: datetime | None = None
    told_at: datetime | None = None

    def begins(self, now: datetime) -> datetime | None:
        """Return the instant up to which nothing of it is planned, as it was new then; None where nobody knows."""
        if self.armed_at is not None:
            return min(self.armed_at, now)  # a clock that was ahead may have written it
        return now if self.planned_at is None else None

    def planned_by(self, now: datetime) -> SourceReading:
        """Return it as a run at `now` leaves it that has planned with what is known of it."""
        if self.read_at is None:
            return self
        return self._replace(planned_at=self.read_at, armed_at=self.begins(now))

    def age(self, now: datetime) -> timedelta | None:
        """Return how long ago the last good reading was; None where there was none."""
        return now - self.read_at if self.read_at else None


def find_all(ledger: Ledger) -> dict[str, SourceReading]:
    """Return what is known of each source, by its name."""
    found = {}
    for name, *values in ledger.execute(f"SELECT source, {_COLUMNS} FROM readings"):  # noqa: S608 - names of columns
        given: dict[str, Any] = dict(zip(SourceReading._fields, values, strict=True))
        found[name] = SourceReading(**given | {key: parse_instant(given[key]) for key in _INSTANTS if given[key]})
    return found


def record(ledger: Ledger, name: str, *, reading: SourceReading) -> None:
    """Record how a reading of a source went; what a person accepts is left alone."""
    values = {
        key: instant_text(value) if isinstance(value, datetime) else value
        for key, value in reading._asdict().items()
        if key != "accepted_at"
    }
    ledger.execute(
        """
        INSERT INTO readings (
            source, read_at, planned_at, armed_at, tried_at, failures, failing_since, error, missing, coming, bad,
            slow, told_at
        )
        VALUES (
            :source, :read_at, :planned_at, :armed_at, :tried_at, :failures, :failing_since, :error, :missing, :coming,
            :bad, :slow, :told_at
        )
        ON CONFLICT (source) DO UPDATE SET
            read_at = excluded.read_at, planned_at = excluded.planned_at, armed_at = excluded.armed_at,
            tried_at = excluded.tried_at,
            failures = excluded.failures, failing_since = excluded.failing_since, error = excluded.error,
            missing = excluded.missing, coming = excluded.coming, bad = excluded.bad, slow = excluded.slow,
            told_at = excluded.told_at
        """,
        source=name,
        **values,
    )


def accept(ledger: Ledger, name: str, *, now: datetime) -> None:
    """Record that a person takes what is missing now for gone."""
    ledger.execute(
        """
        INSERT INTO readings (source, accepted_at) VALUES (:source, :now)
        ON CONFLICT (source) DO UPDATE SET accepted_at = excluded.accepted_at
        """,
        source=name,
        now=instant_text(now),
    )


def forget(ledger: Ledger, name: str) -> None:
    """Drop what is known of a source that left the YAML."""
    ledger.execute("DELETE FROM readings WHERE source = :source", source=name)
