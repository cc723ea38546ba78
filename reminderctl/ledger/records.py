"""What people and programs read from the ledger (SPEC 10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reminderctl.ledger.opening import Ledger, errors_of
from reminderctl.timing import instant_text

COLUMNS = (
    "id",
    "key",
    "workflow",
    "trigger",
    "action",
    "channel",
    "booking",
    "recipient",
    "address",
    "event_at",
    "due_at",
    "expires_at",
    "state",
    "held",
    "attempts",
    "next_attempt_at",
    "provider_id",
    "error",
)
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM deliveries"  # noqa: S608 - names of columns


def find(
    ledger: Ledger,
    *,
    states: Sequence[str] = (),
    workflow: str | None = None,
    booking: str | None = None,
    channel: str | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """The deliveries that match all that is asked for, oldest due first; `since` looks at when they fell due."""
    conditions = {
        f"state IN ({', '.join('?' * len(states))})": tuple(states),
        "workflow = ?": workflow,
        "booking = ?": booking,
        "channel = ?": channel,
        "due_at >= ?": instant_text(since) if since else None,
    }
    asked = {text: value for text, value in conditions.items() if value not in (None, ())}
    where = f" WHERE {' AND '.join(asked)}" if asked else ""
    values = [each for value in asked.values() for each in (value if isinstance(value, tuple) else (value,))]
    sql = f"{_SELECT}{where} ORDER BY due_at, id LIMIT ?"
    with errors_of(ledger.path):
        return [_record(row) for row in ledger.connection.execute(sql, [*values, -1 if limit is None else limit])]


def show(ledger: Ledger, delivery_id: int) -> dict[str, Any] | None:
    """One delivery with the history of its attempts, or None."""
    with errors_of(ledger.path):
        row = ledger.connection.execute(f"{_SELECT} WHERE id = ?", (delivery_id,)).fetchone()
        if row is None:
            return None
        attempts = ledger.connection.execute(
            "SELECT started_at, ended_at, outcome, error FROM attempts WHERE delivery = ? ORDER BY id", (delivery_id,)
        ).fetchall()
    names = ("started_at", "ended_at", "outcome", "error")
    return {**_record(row), "history": [dict(zip(names, attempt, strict=True)) for attempt in attempts]}


def _record(row: Sequence[Any]) -> dict[str, Any]:
    record = dict(zip(COLUMNS, row, strict=True))
    record["held"] = bool(record["held"])
    return record
