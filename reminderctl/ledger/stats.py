"""Figures for a watcher: the last run, counts by state, what waits, each circuit."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from reminderctl.core.timing import instant_text
from reminderctl.ledger.store import Ledger, errors_of


class LastRun(Struct, frozen=True, kw_only=True):
    """The newest run: when it began, and its counts, which a run that found nothing to do has not."""

    at: datetime
    report: dict[str, Any] | None


class Count(Struct, frozen=True, kw_only=True):
    """The number of deliveries in one state: those of the last day (open ones by when they fell due), and all.

    The others are those among them that a person has acknowledged.
    """

    last_24_hours: int = 0
    all: int = 0
    acknowledged_last_24_hours: int = 0
    acknowledged: int = 0


class Held(Struct, frozen=True, kw_only=True):
    """The deliveries of a workflow that wait for `release`, and when the first of them is given up."""

    workflow: str
    deliveries: int
    first_expires_at: datetime


class WaitingStats(Struct, frozen=True, kw_only=True):
    """Deliveries that wait for nothing but a run: how many, and the earliest of their instants."""

    deliveries: int = 0
    first_due_at: datetime | None = None
    first_attempt_at: datetime | None = None
    first_expires_at: datetime | None = None
    error: str | None = None


class CircuitStats(Struct, frozen=True, kw_only=True):
    """One circuit as it was left by its last attempts, and what waits in it."""

    failures: int = 0
    throttles: int = 0
    paused_until: datetime | None = None
    down_since: datetime | None = None
    last_sent_at: datetime | None = None
    error: str | None = None
    waiting: WaitingStats = WaitingStats()


def last_run(ledger: Ledger) -> LastRun | None:
    """Return the newest run, None where there has been none."""
    found = _rows(ledger, "SELECT started_at AS at, report FROM runs ORDER BY id DESC LIMIT 1")
    for row in found:
        row["report"] = msgspec.json.decode(row["report"]) if row["report"] else None
    return msgspec.convert(found[0], LastRun) if found else None


def counts(ledger: Ledger, since: datetime) -> dict[str, Count]:
    """Count the deliveries in each state that has any; what is held counts as `held`.

    Nearly all were sent: those are what is left of all that there are, which SQLite counts by the page.
    """
    rows = _rows(
        ledger,
        """
        WITH others AS (
            SELECT state, COUNT(*) AS number, SUM(settled_at >= :since) AS recent FROM deliveries
            WHERE state IN ('failed', 'unknown', 'canceled', 'expired') AND settled_at IS NOT NULL GROUP BY state
            UNION ALL
            SELECT CASE WHEN held = 1 THEN 'held' ELSE state END AS shown, COUNT(*), SUM(due_at >= :since)
            FROM deliveries WHERE state = 'pending' GROUP BY shown
            UNION ALL
            SELECT state, COUNT(*), SUM(due_at >= :since) FROM deliveries WHERE state = 'sending' GROUP BY state
        )
        SELECT state, number AS "all", recent AS last_24_hours FROM others
        UNION ALL
        SELECT 'sent', (SELECT COUNT(*) FROM deliveries) - (SELECT COALESCE(SUM(number), 0) FROM others),
            (SELECT COUNT(*) FROM deliveries WHERE state = 'sent' AND settled_at IS NOT NULL AND settled_at >= :since)
        """,
        since=instant_text(since),
    )
    seen = _rows(
        ledger,
        """
        SELECT state, COUNT(*) AS acknowledged, SUM(settled_at >= :since) AS acknowledged_last_24_hours
        FROM deliveries WHERE acknowledged_at IS NOT NULL GROUP BY state
        """,
        since=instant_text(since),
    )
    acknowledged = {row.pop("state"): row for row in seen}
    found = {row.pop("state"): row for row in rows if row["all"]}
    return {state: msgspec.convert(row | acknowledged.get(state, {}), Count) for state, row in found.items()}


def held(ledger: Ledger) -> list[Held]:
    """Return each workflow of which something is held back as a burst."""
    rows = _rows(
        ledger,
        """
        SELECT workflow, COUNT(*) AS deliveries, MIN(expires_at) AS first_expires_at
        FROM deliveries WHERE state = 'pending' AND held = 1 AND missing IS NULL GROUP BY workflow
        """,
    )
    return msgspec.convert(rows, list[Held])


def missing(ledger: Ledger) -> WaitingStats:
    """Count what is held while its booking, its participant or its workflow is missing; `error` is what is."""
    where = "state = 'pending' AND missing > ''"
    return _waiting(ledger, where, error="missing")


def waiting(ledger: Ledger) -> WaitingStats:
    """Count everything that waits; `error` is that of the first to be given up."""
    return _waiting(ledger, _OPEN)


def overdue(ledger: Ledger, since: datetime) -> WaitingStats:
    """Count what a run could have taken up at this instant or before, and none has."""
    return _waiting(ledger, f"{_OPEN} AND next_attempt_at <= :instant", instant=instant_text(since))


def retried(ledger: Ledger, since: datetime) -> WaitingStats:
    """Count what fell due at this instant or before, and has met errors only."""
    return _waiting(ledger, f"{_OPEN} AND error IS NOT NULL AND +due_at <= :instant", instant=instant_text(since))


def circuits(ledger: Ledger) -> dict[str, CircuitStats]:
    """Return every circuit that has met something, or in which something waits."""
    columns = "circuit, failures, throttles, paused_until, down_since, last_sent_at, error"
    found = {row.pop("circuit"): row for row in _rows(ledger, f"SELECT {columns} FROM circuits")}  # noqa: S608 - constants
    sql = f"SELECT circuit, {_WAITING} FROM deliveries WHERE {_OPEN} GROUP BY circuit"  # noqa: S608 - constants
    for row in _rows(ledger, sql):
        found.setdefault(row.pop("circuit"), {})["waiting"] = row
    return {circuit: msgspec.convert(row, CircuitStats) for circuit, row in sorted(found.items())}


def damage(ledger: Ledger) -> list[str]:
    """Return what SQLite's own check finds wrong with the file: nothing, or some lines. Reads all of it."""
    found = [row["integrity_check"] for row in _rows(ledger, "PRAGMA integrity_check(10)")]
    lost = _rows(ledger, "PRAGMA foreign_key_check")
    found += [f"{len(lost)} attempts belong to no delivery"] if lost else []
    return [line for line in found if line != "ok"]


def sizes(path: Path) -> dict[str, int]:
    """Return how many bytes a ledger's file takes, and its -wal; 0 for what is not there."""
    files = {"ledger": path, "wal": Path(f"{path}-wal")}
    return {name: file.stat().st_size if file.exists() else 0 for name, file in files.items()}


_OPEN = "state = 'pending' AND held = 0"
_WAITING = """
    COUNT(*) AS deliveries, MIN(due_at) AS first_due_at, MIN(next_attempt_at) AS first_attempt_at,
    MIN(expires_at) AS first_expires_at
"""


def _waiting(ledger: Ledger, where: str, *, error: str = "error", **values: Any) -> WaitingStats:
    error = f"(SELECT {error} FROM deliveries WHERE {where} ORDER BY expires_at, id LIMIT 1) AS error"  # noqa: S608
    (row,) = _rows(ledger, f"SELECT {_WAITING}, {error} FROM deliveries WHERE {where}", **values)  # noqa: S608
    return msgspec.convert(row, WaitingStats)


def _rows(ledger: Ledger, sql: str, **values: Any) -> list[dict[str, Any]]:
    with errors_of(ledger.path):
        cursor = ledger.execute(sql, **values)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]
